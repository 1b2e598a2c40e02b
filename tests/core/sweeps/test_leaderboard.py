"""What the leaderboard is computed with, and what that costs."""

import subprocess
import sys
from pathlib import Path

from tests.sweeping import MadeUpSweep

PROGRAM = """
import sys
from importlib.util import find_spec
from pathlib import Path
from bilstm_core.sweeps.leaderboard import importances, read_leaderboard
from bilstm_core.sweeps.study import Study
study = Study(Path(sys.argv[1]))
parts = importances(study, read_leaderboard(study).rows)
assert abs(sum(parts.values()) - 1) < 1e-9 and len(parts) == 3, parts
assert not {"sklearn", "scipy", "torch"} & {*sys.modules}
assert find_spec("sklearn")  # the import is not blocked afterwards
"""


def test_importances_import_no_library_that_takes_seconds(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        for _ in range(5):
            sweep.finish()
        command = [sys.executable, "-c", PROGRAM, str(sweep.study.folder)]
        subprocess.run(command, check=True, timeout=120)

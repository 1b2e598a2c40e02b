"""`bilstm-tui runs`: a line for each run."""

from pathlib import Path

import pytest
import tomli_w

from bilstm_core.runs.store import create_run
from tests.samples import small_config
from tests.tui.cli.conftest import said


def test_a_run_has_one_line_whatever_its_name_and_note(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run, lock = create_run(tmp_path, small_config())
    lock.release()
    hostile = "a\x1b[2J\u202e\n2001-02-03_040506_forged  finished"
    run.notes_file.write_text(tomli_w.dumps({"note": hostile}), encoding="utf-8")
    run.path.rename(tmp_path / hostile)
    code, out, _ = said(capsys, "runs", "--runs-dir", str(tmp_path))
    assert code == 0
    (line,) = out.splitlines()
    assert line.isprintable()
    assert line.count("forged") == 2

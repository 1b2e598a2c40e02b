"""One process writes a run: the lock that says so."""

import subprocess
import sys
from pathlib import Path

import pytest

from bilstm_core.errors import RunBusyError
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.store import create_run
from tests.samples import small_config


class TestLock:
    def test_a_second_writer_is_refused_and_told_who_is_first(self, tmp_path: Path) -> None:
        run, lock = create_run(tmp_path, small_config())
        assert run.is_live
        with pytest.raises(RunBusyError, match="by process"):
            RunLock(run)
        lock.release()
        assert not run.is_live
        RunLock(run).release()

    def test_it_goes_with_its_process(self, tmp_path: Path) -> None:
        run, lock = create_run(tmp_path, small_config())
        lock.release()
        code = f"""
import sys
from pathlib import Path
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
lock = RunLock(Run(Path({str(run.path)!r})))
print("held", flush=True)
sys.stdin.read()
"""
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert run.is_live
            assert read_overview(run).status == "running"
            process.kill()
        assert not run.is_live
        assert read_overview(run).status == "lost"

"""One process writes a run: the lock that says so."""

import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bilstm_core import events
from bilstm_core.errors import BilstmError, OutputError, RunBusyError
from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.notes import rename_run
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run, remove_run
from tests.samples import small_config


class TestLock:
    def test_a_second_writer_is_refused_and_told_who_is_first(self, tmp_path: Path) -> None:
        run, held = create_run(tmp_path, small_config())
        assert run.is_live
        with pytest.raises(RunBusyError, match="by process"):
            RunLock(run)
        held.release()
        assert not run.is_live
        RunLock(run).release()

    def test_it_goes_with_its_process(self, tmp_path: Path) -> None:
        run, held = create_run(tmp_path, small_config())
        held.release()
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


class TestFileSystemsThatCannotLock:
    @pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO])
    def test_every_command_says_so_in_the_same_words(
        self, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run, held = create_run(tmp_path / "runs", small_config())
        held.release()
        run.lock_file.unlink()
        files = sorted(run.path.iterdir())

        def fail(*_: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(fcntl, "flock", fail)
        attempts: list[Any] = [
            lambda: session.start_run(small_config(), tmp_path / "new" / "runs"),
            lambda: session.resume_run(run, {}),
            lambda: remove_run(run),
            lambda: rename_run(run, "other"),
        ]
        for attempt in attempts:
            with pytest.raises(OutputError, match="cannot lock files") as caught:
                attempt()
            assert caught.value.title == "The run cannot be locked"
            assert [it.action for it in caught.value.remedies] == ["choose_runs_dir"]
        assert not (tmp_path / "new").exists(), "no leftover folder"
        assert sorted(run.path.iterdir()) == files


class TestLocksThatLockNothing:
    """As on some network file systems: `flock` succeeds for everybody."""

    @pytest.fixture(autouse=True)
    def _no_op(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fcntl, "flock", lambda *_: None)

    @pytest.fixture
    def run(self, tmp_path: Path) -> Iterator[Run]:
        """Held by a process of another machine."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "gethostname", lambda: "far-away")
            run, self.held = create_run(tmp_path, small_config())
        yield run
        self.held.release()

    def test_a_second_machine_is_refused_while_the_first_trains(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def heart_beats(_: float) -> None:
            self.held._touch()

        monkeypatch.setattr(time, "sleep", heart_beats)
        assert run.is_live
        assert read_overview(run).status == "running"
        with pytest.raises(RunBusyError, match=r"by process \d+ on far-away") as caught:
            RunLock(run)
        assert f"delete {run.lock_file}" in caught.value.advice, "how to insist"
        run.lock_file.unlink()
        RunLock(run).release()

    def test_a_log_that_grows_is_a_sign_of_life_too(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run.log_file.touch()

        def grow(_: float) -> None:
            with run.log_file.open("ab") as file:
                file.write(b"x")

        monkeypatch.setattr(time, "sleep", grow)
        with pytest.raises(RunBusyError):
            RunLock(run)

    def test_a_machine_that_died_holds_nothing(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.utime(run.lock_file, (0, 0))
        assert not run.is_live
        now = iter(range(1000))
        monkeypatch.setattr(time, "sleep", lambda _: None)
        monkeypatch.setattr(time, "monotonic", lambda: next(now))
        RunLock(run).release()

    def test_a_copy_of_a_live_run_is_a_run_of_its_own(self, run: Run, tmp_path: Path) -> None:
        copied = Run(Path(shutil.copytree(run.path, tmp_path / "copy")))
        assert run.is_live
        assert not copied.is_live
        RunLock(copied).release()

    def test_a_second_process_of_this_machine_is_refused(self, tmp_path: Path) -> None:
        run, held = create_run(tmp_path, small_config())
        code = f"""
import fcntl
fcntl.flock = lambda *_: None
from pathlib import Path
from bilstm_core.errors import RunBusyError
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
try:
    RunLock(Run(Path({str(run.path)!r})))
except RunBusyError as error:
    print(error.message)
"""
        command = [sys.executable, "-c", code]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert f"is being trained by process {os.getpid()} on " in said
        held.release()

    @pytest.mark.parametrize(
        "content", [b"", b"[]", b"{" * 9999, b'{"pid": 0, "host": "\\u001b[2J"}', b"\xff" * 9999]
    )
    def test_a_lock_file_that_names_nobody(self, content: bytes, run: Run) -> None:
        run.lock_file.write_bytes(content)
        assert not run.is_live
        RunLock(run).release()


def test_a_process_that_nobody_waited_for_holds_nothing(tmp_path: Path) -> None:
    """As in a container whose first process does not wait for others."""
    run, held = create_run(tmp_path, small_config())
    held.release()
    code = f"""
from pathlib import Path
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
import os, signal
RunLock(Run(Path({str(run.path)!r})))
os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
        assert not run.is_live
        RunLock(run).release()


def test_a_run_that_was_taken_over_is_not_written_to(tmp_path: Path) -> None:
    """Its lock was deleted, as one is told to do to insist."""
    opened = session.start_run(small_config(num_epochs=10_000), tmp_path)
    other: list[RunLock] = []
    before: dict[str, bytes] = {}

    def take_over(event: events.Event) -> None:
        if isinstance(event, events.EpochEnded) and not other:
            opened.run.lock_file.unlink()
            other.append(RunLock(opened.run))
            opened._checked_at = 0.0
            before.update({path.name: path.read_bytes() for path in opened.run.path.iterdir()})

    with pytest.raises(RunBusyError, match="saved nothing more"):
        opened.train(take_over, StopRequest())
    after = {path.name: path.read_bytes() for path in opened.run.path.iterdir()}
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} <= {"events.jsonl"}
    assert b'"stopped"' not in after["events.jsonl"]
    other[0].release()


class TestLinks:
    def test_a_lock_that_is_also_somebody_s_file_is_not_emptied(self, tmp_path: Path) -> None:
        run, held = create_run(tmp_path / "runs", small_config())
        held.release()
        other = tmp_path / "other"
        other.write_bytes(b"somebody else's")
        run.lock_file.unlink()
        run.lock_file.hardlink_to(other)
        with pytest.raises(OutputError, match="another name"):
            RunLock(run)
        assert other.read_bytes() == b"somebody else's"

    def test_a_folder_swapped_for_a_link_is_not_touched(self, tmp_path: Path) -> None:
        run, held = create_run(tmp_path / "runs", small_config())
        held.release()
        others, theirs = create_run(tmp_path / "others", small_config())
        theirs.release()
        run.path.rename(tmp_path / "moved")
        run.path.symlink_to(others.path)
        before = sorted(others.path.iterdir())
        for attempt in (remove_run, lambda run: session.resume_run(run, {})):
            with pytest.raises(BilstmError):
                attempt(run)
        assert sorted(others.path.iterdir()) == before

    def test_a_folder_swapped_while_it_is_held_is_not_touched(self, tmp_path: Path) -> None:
        run, held = create_run(tmp_path / "runs", small_config())
        others, theirs = create_run(tmp_path / "others", small_config())
        theirs.release()
        run.path.rename(tmp_path / "moved")
        run.path.symlink_to(others.path)
        before = {path: path.read_bytes() for path in others.path.iterdir()}
        held.folder.replace("config.toml", b"mine")
        held.folder.unlink("lock")
        assert not held.is_in_place()
        assert {path: path.read_bytes() for path in others.path.iterdir()} == before
        held.release()

"""Runs from outside: commands that begin them, and a look at them as a second person has it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import find_run
from tests.samples import small_config

from .terminal import COMMAND, PATIENCE_SECONDS

DIGITS = ["--dataset", "digits", "--hidden-size", "16"]
_NICENESS = 10
LONG = [*DIGITS, "--num-epochs", "100000"]


def piped(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What a command did, with no terminal anywhere."""
    result = subprocess.run(
        [COMMAND, *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in result.stderr
    return result


def bilstm(*arguments: str, env: dict[str, str], code: int = 0) -> subprocess.CompletedProcess[str]:
    """The same, over with this exit code."""
    result = piped(*arguments, env=env)
    assert result.returncode == code, result.stdout + result.stderr
    return result


def detached(*arguments: str, env: dict[str, str]) -> Run:
    """A run in the background, just started."""
    name = bilstm("--detach", *arguments, env=env).stdout.strip()
    run = find_run(Path(env["BILSTM_RUNS_DIR"]), name)
    leave_cores_to_tests(run)
    return run


def leave_cores_to_tests(run: Run) -> None:
    """Let a run that is there to be looked at train when there is nothing else to do."""
    with suppress(OSError, ValueError, psutil.Error):  # it may have ended
        psutil.Process(holder(run)).nice(_NICENESS)


def trained(env: dict[str, str], label: str | None = None, **settings: Any) -> Run:
    """A finished run, trained in this process: what there is to look at afterwards."""
    config = small_config(**{"num_epochs": 1, **settings})
    opened = session.start_run(config, Path(env["BILSTM_RUNS_DIR"]), label)
    assert opened.train(lambda _: None, StopRequest()) == 0
    return opened.run


@contextmanager
def started(command: list[str], env: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A command that goes on beside the test; where that fails, it is not waited for."""
    with subprocess.Popen(
        command,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def the_run(home: Path) -> Run:
    """The only run there is."""
    (path,) = (home / "runs").iterdir()
    return Run(path)


def holder(run: Run) -> int:
    """The process that trains it."""
    return int(json.loads(run.lock_file.read_text(encoding="utf-8"))["pid"])


def steps(run: Run) -> int:
    """How far it has got, by its log."""
    past = History()
    for event in open_log(run.log_file)[0]:
        past.add(event)
    return past.step


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is over, whether or not its parent has taken note of that."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as a condition holds; it has to within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)  # between two looks at the condition

"""A look at runs from outside, as a second person on the machine has it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from bilstm_core.history import History
from bilstm_core.log import open_log
from bilstm_core.runs import Run

from .terminal import PATIENCE_SECONDS


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


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as a condition holds; it has to within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)  # between two looks at the condition

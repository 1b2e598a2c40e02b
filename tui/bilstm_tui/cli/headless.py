"""`--no-ui`: a run in lines, with a progress bar on a terminal, or as JSON."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from bilstm_core import events
from bilstm_core.events import Emit, Event
from bilstm_core.processes.signals import StopRequest

from ..text.console import is_screen, sanitize, show_warning
from ..text.narration import Narrator
from .progress_line import ProgressLine


class TrainingSession(Protocol):
    """What `bilstm_core.processes.session` opens: a run held by this process."""

    def train(self, listener: Emit, stop: StopRequest) -> int:
        """Train; the result is the process's exit code."""
        ...


def run(open_session: Callable[[], TrainingSession], *, as_json: bool) -> int:
    """Train in this process; the result is the process's exit code.

    Args:
        open_session: Imports torch, checks the device and locks the run.
        as_json: Whether to print events instead of lines.

    Raises:
        BilstmError: The run could not start, or failed.
    """
    stop = StopRequest()
    stop.listen()
    with output(as_json=as_json) as listener:
        with stop.before_training():
            session = open_session()
        return session.train(listener, stop)


def output(*, as_json: bool) -> AbstractContextManager[Emit]:
    """Where a run's events go."""
    if as_json:
        return nullcontext(print_json)
    if is_screen():
        return ProgressLine()
    return nullcontext(Narrator(_print_sanitized, show_warning).narrate)


def print_json(event: Event) -> None:
    """The event as a line on stdout."""
    _print_line(events.to_json(event))
    if isinstance(event, events.RunWarning):
        show_warning(event.message)


def _print_sanitized(line: str) -> None:
    _print_line(sanitize(line))


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

"""`--no-ui`: prints a run as lines, on a terminal with a progress bar, or as JSON."""

import sys
from contextlib import AbstractContextManager, nullcontext

from bilstm_core import events
from bilstm_core.compute.launch import is_launched
from bilstm_core.compute.openmp import limit_spinning
from bilstm_core.events import Emit, Event
from bilstm_core.processes.protocol import ResumeRun, StartRun
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import require_writable_runs_dir

from ..text.console import is_screen, sanitize, show_warning
from ..text.narration import Narrator
from .progress_line import progress_line


def run(order: StartRun | ResumeRun, *, as_json: bool) -> int:
    """Train in this process; return the exit code.

    Raises:
        BilstmError: The run could not start, or failed.
    """
    stop = StopRequest()
    stop.listen()
    if is_launched():
        return _run_as_rank(order, stop, as_json=as_json)
    if isinstance(order, ResumeRun):  # what is refused is refused before torch is imported
        RunLock(Run(order.run)).release()
    else:
        require_writable_runs_dir(order.runs_dir)
    with output(as_json=as_json) as listener:
        with stop.before_training():
            limit_spinning()
            from bilstm_core.processes.session import open_session  # imports torch: seconds

            session = open_session(order)
        return session.train(listener, stop)


def _run_as_rank(order: StartRun | ResumeRun, stop: StopRequest, *, as_json: bool) -> int:
    """Train with the other processes of torchrun; rank 0 prints."""
    limit_spinning()
    from bilstm_core.processes.rank import train_as_rank  # imports torch: seconds

    return train_as_rank(order, lambda: output(as_json=as_json), stop)


def output(*, as_json: bool) -> AbstractContextManager[Emit]:
    """A context manager that returns the function that prints a run's events."""
    if as_json:
        return nullcontext(_print_json)
    if is_screen():
        return progress_line()
    return nullcontext(Narrator(_print_line, show_warning).narrate)


def _print_json(event: Event) -> None:
    _print_line(events.to_json(event))
    if isinstance(event, events.RunWarning):
        show_warning(event.message)


def _print_line(line: str) -> None:
    sys.stdout.write(sanitize(line) + "\n")
    sys.stdout.flush()

"""`--no-ui`: a run told in lines, with a progress bar on a terminal, or in JSON."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from bilstm_core import events
from bilstm_core.config import RunConfig
from bilstm_core.control import StopRequest
from bilstm_core.events import Emit, Event

from .narration import Narrator
from .output import is_screen, show_warning
from .progress import ProgressLine


def run(config: RunConfig, *, data_dir: Path | None, as_json: bool) -> int:
    """Train in this process; the result is the process's exit code.

    Raises:
        BilstmError: The run could not begin, or failed.
    """
    stop = StopRequest()
    stop.listen()
    with _output(as_json=as_json) as emit:
        from bilstm_core.training import train  # imports torch: seconds

        stop.wait_for_good_order()
        model = train(config, emit, stop.is_asked, data_dir)
    return 0 if model is not None else stop.exit_code


def _output(*, as_json: bool) -> AbstractContextManager[Emit]:
    """Where the run's events go."""
    if as_json:
        return nullcontext(_print_json)
    if is_screen():
        return ProgressLine()
    return nullcontext(Narrator(_print_line, show_warning).tell)


def _print_json(event: Event) -> None:
    _print_line(events.to_json(event))
    if isinstance(event, events.RunWarning):
        show_warning(event.message)


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

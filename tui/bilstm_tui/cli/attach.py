"""`bilstm-tui attach RUN`: prints a run as lines, from its start to its end."""

import time
from typing import TYPE_CHECKING, Annotated

from bilstm_core import paths
from bilstm_core.runs.store import find_run

from .options import RunName, RunsDir, switch

if TYPE_CHECKING:
    from bilstm_core.runs.run import Run

_POLL_SECONDS = 0.2
_STOPPED = 130


def attach(
    run: RunName,
    /,
    *,
    json: Annotated[bool, switch("print its events as JSON lines")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Follow a run until it ends; Ctrl-C leaves it running."""
    return follow(find_run(paths.runs_dir(runs_dir), run), as_json=json)


def follow(run: "Run", *, as_json: bool) -> int:
    """Print lines or all events of a run until it ends; return 0 if it is finished.

    Raises:
        BilstmError: The run failed, or its process exited without reporting a result.
    """
    from bilstm_core import events  # these are not needed for --help
    from bilstm_core.processes.worker_client import error_from_event, lost_run_error
    from bilstm_core.runs.follow import Follower
    from bilstm_core.runs.history import History

    from .headless import output

    history = History()
    follower = Follower(run, history, from_start=as_json)
    with output(as_json=as_json) as show:
        for event in history.as_events():
            show(event)
        while not follower.is_over:
            new = follower.poll()
            for event in new:
                show(event)
            if not new:
                time.sleep(_POLL_SECONDS)
    match history.ending:
        case events.Finished():
            return 0
        case events.Stopped():
            return _STOPPED
        case events.Failed() as failed:
            raise error_from_event(failed)
        case None:
            raise lost_run_error(run)

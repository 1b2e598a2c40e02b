"""`bilstm-tui attach RUN`: a run in lines, from its start to its end."""

import time

from bilstm_core import events
from bilstm_core.processes.worker_client import error_from_event, lost_run_error
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.history import History
from bilstm_core.runs.run import Run

from .headless import output

_POLL_SECONDS = 0.2
_STOPPED = 130


def follow(run: Run, *, as_json: bool) -> int:
    """Print a run until it ends.

    Args:
        run: The run.
        as_json: Whether to print all its events instead of lines.

    Returns:
        The exit code: 0 if the run is finished.

    Raises:
        BilstmError: The run failed, or its process exited without reporting a result.
    """
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

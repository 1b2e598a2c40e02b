"""`bilstm-tui attach RUN`: a run in lines, from its first word to its last."""

import time

from bilstm_core import events
from bilstm_core.processes.worker_client import lost, relayed
from bilstm_core.runs.event_log import LogReader, open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.run import Run

from .headless import output, print_json

_POLL_SECONDS = 0.2
_STOPPED = 130


def follow(run: Run, *, as_json: bool) -> int:
    """Tell of a run until it ends; the result is an exit code, 0 if it is finished.

    Raises:
        BilstmError: The run failed, or its process died without a word.
    """
    history = History()
    if as_json:  # every event, however long the log
        _follow(run, LogReader(run.log_file), history, print_json)
    else:
        past, reader = open_log(run.log_file)
        for event in past:
            history.add(event)
        with output(as_json=False) as tell:
            for event in history.story():
                tell(event)
            _follow(run, reader, history, tell)
    match history.ending:
        case events.Finished():
            return 0
        case events.Stopped():
            return _STOPPED
        case events.Failed() as failed:
            raise relayed(failed)
        case None:
            raise lost(run)


def _follow(run: Run, reader: LogReader, history: History, tell: events.Emit) -> None:
    """Tell of what is new until nobody trains the run any more."""
    while True:
        is_live = run.is_live  # asked before reading: its last words come before it lets go
        new = reader.read()
        for event in new:
            history.add(event)
            tell(event)
        if not new:
            if not is_live:
                return
            time.sleep(_POLL_SECONDS)

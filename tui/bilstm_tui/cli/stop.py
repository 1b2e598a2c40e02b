"""`bilstm-tui stop RUN`: stops a run that another process trains."""

import time
from typing import Annotated

from bilstm_core import paths
from bilstm_core.errors import Remedy, UsageError
from bilstm_core.runs.store import find_run

from ..text.console import say
from .options import RunName, RunsDir, switch

_NOTICE_SECONDS = 2.0
_POLL_SECONDS = 0.1


def stop(
    run: RunName,
    /,
    *,
    at_once: Annotated[bool, switch("skip the final evaluation")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Stop a run: finish the step, save a checkpoint, evaluate."""
    from bilstm_core.runs.orders import send_order

    found = find_run(paths.runs_dir(runs_dir), run)
    if not found.is_live:
        raise UsageError(f"{found.name} is not training.", Remedy("List the runs.", "list_runs"))
    send_order(found.commands_file, "stop_at_once" if at_once else "stop")
    deadline = time.monotonic() + _NOTICE_SECONDS
    while found.is_live and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if found.is_live:
        evaluation = "" if at_once else ", evaluate"
        say(f"Waiting for the run to finish its step, save{evaluation} …")
    while found.is_live:
        time.sleep(_POLL_SECONDS)
    say(f"Stopped {found.name}")
    say(f"Resume it: bilstm-tui resume {found.name}")
    return 0

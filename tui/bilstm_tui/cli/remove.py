"""`bilstm-tui rm RUN…`: deletes runs."""

import sys
from typing import TYPE_CHECKING, Annotated

from bilstm_core import paths
from bilstm_core.cleaning import one_line
from bilstm_core.errors import Remedy, UsageError
from bilstm_core.runs.store import find_run, remove_run

from ..text.console import say, show_warning
from .options import RunName, RunsDir, switch

if TYPE_CHECKING:
    from bilstm_core.runs.run import Run


def rm(
    *names: RunName,
    yes: Annotated[bool, switch("do not ask")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Delete runs; a run that is being trained is refused."""
    if not names:
        raise UsageError("rm needs the runs to delete.", Remedy("List the runs.", "list_runs"))
    folder = paths.runs_dir(runs_dir)
    found = list(dict.fromkeys(find_run(folder, name) for name in names))
    if not (yes or _is_confirmed(found)):
        say("Nothing was deleted")
        return 1
    for run in found:
        if other_files := ", ".join(map(one_line, remove_run(run))):
            show_warning(f"{run.path} is kept, because it contains other files: {other_files}")
        else:
            say(f"Deleted {run.name}")
    return 0


def _is_confirmed(found: "list[Run]") -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "rm asks before it deletes, and stdin is not a terminal.", "Confirm with --yes"
        )
    for run in found:
        say(run.name)
    sys.stdout.write(f"Delete {'this run' if len(found) == 1 else 'these runs'}? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}

"""`bilstm-tui runs`: lists the runs."""

import sys
from json import dumps
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from bilstm_core import paths
from bilstm_core.errors import UsageError
from bilstm_core.runs.store import list_runs

from ..text.console import make_console, sanitize, show_warning
from ..text.run_cells import STATUS_STYLES, cells
from .options import RunsDir, switch

if TYPE_CHECKING:
    from bilstm_core.runs.overview import Overview


def runs(
    words: Annotated[str, Parameter(help="list only runs with this in their line")] = "",
    /,
    *,
    json: Annotated[bool, switch("print one JSON object per run")] = False,
    csv: Annotated[
        bool, switch("print CSV, one row per run with its results and all its settings")
    ] = False,
    runs_dir: RunsDir = None,
) -> int:
    """List the runs, oldest first."""
    if csv and json:
        raise UsageError("--csv and --json exclude each other.")
    from bilstm_core.runs.overview import read_overview  # not needed for --help

    overviews = map(read_overview, list_runs(paths.runs_dir(runs_dir)))
    listed = [overview for overview in overviews if words in " ".join(cells(overview))]
    for overview in listed:
        if overview.problem:
            show_warning(f"{overview.run.name}: {overview.problem}")
    if json:
        for overview in listed:
            sys.stdout.write(dumps(_content(overview)) + "\n")
        return 0
    if csv:
        from bilstm_core.exports.run_table import runs_csv

        sys.stdout.write(runs_csv(listed))
        return 0
    console = make_console()
    if not listed:
        none = f"No run has {sanitize(words)} in its line" if words else "There are no runs here"
        console.print(none)
    elif console.is_terminal:
        console.print(_table(listed))
    else:
        for overview in listed:  # whole lines, for grep
            console.print("  ".join(filter(None, cells(overview))), soft_wrap=True)
    return 0


def _table(listed: "list[Overview]") -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("run", overflow="fold", min_width=20)
    for name in ("status", "data", "model"):
        table.add_column(name, no_wrap=True)
    for name in ("epochs", "test %", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    if any(overview.notes.note for overview in listed):
        table.add_column("note", overflow="fold")
    for overview in listed:
        name, status, *rest = cells(overview)[: len(table.columns)]
        table.add_row(Text(name), Text(status, STATUS_STYLES[status]), *map(Text, rest))
    return table


def _content(overview: "Overview") -> dict[str, object]:
    return {
        "run": overview.run.name,
        "path": str(overview.run.path),
        "status": overview.status,
        "dataset": overview.dataset,
        "model": overview.model,
        "epochs": overview.epochs,
        "num_epochs": overview.num_epochs,
        "test_accuracy": overview.accuracy,
        "seconds": overview.seconds,
        "pinned": overview.notes.pinned,
        "note": overview.notes.note,
    }

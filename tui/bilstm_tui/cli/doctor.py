"""`bilstm-tui doctor`: checks the installation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from ..text.advice import with_commands
from ..text.console import make_console, sanitize

if TYPE_CHECKING:
    from bilstm_core.diagnosis import CheckResult

_MARKS = {"fine": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "bold red")}


def doctor(
    *,
    data_dir: Annotated[Path | None, Parameter(help="folder of the data sets to check")] = None,
) -> int:
    """Check versions, devices and folders; the exit code is that of the first problem."""
    from bilstm_core.diagnosis import diagnose

    console = make_console()
    exit_codes = []
    for result in diagnose(data_dir):
        console.print(_row(result))
        if result.level == "problem":
            exit_codes.append(result.exit_code)
    count = len(exit_codes)
    console.print(f"\n{count} problem{'s' * (count != 1)} found" if count else "\nAll is well")
    return exit_codes[0] if exit_codes else 0


def _row(result: "CheckResult") -> Table:
    """One result: mark, topic, detail, and below it the advice."""
    mark, style = _MARKS[result.level]
    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(width=13)
    row.add_column(overflow="fold")
    row.add_row(Text(mark, style), Text(result.topic), Text(sanitize(result.detail)))
    if result.advice:
        advice = with_commands(result.advice, result.remedies)
        row.add_row("", "", Text(f"→ {sanitize(advice)}", style))
    return row

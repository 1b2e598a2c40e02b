"""`bilstm-tui doctor`: the diagnosis as a table, and its verdict."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from bilstm_core.diagnosis import CheckResult, diagnose

from ..text.advice import with_commands
from ..text.console import make_console, sanitize

_MARKS = {"fine": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "bold red")}


def show_diagnosis(data_dir: Path | None) -> int:
    """Print everything found; the exit code is that of the first problem, or 0."""
    console = make_console()
    exit_code = 0
    problems = 0
    for finding in diagnose(data_dir):
        console.print(_row(finding))
        if finding.level == "problem":
            problems += 1
            exit_code = exit_code or finding.exit_code
    console.print()
    console.print(f"{problems} problem{'s' * (problems != 1)} found" if problems else "All is well")
    return exit_code


def _row(finding: CheckResult) -> Table:
    """One finding: mark, topic, detail and below it the advice."""
    mark, style = _MARKS[finding.level]
    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(width=13)
    row.add_column(overflow="fold")
    row.add_row(Text(mark, style), Text(finding.topic), Text(sanitize(finding.detail)))
    if finding.advice:
        advice = with_commands(finding.advice, finding.remedies)
        row.add_row("", "", Text(f"→ {sanitize(advice)}", style))
    return row

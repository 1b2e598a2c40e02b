"""The table of a sweep's trials, for a terminal of any width."""

from collections.abc import Callable

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from bilstm_core.sweeps.leaderboard import Leaderboard, Row
from bilstm_core.sweeps.plan import Plan

from ..text.numbers import duration
from ..text.sweep_lines import STATE_STYLES, setting_text, value_text

_ANY_WIDTH = 10_000
_PROBLEM_WIDTH = 18
"""The least, with its padding."""


def trials_table(plan: Plan, board: Leaderboard, console: Console) -> Table:
    """The trials, the best first; no name or value is broken inside a word.

    Where the terminal is narrow, the names of columns continue on the next line after `_`. Where
    that is not enough, the settings of a trial are in one column, as NAME=VALUE.
    """
    has_problems = any(row.state == "failed" for row in board.rows)
    room = console.width - (_PROBLEM_WIDTH if has_problems else 0)
    for heading in (str, _in_lines):
        if _width(_table(plan, board, heading, with_problems=False), console) <= room:
            return _table(plan, board, heading, with_problems=has_problems)
    return _with_settings_together(plan, board)


def _width(table: Table, console: Console) -> int:
    wide = console.options.update(width=_ANY_WIDTH, max_width=_ANY_WIDTH)
    return Measurement.get(console, wide, table).maximum


def _in_lines(name: str) -> str:
    return name.replace("_", "_\n")


def _table(
    plan: Plan, board: Leaderboard, heading: Callable[[str], str], *, with_problems: bool
) -> Table:
    """A column for each setting; all but the last are as wide as what is in them."""
    table = _start(plan, heading)
    for name in plan.search:
        table.add_column(heading(name), justify="right", no_wrap=True)
    _add_progress(table)
    if with_problems:
        table.add_column("problem", overflow="fold")
    for rank, row in enumerate(board.rows, start=1):
        table.add_row(
            *_first_cells(plan, rank, row),
            *(setting_text(row.settings.get(name, "-")) for name in plan.search),
            *_progress(row),
            *([Text(_problem(row))] if with_problems else []),
        )
    return table


def _with_settings_together(plan: Plan, board: Leaderboard) -> Table:
    table = _start(plan, _in_lines)
    _add_progress(table)
    table.add_column("settings", overflow="fold")
    for rank, row in enumerate(board.rows, start=1):
        settings = " ".join(f"{key}={setting_text(it)}" for key, it in row.settings.items())
        table.add_row(
            *_first_cells(plan, rank, row),
            *_progress(row),
            Text("\n".join(filter(None, (settings, _problem(row))))),
        )
    return table


def _start(plan: Plan, heading: Callable[[str], str]) -> Table:
    """A table with the columns that say what came of a trial."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("trial", justify="right", no_wrap=True)
    unit = "" if plan.objective == "loss" else " %"
    table.add_column(heading(plan.objective) + unit, justify="right", no_wrap=True)
    return table


def _add_progress(table: Table) -> None:
    for name in ("epoch", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)


def _progress(row: Row) -> tuple[str, str, Text]:
    state = Text(row.state, STATE_STYLES[row.state])
    return str(row.epoch or "-"), duration(row.seconds), state


def _first_cells(plan: Plan, rank: int, row: Row) -> tuple[str, str, str]:
    number = str(rank) if row.state == "finished" else ""
    return number, str(row.number), value_text(plan, row.value)


def _problem(row: Row) -> str:
    return row.problem if row.state == "failed" else ""

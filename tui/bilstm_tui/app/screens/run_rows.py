"""The table of runs, its filter, its rows, and what stands there as long as there are none."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from bilstm_core.data.sources.recognition import title_of
from bilstm_core.runs.overview import Overview
from bilstm_core.runs.run import TIMESTAMP_PREFIX

from ...text.names import shortened
from ...text.run_cells import STATUS_STYLES, cells, without_date
from ..textual_internals import FixedWidthTable
from ..widgets.ordered_input import OrderedInput

_CACHED_ROWS = 2048  # the table is filled again for each letter typed into the filter
_COLUMNS = ("", "run", "started", "status", "data", "model", "epochs", "test %", "time", " note")
_NUMBERS = frozenset({"epochs", "test %", "time"})
"""Columns that are aligned at the right."""
_GAP = "\u00a0"  # after a number: a plain space at the end would be lost
_NARROWED = (
    *((" note", 12), ("run", 24), ("data", 12), ("started", len("11-24") + 1)),
    *((" note", 0), ("run", 14), ("data", 8), ("model", 8)),
)
"""Which columns give way in turn, and to how many columns of the screen, where there are too few;
0 leaves a column out."""

NO_RUNS = """\
No runs yet. Press t to train with the settings of the form.

Each run will be a row here, with its network, its accuracy and its time.
Below: its loss and accuracy by epoch, and the settings that differ
from the defaults. Runs that you mark are compared."""

SORT_KEYS: dict[str, Callable[[Overview], Any]] = {
    "run": lambda _: 0,
    "test %": lambda it: 1.0 if it.accuracy is None else -it.accuracy,
    "status": lambda it: it.status,
    "data": lambda it: title_of(it.dataset),
    "model": lambda it: it.model,
    "epochs": lambda it: -it.epochs,
    "time": lambda it: -it.seconds,
}
"""The columns by which the table can be sorted; equal rows are sorted from new to old."""


class Filter(OrderedInput):
    """The text field above the table; its key is in the footer while it has the focus."""

    BINDING_GROUP_TITLE = "In the filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "To the runs", tooltip="Go to the runs that it leaves")
    ]


class RunsTable(FixedWidthTable):
    """A table that shows in the footer what Enter does."""

    BINDING_GROUP_TITLE = "In the table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Show the run")
    ]

    @property
    def selected(self) -> str:
        """The key of the row under the cursor; empty if there is no row."""
        if not self.row_count:
            return ""
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value or ""

    def names(self) -> list[str]:
        """The keys of the rows, the nearest to the cursor first: from it down, then up."""
        names, row = [key.value or "" for key in self.rows], self.cursor_row
        return [*names[row:], *names[:row][::-1]]

    def go_to(self, *names: str) -> None:
        """Move the cursor to the first of some rows that there is."""
        if name := next((name for name in names if name in self.rows), ""):
            self.move_cursor(row=self.get_row_index(name))

    def fill(self, rows: Sequence[tuple[str, list[Text]]], room: int) -> None:
        """Replace all rows, given with their keys; columns are narrowed to fit into the room."""
        columns = [*zip(*(row for _, row in rows), strict=True)] or [() for _ in _COLUMNS]
        widths = _widths(columns, room)
        self.clear(columns=True)
        for name, width in widths.items():
            if width:
                self.add_column(_heading(name, width), key=name, width=width)
        for key, row in rows:
            cells = zip(_COLUMNS, row, strict=True)
            fitting = [_cut(cell, name, widths[name]) for name, cell in cells if widths[name]]
            self.add_row(*fitting, key=key)


def _widths(columns: Sequence[Sequence[Text]], room: int) -> dict[str, int]:
    """The width of each column by name, 0 for one that is left out.

    The table's own measuring is late, and at times does not happen at all.
    """
    widths = {
        name: 1 + max(len(name), *(cell.cell_len for cell in column), 0)
        for name, column in zip(_COLUMNS, columns, strict=True)
    }
    for name, least in _NARROWED:
        missing = sum(widths.values()) - room
        if missing > 0:
            is_all_or_nothing = name == "started" or not least
            wanted = least if is_all_or_nothing else max(least, widths[name] - missing)
            widths[name] = min(widths[name], wanted)
    return widths


def _heading(column: str, width: int) -> Text:
    if column in _NUMBERS:
        return Text(f"{column}{_GAP}", justify="right")
    return Text("day" if column == "started" and width <= len(column) else column)


def _cut(cell: Text, column: str, width: int) -> Text:
    """A cell that fits into its column, and leaves a gap to the next one."""
    most = width - 1
    if cell.cell_len <= most or column in _NUMBERS:
        return cell
    cell = cell.copy()
    if column == "started":
        cell.right_crop(cell.cell_len - most)  # the day without the time
    elif column == " note":
        cell.truncate(most, overflow="ellipsis")
    else:
        cell.plain = shortened(cell.plain, most)
    return cell


def sort_runs(overviews: list[Overview], column: str, *, is_reversed: bool) -> list[Overview]:
    """Sort runs by a column; pinned runs come first."""
    rows = overviews[::-1]
    rows.sort(key=SORT_KEYS[column])
    if is_reversed:
        rows.reverse()
    return sorted(rows, key=lambda overview: not overview.notes.pinned)


@lru_cache(_CACHED_ROWS)
def searchable_text(overview: Overview) -> str:
    """The text that the filter searches."""
    return " ".join(cells(overview)).lower()


def row_of(overview: Overview, marker: Text) -> list[Text]:
    """The cells of a row; a marked run has the marker and the colour of its curve."""
    name, *others = _cells_of(overview)
    if marker.style:
        name = Text(name.plain, f"bold {marker.style}")
    first = Text("▸" if overview.notes.pinned else " ").append_text(marker)
    return [first, name, *others]


@lru_cache(_CACHED_ROWS)
def _cells_of(overview: Overview) -> tuple[Text, ...]:
    name, status, data, model, epochs, accuracy, time, note = cells(overview)
    match = TIMESTAMP_PREFIX.match(name)
    started = match.group() if match else ""
    return (
        Text(without_date(name)),
        Text(f"{started[5:10]} {started[11:13]}:{started[13:15]}" if started else ""),
        Text(status, STATUS_STYLES[status]),
        Text(data),
        Text(model),
        *(Text(f"{number}{_GAP}", justify="right") for number in (epochs, accuracy, time)),
        Text(f" {note}" if note else "", "italic"),
    )

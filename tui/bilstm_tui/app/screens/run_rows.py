"""The rows of the table of runs: their order and their cells."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from bilstm_core.data.sources.recognition import title_of
from bilstm_core.runs.overview import Overview
from bilstm_core.runs.run import TIMESTAMP_PREFIX

from ...text.run_cells import STATUS_STYLES, cells
from ..textual_internals import FixedWidthTable

_CACHED_ROWS = 2048  # the table is filled again for each letter typed into the filter

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


class RunsTable(FixedWidthTable):
    """A table that shows in the footer what Enter does."""

    BINDING_GROUP_TITLE = "In the table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", tooltip="Show the run")
    ]


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
    """The cells of a row; the first has the marker of the run's curve."""
    return [Text("▸" if overview.notes.pinned else " ").append_text(marker), *_cells_of(overview)]


@lru_cache(_CACHED_ROWS)
def _cells_of(overview: Overview) -> tuple[Text, ...]:
    name, status, data, model, epochs, accuracy, time, note = cells(overview)
    match = TIMESTAMP_PREFIX.match(name)
    started = match.group() if match else ""
    return (
        Text(name.removeprefix(started)),
        Text(f"{started[5:10]} {started[11:13]}:{started[13:15]}" if started else ""),
        Text(status, STATUS_STYLES[status]),
        Text(data),
        Text(model),
        *(Text(f"{number}\u00a0", justify="right") for number in (epochs, accuracy, time)),
        Text(f" {note}" if note else "", "italic"),
    )

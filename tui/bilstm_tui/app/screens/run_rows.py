"""The rows of the screen of runs: their order, and what stands in them."""

from functools import lru_cache
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from bilstm_core.runs.overview import Overview
from bilstm_core.runs.run import TIMESTAMP_PREFIX

from ...text.run_cells import STATUS_STYLES, cells
from ..textual_internals import FixedWidthTable

_REMEMBERED = 2048
"""Runs whose words are kept: with each letter in the filter the table is filled anew."""


class RunsTable(FixedWidthTable):
    """A table whose Enter says what it does."""

    BINDING_GROUP_TITLE = "In the table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", tooltip="Show the run as it went")
    ]


@lru_cache(_REMEMBERED)
def line_of(overview: Overview) -> str:
    """What the filter looks into."""
    return " ".join(cells(overview)).lower()


def in_order(shown: list[Overview], order: str, *, is_reversed: bool) -> list[Overview]:
    """Pinned ones first; then by a column: the newest, the best, the longest above."""
    keys: dict[str, Any] = {
        "test %": lambda o: -1.0 if o.accuracy is None else o.accuracy,
        "status": lambda o: o.status,
        "data": lambda o: o.dataset,
        "model": lambda o: o.model,
        "epochs": lambda o: o.epochs,
        "time": lambda o: o.seconds,
    }
    shown = shown[::-1]  # newest first, also among equals
    if order in keys:
        is_text = order in {"status", "data", "model"}
        shown.sort(key=keys[order], reverse=not is_text)
    if is_reversed:
        shown.reverse()
    return sorted(shown, key=lambda overview: not overview.notes.pinned)


def as_row(overview: Overview, marker: Text) -> list[Text]:
    """A run's cells, the marker of its curve first."""
    return [Text("▸" if overview.notes.pinned else " ").append_text(marker), *_words_of(overview)]


@lru_cache(_REMEMBERED)
def _words_of(overview: Overview) -> tuple[Text, ...]:
    name, status, data, model, epochs, accuracy, time, note = cells(overview)
    begun = TIMESTAMP_PREFIX.match(name)
    return (
        Text(TIMESTAMP_PREFIX.sub("", name, count=1)),
        Text(_moment(begun.group()) if begun else ""),
        Text(status, STATUS_STYLES[status]),
        Text(data),
        Text(model),
        *(Text(f"{number}\u00a0", justify="right") for number in (epochs, accuracy, time)),
        Text(f" {note}" if note else "", "italic"),
    )


def _moment(begun: str) -> str:
    """The date and time in a run's name, for people."""
    return f"{begun[5:10]} {begun[11:13]}:{begun[13:15]}"

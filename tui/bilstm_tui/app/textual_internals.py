"""Every use of a private part of Textual.

Private parts may change in any release. `pyproject.toml` pins Textual to the minor version that
this module was tested with, and a test checks that no other module uses a private name of it.
Before the pin is raised, check each entry against the new sources.

`textual._context.active_message_pump`: an unhandled error does not say which widget it comes
    from.
`_pruning`: `is_attached` is still true while the children of a widget are removed.
`_handle_exception`: no event announces an unhandled error.
`_fatal_error`: prints a traceback; the command line reports the error instead.
`_update_dimensions`: measures every cell of a table, even where columns have a width.
`_data`, `_row_locations`, `_require_update_dimensions`, `_update_count`, `_highlight_cursor`,
    `textual._two_way_dict.TwoWayDict`: `add_row` takes a second for thousands of rows.
`_display`, `textual._compositor.ChopsUpdate`: of a line of a widget in which a cell changes,
    everything from the start of the line is sent.
`textual.widgets._collapsible.CollapsibleTitle`: the title of a group has the focus, and its
    class is only exported there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.control import Control
from rich.text import Text
from textual._compositor import ChopsUpdate
from textual._context import active_message_pump
from textual._two_way_dict import TwoWayDict
from textual.app import App
from textual.css.query import NoMatches
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets._collapsible import CollapsibleTitle
from textual.widgets.data_table import Row, RowKey
from textual.worker import WorkerFailed, get_current_worker

__all__ = [
    "CollapsibleTitle",
    "FixedWidthTable",
    "FrugalUpdate",
    "ReportingApp",
]

T = TypeVar("T")


class FrugalUpdate(ChopsUpdate):
    """An update of the screen that sends the cells to be repainted, and no others."""

    def render_segments(self, console: Console) -> str:
        """What is sent to the terminal."""
        sent: list[str] = []
        for y, first, last in self.spans:
            for end, (start, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=True):
                left, right = max(first, start), min(last, end)
                if strip is not None and left < right:
                    left = start + _start_of_character(strip, left - start)
                    cells = strip.crop(left - start, right - start)
                    sent += [Control.move_to(left, y).segment.text, cells.render(console)]
        return "".join(sent)


def _start_of_character(strip: Strip, column: int) -> int:
    """This column of a line, or one before it where it may be the second half of a character."""
    at = 0
    for segment in strip:
        if at + segment.cell_length > column:
            return column if all(cell_len(char) == 1 for char in segment.text) else at
        at += segment.cell_length
    return column


class ReportingApp(App[T]):
    """An app that leaves reporting an internal error to its caller, and sends little.

    Attributes:
        internal_error: The error that ended the app; None unless there was one.
    """

    internal_error: Exception | None = None

    def _handle_exception(self, error: Exception) -> None:
        if _is_teardown_error(error, self):
            return
        cause = error.error if isinstance(error, WorkerFailed) else error
        if self.internal_error is None and isinstance(cause, Exception):
            self.internal_error = cause
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self.panic()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, ChopsUpdate):
            renderable = FrugalUpdate(renderable.chops, renderable.spans, renderable.chop_ends)
        super()._display(screen, renderable)


def _is_teardown_error(error: Exception, app: App[Any]) -> bool:
    """Whether a widget looked for another one that is already removed, or will not be mounted.

    An app that is exiting composes no more widgets, and a screen's widgets are removed before
    the screen itself. A worker, timer or callback of the screen may still query them, or switch to
    a tab, which answers with a ValueError where the tab is gone.
    """
    cause: BaseException = error
    node: MessagePump = active_message_pump.get(app)
    if isinstance(error, WorkerFailed):
        cause, node = error.error, get_current_worker().node
    return isinstance(cause, NoMatches | ValueError) and (not app.is_running or _is_closing(node))


def _is_closing(node: MessagePump) -> bool:
    if isinstance(node, App):
        return not any(screen.is_attached for screen in node.screen_stack)
    return getattr(node, "_pruning", False) or not node.is_attached


class FixedWidthTable(DataTable[Text]):
    """A table whose columns all have a given width, so that no cell is measured."""

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:
        super()._update_dimensions(())

    def add_all(self, rows: Mapping[str, Sequence[Text]]) -> None:
        """Add rows to an empty table, by their keys: `add_row` takes long for thousands."""
        columns = [column.key for column in self.ordered_columns]
        keys = {key: RowKey(key) for key in rows}
        self._data.update(
            (keys[key], dict(zip(columns, cells, strict=True))) for key, cells in rows.items()
        )
        self.rows.update((key, Row(key, height=1)) for key in keys.values())
        self._row_locations = TwoWayDict({key: place for place, key in enumerate(keys.values())})
        self._require_update_dimensions = True
        self._update_count += 1
        self.cursor_coordinate = self.cursor_coordinate
        if rows:
            self._highlight_cursor()
        self.check_idle()

"""The trials of a sweep as a table, the best first."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from ....text.names import shortened
from ....text.sweep_lines import STATE_STYLES, duration_text, setting_text, value_text
from ...textual_internals import FixedWidthTable
from .reading import LIVE_STATES, Seen

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Row

_GAP = 2  # columns between two columns of the table
_SHORTEST_NAME = 4
_STATE_WIDTH = len("interrupted")


@dataclass(frozen=True)
class _Column:
    """A column: its key, its heading, its width, and the side on which its cells stand."""

    key: str
    label: str
    width: int


class TrialsTable(FixedWidthTable):
    """A row for each trial; only the cells that change are written again."""

    BINDING_GROUP_TITLE = "In the table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", tooltip="Show the run of the trial"),
        Binding("left", "screen.choose_setting(-1)", "Setting", tooltip="The setting before"),
        Binding("right", "screen.choose_setting(1)", "Setting", tooltip="The next setting"),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=0)
        self._layout: tuple[_Column, ...] = ()
        self._cells: dict[str, list[Text]] = {}
        self._marked = ""

    @property
    def selected(self) -> int | None:
        """The number of the trial under the cursor."""
        if not self.row_count:
            return None
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        return int(key or 0)

    def show(self, seen: Seen, chosen: str, width: int) -> None:
        """Show the trials.

        Args:
            seen: The sweep.
            chosen: The setting whose heading is marked.
            width: Columns there are for the table.
        """
        ranked = enumerate(seen.board.rows, start=1)
        cells = {str(row.number): _cells_of(seen, rank, row) for rank, row in ranked}
        layout = _layout(seen, [*cells.values()], width)
        if layout == self._layout and [*cells] == [*self._cells]:
            self._update_cells(cells)
        else:
            self._fill(layout, cells)
        self._layout, self._cells = layout, cells
        self.mark_setting(chosen)

    def mark_setting(self, chosen: str) -> None:
        """Mark the heading of a setting, and no other."""
        if chosen == self._marked:
            return
        self._marked = chosen
        for key, column in self.columns.items():
            label = next(it.label for it in self._layout if it.key == key.value)
            if key.value == chosen:
                name = label.lstrip()
                label = label[: len(label) - len(name) - 1] + "▸" + name
            column.label = Text(label, "bold" if key.value == chosen else "")
        self.notify_style_update()  # the table keeps what it has drawn
        self._scroll_to_setting(chosen)

    def _update_cells(self, cells: dict[str, list[Text]]) -> None:
        for key, row in cells.items():
            for column, old, new in zip(self._layout, self._cells[key], row, strict=True):
                if old.plain != new.plain or old.style != new.style:
                    self.update_cell(key, column.key, new)

    def _fill(self, layout: Sequence[_Column], cells: dict[str, list[Text]]) -> None:
        """Fill the table again; the cursor stays on its trial, at the top if it was there."""
        selected, is_at_top = self.selected, self.cursor_row == 0
        self._marked = ""
        scroll = self.scroll_y
        self.clear(columns=True)
        for column in layout:
            self.add_column(Text(column.label), key=column.key, width=column.width)
        for key, row in cells.items():
            self.add_row(*row, key=key)
        if selected is not None and not is_at_top and str(selected) in self.rows:
            self.move_cursor(row=self.get_row_index(str(selected)), scroll=False)
        self.scroll_to(y=scroll, animate=False, immediate=True)

    def _scroll_to_setting(self, name: str) -> None:
        """Scroll sideways to a column, where the table is wider than the screen."""
        keys = [column.key for column in self._layout]
        if name in keys:
            before = self._layout[: keys.index(name)]
            left = sum(column.width for column in before)
            right = left + self._layout[len(before)].width
            if left < self.scroll_x or right > self.scroll_x + self.size.width:
                x = 0 if right <= self.size.width else left
                self.scroll_to(x=x, animate=False)


def _cells_of(seen: Seen, rank: int, row: "Row") -> list[Text]:
    is_best = row == seen.board.best
    style = "bold" if is_best else STATE_STYLES[row.state]
    seconds = row.seconds
    if row.state == "training":
        seconds += max(0.0, time.time() - seen.read_at)
    epoch = str(row.epoch or "-")
    if row.state in LIVE_STATES and seen.num_epochs:
        epoch = f"{row.epoch}/{seen.num_epochs}"
    texts = [
        str(rank) if row.state == "finished" else "",
        str(row.number),
        value_text(seen.plan, row.value),
        *(setting_text(row.settings.get(it.name, "-")) for it in seen.dimensions),
        epoch,
        duration_text(seconds),
    ]
    numbers = [Text(text, style, justify="right") for text in texts]
    return [*numbers, Text("  " + row.state, style)]


def _layout(seen: Seen, cells: list[list[Text]], room: int) -> tuple[_Column, ...]:
    """The columns, each as wide as its cells; names of settings are shortened to fit."""
    names = [it.name for it in seen.dimensions]
    value = seen.plan.objective.replace("balanced_accuracy", "balanced") + seen.unit
    keys = ["rank", "trial", "value", *names, "epoch", "time", "state"]
    labels = ["#", "trial", value, *names, "epoch", "time", "  state"]
    widths = [max((row[at].cell_len for row in cells), default=0) for at in range(len(keys))]
    widths[-1] = _STATE_WIDTH + 2
    first, last = 3, 3 + len(names)
    fixed = [max(a, len(b)) for a, b in zip(widths, labels, strict=True)]
    others = sum(fixed[:first]) + sum(fixed[last:]) + (len(keys) - 1) * _GAP
    longest = max(map(len, names), default=0)
    while (
        longest > _SHORTEST_NAME
        and others
        + sum(max(widths[first + at], min(longest, len(name)) + 1) for at, name in enumerate(names))
        > room
    ):
        longest -= 1
    columns = []
    for at, (key, label, width) in enumerate(zip(keys, labels, widths, strict=True)):
        is_setting = first <= at < last
        shown = " " + shortened(label, longest) if is_setting else label  # space for the mark
        gap = 0 if at in {0, len(keys) - 1} else _GAP
        whole = max(width, len(shown)) + gap
        columns.append(_Column(key, shown if key == "state" else shown.rjust(whole), whole))
    return tuple(columns)

"""The trials of a sweep as a table, the best first."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from ....text.names import shortened_together
from ....text.numbers import duration
from ....text.sweep_lines import STATE_STYLES, setting_text, value_text
from ...textual_internals import FixedWidthTable
from .reading import LIVE_STATES, Seen

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Row

_SHORTEST_NAME = 4
_ARRANGEMENTS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (2, ()),
    (1, ()),
    (1, ("time",)),
    (1, ("time", "epoch")),
)
"""Columns between two columns of the table, and which are left out: the first that fits."""
Cells = dict[str, Text]
"""The cells of a row by the keys of their columns."""


@dataclass(frozen=True)
class _Column:
    """A column: its key, its heading, its width, and the side on which its cells stand."""

    key: str
    label: str
    width: int


@dataclass(frozen=True)
class Content:
    """What a table shows: its columns, and the cells of each trial by its number."""

    layout: tuple[_Column, ...]
    cells: Mapping[str, Cells]


class ContentMaker:
    """Makes the content of a table, beside the keys: of thousands of trials that takes a while.

    The cells of a trial that has ended are made once, and stay the same object.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[Row, str, Cells]] = {}

    def make(self, seen: Seen, room: int) -> Content:
        """The content for so many columns of the terminal."""
        cells: dict[str, Cells] = {}
        made: dict[int, tuple[Row, str, Cells]] = {}
        for place, row in enumerate(seen.board.rows, start=1):
            rank = str(place) if row.state == "finished" else ""
            before, old_rank, of_row = self._made.get(row.number, (None, "", {}))
            is_kept = before is row and row.state not in LIVE_STATES
            if not is_kept or (rank != old_rank and "1" in {rank, old_rank}):  # the best is bold
                of_row = _cells_of(seen, rank, row)
            elif rank != old_rank:
                of_row = {**of_row, "rank": Text(rank, of_row["rank"].style, justify="right")}
            made[row.number] = row, rank, of_row
            cells[str(row.number)] = of_row
        self._made = made
        return Content(_layout(seen, [*cells.values()], room), cells)


class TrialsTable(FixedWidthTable):
    """A row for each trial; only the cells that change are written again."""

    BINDING_GROUP_TITLE = "In the table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", tooltip="Show the run of the trial"),
        Binding("left", "screen.choose_setting(-1)", "Setting", tooltip="The setting before"),
        Binding("right", "screen.choose_setting(1)", "Setting", tooltip="The next setting"),
        Binding("home", "scroll_top", "First", tooltip="The first trial", show=False),
        Binding("end", "scroll_bottom", "Last", tooltip="The last trial", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=0)
        self._layout: tuple[_Column, ...] = ()
        self._cells: Mapping[str, Cells] = {}
        self._marked = ""

    @property
    def selected(self) -> int | None:
        """The number of the trial under the cursor."""
        if not self.row_count:
            return None
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        return int(key or 0)

    def select(self, number: int) -> None:
        """Move the cursor to a trial, if it is there."""
        if str(number) in self.rows:
            self.move_cursor(row=self.get_row_index(str(number)))

    def show(self, content: "Content", chosen: str) -> None:
        """Show the trials.

        Args:
            content: Of the table.
            chosen: The setting whose heading is marked.
        """
        cells, layout = content.cells, content.layout
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

    def _update_cells(self, cells: Mapping[str, Cells]) -> None:
        for key, row in cells.items():
            before = self._cells[key]
            if row is before:
                continue
            for column in self._layout:
                old, new = before[column.key], row[column.key]
                if old.plain != new.plain or old.style != new.style:
                    self.update_cell(key, column.key, _placed(new, column))

    def _fill(self, layout: Sequence[_Column], cells: Mapping[str, Cells]) -> None:
        """Fill the table again; the cursor stays on its trial, at the top if it was there."""
        selected, is_at_top = self.selected, self.cursor_row == 0
        self._marked = ""
        scroll = self.scroll_y
        self.clear(columns=True)
        for column in layout:
            self.add_column(Text(column.label), key=column.key, width=column.width)
        self.add_all(
            {key: [_placed(row[it.key], it) for it in layout] for key, row in cells.items()}
        )
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


def _placed(cell: Text, column: _Column) -> Text:
    """A cell as its column shows it: the state stands at the left, after a gap."""
    if column.key != "state":
        return cell
    gap = len(column.label) - len(column.label.lstrip())
    return Text(" " * gap + cell.plain, cell.style)


def _cells_of(seen: Seen, rank: str, row: "Row") -> Cells:
    is_best = row is seen.board.best
    style = "bold" if is_best else STATE_STYLES[row.state]
    seconds = row.seconds
    if row.state == "training" and not seen.board.is_paused:
        seconds += max(0.0, time.time() - seen.read_at)
    epoch = str(row.epoch or "-")
    if row.state in LIVE_STATES and seen.num_epochs:
        epoch = f"{row.epoch}/{seen.num_epochs}"
    texts = {
        "rank": rank,
        "trial": str(row.number),
        "value": value_text(seen.plan, row.value),
        **{it.name: setting_text(row.settings.get(it.name, "-")) for it in seen.dimensions},
        "epoch": epoch,
        "time": duration(seconds),
    }
    numbers = {key: Text(text, style, justify="right") for key, text in texts.items()}
    return {**numbers, "state": Text(row.state, style)}


def _layout(seen: Seen, cells: Sequence[Cells], room: int) -> tuple[_Column, ...]:
    """The columns, each as wide as its cells, in the first arrangement that fits."""
    keys = (*("rank", "trial", "value"), *(it.name for it in seen.dimensions))
    keys = (*keys, "epoch", "time", "state")
    widths = {key: max((len(row[key]) for row in cells), default=0) for key in keys}
    arrangements = [_columns(seen, widths, gap, room, out) for gap, out in _ARRANGEMENTS]
    for columns in arrangements:
        if sum(column.width for column in columns) <= room:
            return tuple(columns)
    *others, state = arrangements[-1]  # the state is not to be scrolled to
    return (*others[:3], state, *others[3:])


def _columns(
    seen: Seen, widths: Mapping[str, int], gap: int, room: int, left_out: tuple[str, ...]
) -> list[_Column]:
    """The columns; names of settings are shortened as far as they have to be."""
    names = [it.name for it in seen.dimensions]
    value = seen.plan.objective.replace("balanced_accuracy", "balanced") + seen.unit
    labels = {
        "rank": "#",
        "trial": "trial",
        "value": value,
        **{name: name for name in names},
        "epoch": "epoch",
        "time": "time",
        "state": "state",
    }
    kept = [key for key in labels if key not in left_out]
    others = sum(max(widths[key], len(labels[key])) for key in kept if key not in names)
    free = room - others - gap * len(kept)
    longest = max(map(len, names), default=0)
    while longest > _SHORTEST_NAME and free < sum(
        max(widths[name], min(longest, len(name)) + 1) for name in names
    ):
        longest -= 1
    shorter = dict(zip(names, shortened_together(names, longest), strict=True))
    columns = []
    for key in kept:
        label = " " + shorter[key] if key in shorter else labels[key]  # with space for a mark
        width = max(widths[key], len(label)) + gap
        shown = " " * gap + label if key == "state" else label.rjust(width)
        columns.append(_Column(key, shown, width))
    return columns

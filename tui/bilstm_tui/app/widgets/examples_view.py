"""Some sequences that are predicted again and again while a run trains: it is seen to learn."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from bilstm_core import events
from bilstm_core.data.example import Example, Shares
from bilstm_core.data.spec import SPLIT_TITLES, DataSpec
from bilstm_core.wording import counted

from ...text.names import shortened_together
from ...text.numbers import bar_and_track
from .lines_view import LinesView
from .thumbnails import draw_image, draw_series

_GAP, _WIDE_GAP = 1, 2  # columns between two examples
_WIDE_CELL = 10  # columns of an example from which on the gap is wide
_LEAST_CELL, _LEAST_PICTURE = 7, 2
_SERIES_ROWS = 6
_ENLARGED = 3
"""An image is shown with at most so many columns for each of its own."""
_BARS = 3
_TRUE = "▸"
_SHORTEST_NAME, _LONGEST_NAME = 3, 10
_MOST_LINES = 8
"""Examples below one another."""
_LEAST_TRACK = 4
"""A shorter track would look like a minus sign."""
_SHARE = 4
"""Columns for a percentage and the gap before it."""
_BESIDE_NAME = 1 + 1 + 1 + _SHARE
"""Columns for the mark, a gap, a bar and the percentage."""


@dataclass(frozen=True)
class Arrangement:
    """How examples are laid out.

    Attributes:
        shown: How many examples: fewer than there are where class names need wide cells.
        across: How many of them beside each other.
        gap: Columns between two of them.
        width: Columns of each.
        height: Rows of each, with the bars below the picture.
        columns: Columns of a picture.
        rows: Rows of a picture.
    """

    shown: int
    across: int
    gap: int
    width: int
    height: int
    columns: int
    rows: int


def arrange(
    examples: Sequence[Example],
    width: int,
    height: int,
    *,
    is_image: bool,
    least_cell: int = _LEAST_CELL,
    most_lines: int = _MOST_LINES,
) -> Arrangement:
    """The arrangement of most examples, and of these with the largest pictures.

    Args:
        examples: What is shown, or some of it where there is no space for all.
        width: Columns for all.
        height: Rows for all.
        is_image: Whether pictures keep their shape.
        least_cell: Columns of an example, at least.
        most_lines: Examples below one another, at most.
    """
    count = len(examples)
    fitting = max(1, (width + _GAP) // (least_cell + _GAP))
    found = []
    for lines in range(1, min(count, most_lines) + 1):
        across = min(-(-count // lines), fitting)
        cell, gap = _cell(width, across)
        if cell < least_cell < width:  # because of the wide gap
            across -= 1
            cell, gap = _cell(width, across)
        tall = (height + 1) // lines - 1
        rows = tall - _BARS
        if rows < _LEAST_PICTURE:
            continue
        columns = cell
        if is_image:
            most = max(it.rows for it in examples), max(it.columns for it in examples)
            rows = min(rows, _ENLARGED * most[0] // 2, cell * most[0] // most[1] // 2)
            columns = min(cell, 2 * rows * most[1] // most[0])
        else:
            rows = min(rows, _SERIES_ROWS)
        if rows > 0 and columns > 0:
            shown = min(count, across * lines)
            found.append(Arrangement(shown, across, gap, cell, rows + _BARS, columns, rows))
    across = min(count, fitting)
    cell, gap = _cell(width, across)
    without = Arrangement(count, across, gap, cell, _BARS, 0, 0)
    return max(found, key=lambda it: (it.shown, it.rows * it.columns, it.across), default=without)


def least_cell(names: Sequence[str]) -> int:
    """The columns of an example in which the names of classes still differ from one another."""
    longest = min(_LONGEST_NAME, max(map(cell_len, names), default=0))
    different = (
        most
        for most in range(min(longest, _SHORTEST_NAME), longest)
        if len({*shortened_together(names, most)}) == len({*names})
    )
    return max(_LEAST_CELL, next(different, longest) + _BESIDE_NAME)


def _cell(width: int, across: int) -> tuple[int, int]:
    """The columns of each of so many examples, and of the gap between them."""
    gap = _WIDE_GAP if width // across >= _WIDE_CELL else _GAP
    return (width + gap) // across - gap, gap


class ExamplesView(LinesView):
    """Pictures, and below each the most probable classes; the true one is marked."""

    def __init__(self) -> None:
        super().__init__(id="examples")
        self._examples: events.Examples | None = None
        self._predictions: events.Predictions | None = None
        self._data: DataSpec | None = None
        self._pictures: list[list[Text]] = []
        self._names: list[str] = []
        self._least_cell = _LEAST_CELL
        self._arrangement = Arrangement(0, 1, 1, 1, 1, 0, 0)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self._examples or not self._examples.examples

    def show(
        self,
        examples: events.Examples | None,
        predictions: events.Predictions | None,
        data: DataSpec | None,
    ) -> None:
        """Show other examples, or what is predicted for them now; pictures are not sent again."""
        if (examples, data) != (self._examples, self._data):
            self._examples, self._predictions, self._data = examples, predictions, data
            self._least_cell = least_cell(data.classes) if data else _LEAST_CELL
            self._draw()
        elif predictions != self._predictions:
            self._predictions = predictions
            self._draw_bars()

    def rows_for(self, width: int) -> int:
        """The rows of pictures as large as possible side by side, with bars and the title."""
        if self.is_empty or not self._data:
            return 0
        return self._arranged(max(1, width - 2), 1 << 10, most_lines=1).height + 2

    def on_resize(self) -> None:
        """Draw in the new size."""
        self._draw()

    def _draw(self) -> None:
        """Draw the pictures; they stay as they are until the size changes."""
        self._pictures = []
        if self._examples and not self.is_empty and self._data and self.size.area:
            self._arrangement = it = self._arranged(*self.size)
            most = min(_LONGEST_NAME, max(1, it.width - _BESIDE_NAME))
            self._names = shortened_together(self._data.classes, most)
            draw = draw_image if self._data.kind == "images" else draw_series
            self._pictures = [
                draw(self._examples.examples[place].picture(), it.columns, it.rows)
                if it.rows
                else []
                for place in self._places
            ]
        self._draw_bars()

    def _draw_bars(self) -> None:
        """Draw what is predicted below the pictures."""
        examples, it = self._examples, self._arrangement
        if not examples or not self._pictures:
            self.show_lines([], "examples")
            return
        predictions = self._predictions.predictions if self._predictions else ()
        lines = [Text() for _ in range((it.height + 1) * -(-it.shown // it.across) - 1)]
        right = 0
        for number, (place, picture) in enumerate(zip(self._places, self._pictures, strict=True)):
            label = examples.examples[place].label
            shares = predictions[place] if place < len(predictions) else ()
            right += bool(shares) and shares[0][0] == label
            bars = _bars(shares, label, self._names, it.width)
            row, column = divmod(number, it.across)
            start = column * (it.width + it.gap)
            for line, own in zip(lines[row * (it.height + 1) :], [*picture, *bars], strict=False):
                line.append(" " * (start + (it.width - own.cell_len) // 2 - line.cell_len))
                line.append_text(own)
        self.show_lines(lines, _title(examples, it.shown, self._predictions, right))

    def _arranged(self, width: int, height: int, most_lines: int = _MOST_LINES) -> Arrangement:
        assert self._examples and self._data  # noqa: S101, PT018 - the callers checked it
        return arrange(
            self._examples.examples,
            width,
            height,
            is_image=self._data.kind == "images",
            least_cell=self._least_cell,
            most_lines=most_lines,
        )

    @property
    def _places(self) -> Sequence[int]:
        """Which examples are shown: they are sorted by class, so of many some of each."""
        count = len(self._examples.examples) if self._examples else 0
        shown = self._arrangement.shown
        return [(2 * at + 1) * count // (2 * shown) for at in range(shown)]


def _title(
    examples: events.Examples, shown: int, predictions: events.Predictions | None, right: int
) -> str:
    count = len(examples.examples)
    title = counted(count, f"{SPLIT_TITLES[examples.split]} example")
    title = f"{shown} of {title}" if shown < count else title
    if not predictions:
        return title
    when = f"after step {predictions.step:,}" if predictions.step else "before training"
    return f"{title} {when}: {right} correct ({_TRUE} true class)"


def _bars(shares: Shares, label: int, names: Sequence[str], width: int) -> list[Text]:
    """The most probable classes of an example, and its own, each on a line."""
    shown = [*shares[:_BARS]]
    if all(number != label for number, _ in shown):
        own = [it for it in shares if it[0] == label]
        shown = [*shown[: _BARS - 1], *own] if shares else [(label, -1.0)]
    texts = [names[number] if number < len(names) else "?" for number, _ in shown]
    longest = max(map(cell_len, texts))
    room = max(0, width - 1 - longest - 1 - _SHARE)
    lines = []
    for place, ((number, share), name) in enumerate(zip(shown, texts, strict=True)):
        is_true = number == label
        style = "bold green" if is_true else "red" if place == 0 else "dim"
        mark = _TRUE if is_true else " "
        line = Text.assemble((f"{mark}{name}{' ' * (longest - cell_len(name))} ", style))
        if share >= 0:
            filled, track = bar_and_track(share, room)
            track = track if room >= _LEAST_TRACK else " " * len(track)
            line.append(filled, style).append(track, "dim")
            line.append(f"{100 * share:>{_SHARE}.0f}", style)
        lines.append(line)
    return [*lines, *[Text() for _ in range(_BARS - len(lines))]]

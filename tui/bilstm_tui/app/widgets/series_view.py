"""A series as curves, and below them, along the same time axis, what each direction predicts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from bilstm_core.inference.report import Drawing, Mistake, StepwisePrediction

from ...text import braille
from ...text.names import shortened, shortened_together
from .explain.look import Look
from .marks import COLOURS

MOST_CURVES = 6
_LEAST_ROWS, _MOST_ROWS = 2, 8  # of a curve
_FEW_CLASSES, _MORE_CLASSES = 3, 5
_HIGH = 24  # rows from which on more classes are shown
_NARROW, _WIDE, _MARGIN = 18, 28, 6  # columns left and right of the time axis
_ROOMY = 90  # columns from which on the left ones are wide
_LEVELS = "▁▁▂▃▄▅▆▇█"
_TICK_DISTANCE = 8
_NUM_COLOURS = 2  # of neighbouring curves
_OTHER_CLASS, _ACTUAL, _PREDICTED = "", "bold green", "bold red"


@dataclass(frozen=True)
class SeriesShown:
    """What a `SeriesView` shows.

    Attributes:
        features: Their names; of many the first ones.
        num_features: How many the data have.
        classes: The names of all classes.
    """

    drawing: Drawing
    prediction: StepwisePrediction
    mistake: Mistake
    features: list[str]
    num_features: int
    classes: list[str]


class SeriesView(Widget):
    """Curves of some features, and the probabilities of some classes by direction and step."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shown: SeriesShown | None = None
        self._first = 0

    def show(self, shown: SeriesShown) -> None:
        """Show another sequence."""
        self._shown = shown
        self.refresh()

    def show_next_features(self) -> None:
        """Show the features after those that are shown, or the first ones again."""
        if self._shown:
            following = self._first + self._curves
            self._first = following if following < len(self._shown.features) else 0
            self.refresh()

    def render(self) -> Text:
        """Draw as much as there is room for."""
        if not self._shown or self._width < 1:
            return Text()
        return Text("\n").join([*self._curve_lines(), *self._class_lines()])

    @property
    def has_more_features(self) -> bool:
        """Whether there are more features than are shown at once."""
        return bool(self._shown) and self._curves < len(self._shown.features)

    @property
    def _width(self) -> int:
        """Columns of the time axis."""
        return self.size.width - self._gutter - _MARGIN

    @property
    def _gutter(self) -> int:
        """Columns for names and values, left of the time axis."""
        return _WIDE if self.size.width >= _ROOMY else _NARROW

    @property
    def _num_classes(self) -> int:
        """Rows of each direction."""
        assert self._shown  # noqa: S101 - the callers checked it
        most = _FEW_CLASSES if self.size.height < _HIGH else _MORE_CLASSES
        return min(most, len(self._shown.prediction.classes))

    @property
    def _rows(self) -> int:
        """Rows for curves: without a heading, the time axis, another heading and the classes."""
        assert self._shown  # noqa: S101
        directions = 2 if self._shown.prediction.backward else 1
        return self.size.height - 3 - directions * self._num_classes

    @property
    def _curves(self) -> int:
        """Curves at once."""
        assert self._shown  # noqa: S101
        return max(1, min(MOST_CURVES, len(self._shown.features), self._rows // _LEAST_ROWS))

    def _curve_lines(self) -> Iterator[Text]:
        assert self._shown  # noqa: S101
        shown = self._shown
        last = min(self._first + self._curves, len(shown.features))
        yield Text(_heading(shown, self._first, last), "dim")
        rows, rest = divmod(max(self._rows, _LEAST_ROWS), self._curves)
        low, high = np.array(shown.drawing.low), np.array(shown.drawing.high)
        tops = [f"{top:.3g}" for top in high.max(axis=0).tolist()]
        names = shortened_together(shown.features, self._gutter - 2 - max(map(len, tops)))
        for place, number in enumerate(range(self._first, last)):
            yield from _curve(
                (names[number], COLOURS[place % _NUM_COLOURS]),
                low[:, number],
                high[:, number],
                (self._gutter, self._width, min(_MOST_ROWS, rows + (place < rest))),
            )
        yield Text(" " * self._gutter + _time_axis(shown.drawing.num_steps, self._width), "dim")

    def _class_lines(self) -> Iterator[Text]:
        assert self._shown  # noqa: S101
        shown = self._shown
        prediction, mistake = shown.prediction, shown.mistake
        look = Look(self.app.current_theme.dark)
        yield Text.assemble(
            ("Each direction alone, step by step: ", "dim"),
            ("→ forward", look.forward),
            (", ", "dim"),
            ("← backward", look.backward),
            ("; full is 100 %", "dim"),
        )
        forward, backward = np.array(prediction.forward), np.array(prediction.backward)
        chosen = _chosen(forward, backward, prediction.classes, mistake)[: self._num_classes]
        pieces = len(forward)
        starts = np.arange(self._width) * pieces // self._width
        ends = np.maximum(starts, (np.arange(self._width) + 1) * pieces // self._width - 1)
        styles = {mistake.predicted: _PREDICTED, mistake.actual: _ACTUAL}
        for arrow, arrow_style, shares, columns, last in (
            ("→", look.forward, forward, ends, -1),
            ("←", look.backward, backward, starts, 0),
        ):
            for number in chosen if len(shares) else ():
                position = prediction.classes[number]
                style = styles.get(position, _OTHER_CLASS)
                line = Text.assemble((f"{arrow} ", arrow_style))
                name = shortened(shown.classes[position], self._gutter - 3)
                line.append(f"{name:>{self._gutter - 3}} ", style)
                line.append_text(_track(shares[columns, number], arrow_style))
                yield line.append(f" {shares[last, number]:4.0%}", style)


def _heading(shown: SeriesShown, first: int, last: int) -> str:
    steps = f"{shown.drawing.num_steps:,} steps"
    if last - first == shown.num_features:
        return steps
    of = f"{first + 1} to {last} of {shown.num_features:,}" if last > first + 1 else f"{last}"
    return f"{steps}; features {of}"


def _curve(
    label: tuple[str, str], low: np.ndarray, high: np.ndarray, size: tuple[int, int, int]
) -> Iterator[Text]:
    """A feature's curve beside its name, in the same style, and its highest and lowest value."""
    gutter, width, height = size
    bottom, top = float(low.min()), float(high.max())
    low, high = braille.scaled(np.stack((low, high)))
    drawn = braille.draw_extremes(low, high, width, height)
    for row in range(height):
        value = {0: f"{top:.3g}", height - 1: f"{bottom:.3g}"}.get(row, "")
        room = gutter - 2 - len(value)
        line = Text(f"{label[0] if row == 0 else '':<{room}}")
        line.stylize(label[1])
        line.append(f" {value} ", "dim")
        cells = "".join(drawn.get((column, row), " ") for column in range(width))
        yield line.append(cells, label[1])


def _time_axis(num_steps: int, width: int) -> str:
    """Round numbers of steps, where they are on the axis."""
    distance = next(
        factor * 10**power
        for power in range(9)
        for factor in (1, 2, 5)
        if factor * 10**power * width >= _TICK_DISTANCE * num_steps
    )
    line = ""
    for step in (1, *range(distance, num_steps + 1, distance)):
        column = int((step - 0.5) * width / num_steps)
        if column >= len(line) + bool(line):
            line = f"{line:<{column}}{step:,}"
    return line


def _chosen(
    forward: np.ndarray, backward: np.ndarray, classes: list[int], mistake: Mistake
) -> list[int]:
    """Which classes are shown, by their place among those given: the most probable after two."""
    peaks = forward.max(axis=0)
    if len(backward):
        peaks = np.maximum(peaks, backward.max(axis=0))
    first = [position for position in (mistake.actual, mistake.predicted) if position in classes]
    others = [classes[number] for number in np.argsort(-peaks, kind="stable").tolist()]
    return [classes.index(position) for position in dict.fromkeys([*first, *others])]


def _track(shares: np.ndarray, style: Style) -> Text:
    """Probabilities as a bar for each column, from 0 to 1; dim where they are hardly above 0."""
    line = Text()
    levels = np.round(shares * (len(_LEVELS) - 1)).astype(int).tolist()
    for is_seen, group in groupby(levels, bool):
        line.append("".join(_LEVELS[level] for level in group), style if is_seen else "dim")
    return line

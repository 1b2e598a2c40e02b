"""The words around a chart: what each curve is, what each mark means, what the crosshair reads."""

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from ....text import braille
from ....text.names import shortened
from ...colours import LinesBy
from ..marks import Stroke, stroke_of
from .axes import format_time
from .curves import Curve
from .series import Axis, Series

_GAP = "  "
_SAMPLES = ((4, True, True), (3, True, True), (3, False, True), (3, False, False))
"""The columns of a sample of a line, whether values have space beside it, and whole names."""
_SHORTEST_NAME, _LONGEST_NAME = 4, 40
_READINGS = (
    (_LONGEST_NAME, True),
    *((longest, False) for longest in (_LONGEST_NAME, 20, 12, 8, 6, 4)),
)
"""The longest name, and whether raw values are shown: the first that fits is taken."""

StyledSeries = tuple[Series, str, str]
"""A series, its colour, and its marker."""


def heading(title: str, axis: Axis, notes: Sequence[str], scale: Sequence[str], room: int) -> Text:
    """What the axes show, and in any case what is unusual about the scale of the y axis.

    Args:
        title: What the y axis shows.
        axis: What the x axis shows.
        notes: What else there is to say, of which the last is the first to be left out.
        scale: What is unusual, from the longest words to the shortest; empty if nothing is.
        room: Columns there are for the text.
    """
    parts = [f"{title} by {axis}", *scale[:1], *notes]
    least = 1 + bool(scale)
    choices = [", ".join(parts[:count]) for count in range(len(parts), least - 1, -1)]
    choices += [f"{title} by {axis}, {words}" for words in scale[1:]]
    choices += [f"{title}, {words}" for words in scale[-1:]]
    return Text(next((it for it in choices if cell_len(it) <= room), choices[-1]))


def legend(
    styled: Sequence[StyledSeries],
    notes: Sequence[str],
    room: int,
    lines_by: LinesBy = "colours",
) -> Text:
    """What each curve is, and where there is space for it, what each mark is, and notes.

    Args:
        styled: The curves.
        notes: What else there is to say.
        room: Columns there are for the text.
        lines_by: What distinguishes the lines, of which there is a sample where it is no colour.
    """
    shown = [Text(" ").join(_names(styled, room, lines_by))] if len(styled) > 1 else []
    for more in (*_marks(styled), *(Text(note, "dim") for note in notes)):
        if Text(_GAP).join([*shown, more]).cell_len <= room:
            shown.append(more)
    return Text(_GAP).join(shown)


def _marks(styled: Sequence[StyledSeries]) -> list[Text]:
    """What each mark means; in the colour of the run that has it, unless several have."""
    owners = {
        "│ learning rate changed": [colour for series, colour, _ in styled if len(series.changes)],
        "✕ not finite": [colour for series, colour, _ in styled if len(series.non_finite)],
    }
    return [
        Text(meaning, colours[0] if len(colours) == 1 else "")
        for meaning, colours in owners.items()
        if colours
    ]


def _names(styled: Sequence[StyledSeries], room: int, lines_by: LinesBy) -> list[Text]:
    """The names of curves, as long as there is space for all.

    Where lines differ by their strokes, samples of these have space before the values have.
    """
    for sample, has_values, is_whole in _SAMPLES if lines_by != "colours" else ():
        space = math.inf if is_whole else room
        names = _written(styled, space, lines_by, sample, has_values=has_values)
        if Text(" ").join(names).cell_len <= room:
            return names
    names = _written(styled, room, lines_by, 0)
    if Text(" ").join(names).cell_len <= room:
        return names
    ends = accumulate(name.cell_len + 1 for name in names)
    shown = sum(end + len(f"+{len(styled)}") <= room for end in ends)
    return [*names[:shown], Text(f"+{len(styled) - shown}", "dim")]


def _written(
    styled: Sequence[StyledSeries],
    room: float,
    lines_by: LinesBy,
    sample: int,
    *,
    has_values: bool = True,
) -> list[Text]:
    """The names of curves, each after a sample of so many columns and its marker."""
    signs = [_sample(stroke_of(marker, lines_by), sample) + marker for *_, marker in styled]
    values = [f" {it.value}" if it.value and has_values else "" for it, *_ in styled]
    gaps = 2 * len(styled) - 1
    free = room - gaps - sum(map(cell_len, (*signs, *values)))
    labels = _labels([series for series, *_ in styled], free)
    return [
        Text(f"{sign} {label}{value}", colour)
        for (_, colour, _), sign, label, value in zip(styled, signs, labels, values, strict=True)
    ]


def _sample(stroke: Stroke, width: int) -> str:
    """A line of so many columns."""
    if stroke.letter or not width:
        return stroke.letter * width
    ends, middle = np.array([0, width - 0.1]), np.array([0.5, 0.5])
    cells = braille.draw_line(ends, middle, width, 1, stroke.dashes)
    return "".join(cells.get((column, 0), " ") for column in range(width))


def _labels(series: Sequence[Series], room: float) -> list[str]:
    """The names of series, shortened to fit, but never to less than a few letters."""
    choices = [
        [shortened(one.label, longest) for one in series]
        for longest in range(_LONGEST_NAME, _SHORTEST_NAME - 1, -1)
    ]
    return next((it for it in choices if sum(map(cell_len, it)) <= room), choices[-1])


def reading(curves: Sequence[Curve], x: float, axis: Axis, column: float, room: int) -> Text:
    """What the curves are at the crosshair, as much of it as there is space for.

    Args:
        curves: The curves that are drawn.
        x: The position of the crosshair.
        axis: What the x axis shows.
        column: The width of a column: a curve that ends further away has no value here.
        room: Columns there are for the text.
    """
    points = [curve.point_at(x, column) for curve in curves]
    places = [
        float(curve.x[point])
        for curve, point in zip(curves, points, strict=True)
        if point is not None
    ]
    nearest = min(places, key=lambda place: abs(place - x), default=x)
    text = Text()
    for longest, has_raw in _READINGS:
        text = Text(f"{axis} {_position(axis, nearest)}")
        for curve, point in zip(curves, points, strict=True):
            marker = f"{curve.marker} " if len(curves) > 1 else ""
            name = shortened(curve.series.label, longest)
            value = "-" if point is None else f"{curve.y[point]:.4g}"
            text.append(f"  {marker}{name} {value}", curve.colour)
            if has_raw and curve.is_smoothed and point is not None:
                text.append(f" raw {curve.series.mean[point]:.4g}", curve.colour)
        if text.cell_len <= room:
            break
    return text


def _position(axis: Axis, x: float) -> str:
    match axis:
        case "step":
            return f"{x:,.0f}"
        case "epoch":
            return f"{x:,.4g}"
        case "time":
            return format_time(x)

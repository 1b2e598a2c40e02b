"""A series as curves, in the columns of the strips of states."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from rich.style import Style

from bilstm_core.inference.explanation import Explanation

from ....text import braille
from .look import BOLD, DIM, PLAIN, Cells, put

LEAST_LINES = 3  # of the heading and a curve
_LEAST_CURVE, _MOST_CURVE = 2, 6  # lines
_FULL = 255
_MORE = ", …"


def most_lines(shown: Explanation) -> int:
    """The lines of all curves as high as they get, and of the heading."""
    return 1 + len(shown.inputs) * _MOST_CURVE


def heading(shown: Explanation, rows: int, width: int) -> Cells:
    """Which features so many rows have room for, and of how many."""
    count = _count(shown, rows)
    line = put([], "the series", BOLD)
    if count < shown.num_features:
        put(line, f"  {count} of {shown.num_features:,} features", DIM)
    for number, name in enumerate(shown.feature_names[:count]):
        following = put([], f"{', ' if number else ': '}{name}", DIM)
        if len(line) + len(following) > width - len(_MORE):
            return put(line, _MORE, DIM)
        line += following
    return line


def draw_curves(
    shown: Explanation,
    spans: Sequence[tuple[int, int]],
    piece_width: int,
    marks: Mapping[int, Style],
    rows: int,
) -> list[Cells]:
    """As many features as there is room for, above one another.

    Args:
        shown: What is explained.
        spans: The pieces of the time in each column of a strip.
        piece_width: Columns of the screen for each column of a strip.
        marks: The columns of a strip that are being read, and in which style they are marked.
        rows: Of the screen.
    """
    count = _count(shown, rows)
    edges = [min(rows, count * _MOST_CURVE) * number // count for number in range(count + 1)]
    return [
        line
        for feature, (top, bottom) in enumerate(pairwise(edges))
        for line in _curve(shown, feature, spans, piece_width, marks, bottom - top)
    ]


def _count(shown: Explanation, rows: int) -> int:
    return max(1, min(len(shown.inputs), rows // _LEAST_CURVE))


def _curve(
    shown: Explanation,
    feature: int,
    spans: Sequence[tuple[int, int]],
    piece_width: int,
    marks: Mapping[int, Style],
    rows: int,
) -> list[Cells]:
    highest = shown.inputs[feature]
    lowest = shown.lowest[feature] if shown.lowest else highest
    low = np.array([min(lowest[start:end]) for start, end in spans]) / _FULL
    high = np.array([max(highest[start:end]) for start, end in spans]) / _FULL
    if low.min() == high.max():  # it does not change: neither high nor low
        low = high = np.full(len(spans), 0.5)
    gap = 1 / (braille.ROWS * rows - 1)  # above the next curve
    low, high = gap + (1 - gap) * low, gap + (1 - gap) * high
    drawn = braille.draw_extremes(low, high, len(spans) * piece_width, rows)
    lines = []
    for row in range(rows):
        line: Cells = []
        for number in range(len(spans)):
            style = marks.get(number)
            for place in range(piece_width):
                is_middle = place == (piece_width - 1) // 2
                empty = "│" if style and is_middle else " "
                char = drawn.get((number * piece_width + place, row), empty)
                line.append((char, style or PLAIN))
        lines.append(line)
    return lines

"""Small pictures of sequences: images in half-blocks, series as curves in braille."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from ...text import braille
from .drawing import render_image
from .marks import COLOURS

_LEAST_CURVE = 2  # rows

Rows = list[list[float]]
"""Of an image, or the features of a series over time; values from 0 to 1."""


def draw_image(pixels: Rows, columns: int, rows: int) -> list[Text]:
    """An image as lines of text, resized to so many columns, and two pixels a row."""
    values = np.array(pixels, np.float64)
    return render_image(_resized(_resized(values, 2 * rows).T, columns).T.tolist(), scale=1)


def draw_series(features: Rows, columns: int, rows: int, colour_of_first: int = 0) -> list[Text]:
    """The features of a series as curves over one another, the first one on top."""
    cells: dict[tuple[int, int], tuple[int, str]] = {}
    for number, feature in reversed([*enumerate(features)]):
        values = np.array(feature, np.float64)
        x = (np.arange(len(values)) + 0.5) / len(values) * columns
        y = braille.rows_of(values, rows)
        for cell, character in braille.draw_line(x, y, columns, rows).items():
            dots = ord(character) & 0xFF | cells.get(cell, (0, ""))[0]
            cells[cell] = dots, COLOURS[(number + colour_of_first) % len(COLOURS)]
    lines = []
    for row in range(rows):
        line = Text()
        for column in range(columns):
            dots, colour = cells.get((column, row), (0, ""))
            line.append(braille.CHARACTERS[dots] if dots else " ", colour)
        lines.append(line)
    return lines


def curves_in(rows: int, features: int) -> int:
    """How many features of a series are drawn above one another in so many rows."""
    return max(1, min(features, rows // _LEAST_CURVE))


def draw_stacked(features: Rows, columns: int, rows: int) -> list[Text]:
    """The features of a series as curves above one another: of many, those that fit."""
    count = curves_in(rows, len(features))
    edges = [rows * number // count for number in range(count + 1)]
    return [
        line
        for number, (top, bottom) in enumerate(pairwise(edges))
        for line in draw_series([features[number]], columns, bottom - top, number)
    ]


def _resized(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """An array with another number of rows: means of several, or values between two."""
    count = len(values)
    if size < count:
        edges = np.linspace(0, count, size + 1)
        sums = np.vstack([np.zeros_like(values[:1]), values.cumsum(axis=0)])
        whole, part = edges.astype(int), edges % 1
        following = np.vstack([values, values[-1:]])[whole]
        at_edges = sums[whole] + part[:, None] * following
        return np.diff(at_edges, axis=0) / (count / size)
    centres = (np.arange(size) + 0.5) * count / size - 0.5
    low = np.clip(np.floor(centres).astype(int), 0, count - 1)
    high = np.minimum(low + 1, count - 1)
    part = np.clip(centres - low, 0, 1)[:, None]
    return (1 - part) * values[low] + part * values[high]

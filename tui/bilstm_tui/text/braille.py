"""Lines in braille dots, all dots at once in a few array operations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]

ROWS, _COLUMNS = 4, 2
"""Dots of a braille character."""
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""What each dot adds to a character's code (ISO/TR 11548-1)."""
CHARACTERS = [chr(0x2800 + dots) for dots in range(256)]
"""All braille characters; one object of each, as a picture holds thousands."""


def draw_line(
    x: Numbers, y: Numbers, width: int, height: int, dashes: Sequence[int] = ()
) -> dict[tuple[int, int], str]:
    """Draw a line through points.

    Args:
        x: Positions of the points in characters from the left edge, shape (N,).
        y: Positions of the points in characters from the upper edge, shape (N,).
        width: Columns of the canvas; what is outside is not drawn.
        height: Rows of the canvas.
        dashes: How many dots along the line are drawn and left out in turn; empty to draw all.

    Returns:
        The character at each column and row that the line touches, in the order in which it first
        comes there.
    """
    dots = np.zeros((ROWS * height, _COLUMNS * width), bool)
    x, y = np.append(x, x[-1:]), np.append(y, y[-1:])  # so that a single point is a dot
    columns, rows = _dots_of(*_clip(x * _COLUMNS, y * ROWS, *dots.shape[::-1]))
    inside = (columns >= 0) & (columns < dots.shape[1]) & (rows >= 0) & (rows < dots.shape[0])
    columns, rows = _dashed(columns[inside], rows[inside], dashes)
    dots[rows, columns] = True
    cells = dots.reshape(height, ROWS, width, _COLUMNS).swapaxes(1, 2)
    codes = (cells * _BITS).sum(axis=(2, 3))
    visited, first = np.unique(rows // ROWS * width + columns // _COLUMNS, return_index=True)
    return {
        (column, row): CHARACTERS[codes[row, column]]
        for row, column in (divmod(it, width) for it in visited[first.argsort()].tolist())
    }


def draw_extremes(
    low: Numbers, high: Numbers, width: int, height: int
) -> dict[tuple[int, int], str]:
    """Draw values over time as `draw_line` does.

    Args:
        low: The lowest value of each of N pieces of the time, which are equally wide; from 0 to 1.
        high: The highest value of each.
        width: Columns.
        height: Rows.
    """
    x = (np.arange(len(low)) + 0.5) / len(low) * width
    y = rows_of(np.column_stack((low, high)), height)
    keep = np.column_stack((np.ones(len(low), bool), low != high)).ravel()
    return draw_line(np.repeat(x, 2)[keep], y.ravel()[keep], width, height)


def draw_curve(curve: Sequence[float] | Numbers, width: int, height: int) -> list[str]:
    """Draw values at equal distances as a line from edge to edge; returns the rows.

    They are empty where there is no value, or no column to draw in.
    """
    values = np.array(curve, np.float64)
    if not len(values) or width < 1:
        return [" " * width] * height
    x, y = np.linspace(0, width - 1 / _COLUMNS, len(values)), rows_of(scaled(values), height)
    cells = draw_line(x, y, width, height)
    return ["".join(cells.get((x, y), " ") for x in range(width)) for y in range(height)]


def scaled(values: Numbers) -> Numbers:
    """Values from 0, the lowest, to 1, the highest; 0.5 if all are the same."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)


def rows_of(shares: Numbers, height: int) -> Numbers:
    """Where values from 0 to 1 are in so many rows: those of 0 and 1 are the outermost dots."""
    return (1 - shares) * (height - 1 / ROWS) + 0.5 / ROWS


def _dashed(
    columns: NDArray[np.int64], rows: NDArray[np.int64], dashes: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The dots along a line that are in a dash; a dot that is repeated is no step further."""
    if not dashes:
        return columns, rows
    has_moved = np.diff(columns, prepend=columns[:1]) | np.diff(rows, prepend=rows[:1]) != 0
    is_drawn = np.repeat(np.arange(len(dashes)) % 2 == 0, dashes)
    kept = is_drawn[has_moved.cumsum() % len(is_drawn)]
    return columns[kept], rows[kept]


def _clip(x: Numbers, y: Numbers, width: int, height: int) -> tuple[Numbers, Numbers]:
    """Clip straight lines to a rectangle, by Liang and Barsky (1984).

    Returns:
        x and y of the ends of the M lines that are left, each of shape (2, M).
    """
    starts, deltas = np.stack((x[:-1], y[:-1])), np.stack((np.diff(x), np.diff(y)))
    enter, leave = np.zeros(starts.shape[1]), np.ones(starts.shape[1])
    for start, delta, size in zip(starts, deltas, (width, height), strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = np.stack((-start / delta, (size - start) / delta))
        constant = delta == 0
        crossings[:, constant] = np.where((start < 0) | (start > size), np.nan, 0)[constant]
        crossings[1, constant] += 1
        enter = np.maximum(enter, crossings.min(axis=0))
        leave = np.minimum(leave, crossings.max(axis=0))
    fractions = np.stack((enter, leave))[:, enter <= leave]  # false where one is nan
    starts, deltas = starts[:, None, enter <= leave], deltas[:, None, enter <= leave]
    ends = starts + fractions * deltas
    return ends[0], ends[1]


def _dots_of(x: Numbers, y: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every dot of straight lines, one for each column or row, whichever are more."""
    x, y = np.floor(x), np.floor(y)
    deltas = np.stack((x[1] - x[0], y[1] - y[0]))
    counts = np.abs(deltas).max(axis=0).astype(np.int64) + 1
    line = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    fractions = number / np.maximum(counts - 1, 1)[line]
    columns = np.round(x[0, line] + fractions * deltas[0, line])
    rows = np.round(y[0, line] + fractions * deltas[1, line])
    return columns.astype(np.int64), rows.astype(np.int64)

"""Lines in braille dots: all of them at once, in a few array operations."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]

_ROWS, _COLUMNS = 4, 2
"""Dots of a braille character."""
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""What each dot adds to a character's code (ISO/TR 11548-1)."""
_BLANK = 0x2800


def draw_line(x: Numbers, y: Numbers, width: int, height: int) -> dict[tuple[int, int], str]:
    """The characters of a line through points.

    Args:
        x: Where the points are, in characters from the left edge, shape (N,).
        y: Where they are, in characters from the upper edge, shape (N,).
        width: Columns of the picture; what is outside is not drawn.
        height: Its rows.

    Returns:
        The character at each column and row that the line touches.
    """
    picture = np.zeros((_ROWS * height, _COLUMNS * width), bool)
    x, y = np.append(x, x[-1:]), np.append(y, y[-1:])  # so that a point alone is a dot
    columns, rows = _dots(*_clipped(x * _COLUMNS, y * _ROWS, *picture.shape[::-1]))
    inside = (columns >= 0) & (columns < picture.shape[1]) & (rows >= 0) & (rows < picture.shape[0])
    picture[rows[inside], columns[inside]] = True
    cells = picture.reshape(height, _ROWS, width, _COLUMNS).swapaxes(1, 2)
    codes = (cells * _BITS).sum(axis=(2, 3))
    return {
        (int(column), int(row)): chr(_BLANK + int(codes[row, column]))
        for row, column in np.argwhere(codes)
    }


def _clipped(x: Numbers, y: Numbers, width: int, height: int) -> tuple[Numbers, Numbers]:
    """The parts of straight lines inside a rectangle, by Liang and Barsky (1984).

    Returns:
        x and y of the ends, each of shape (2, M).
    """
    starts, ways = np.stack((x[:-1], y[:-1])), np.stack((np.diff(x), np.diff(y)))
    enter, leave = np.zeros(starts.shape[1]), np.ones(starts.shape[1])
    for start, way, size in zip(starts, ways, (width, height), strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = np.stack((-start / way, (size - start) / way))
        stands = way == 0
        crossings[:, stands] = np.where((start < 0) | (start > size), np.nan, 0)[stands]
        crossings[1, stands] += 1
        enter = np.maximum(enter, crossings.min(axis=0))
        leave = np.minimum(leave, crossings.max(axis=0))
    shares = np.stack((enter, leave))[:, enter <= leave]  # false where one is not a number
    starts, ways = starts[:, None, enter <= leave], ways[:, None, enter <= leave]
    ends = starts + shares * ways
    return ends[0], ends[1]


def _dots(x: Numbers, y: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every dot of straight lines, as many as the longer way has."""
    x, y = np.floor(x), np.floor(y)
    ways = np.stack((x[1] - x[0], y[1] - y[0]))
    counts = np.abs(ways).max(axis=0).astype(np.int64) + 1
    line = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    shares = number / np.maximum(counts - 1, 1)[line]
    columns = np.round(x[0, line] + shares * ways[0, line])
    rows = np.round(y[0, line] + shares * ways[1, line])
    return columns.astype(np.int64), rows.astype(np.int64)

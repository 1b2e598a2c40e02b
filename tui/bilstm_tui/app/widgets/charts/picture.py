"""Draws lines and markers on a canvas, so that no line hides another."""

from typing import TypeVar

import numpy as np
from textual_hires_canvas import Canvas

from ....text import braille
from .reduction import Numbers
from .zoom import Range

_FRAME = 1  # columns and rows of the frame on each side
_AT_END = 1e-6
_TRIED = 40  # points, until one is found without another's marker
_HALF_DOT = (0.25, 0.125)  # columns, rows

Number = TypeVar("Number", float, Numbers)


class Picture:
    """The part of a canvas inside its frame.

    Args:
        canvas: What to draw on.
        x_range: The ends of the x axis.
        y_range: The ends of the y axis.
    """

    def __init__(self, canvas: Canvas, x_range: Range, y_range: Range) -> None:
        self._canvas = canvas
        self._x_range, self._y_range = x_range, y_range
        self._width, self._height = (size - 2 * _FRAME for size in canvas.size)
        self._lines: dict[tuple[int, int], tuple[int, list[str]]] = {}
        self._marked: set[tuple[int, int]] = set()

    def draw_noise(self, x: Numbers, y: Numbers, style: str) -> None:
        """Draw a line that later ones replace."""
        for cell, character in self._cells(x, y).items():
            self._set(cell, character, style)

    def draw_line(self, x: Numbers, y: Numbers, style: str) -> None:
        """Draw a line; where it meets others, they take turns in giving cells their colours."""
        for cell, character in self._cells(x, y).items():
            dots, styles = self._lines.get(cell, (0, []))
            dots, styles = dots | ord(character) & 0xFF, [*styles, style]
            self._lines[cell] = dots, styles
            self._set(cell, braille.CHARACTERS[dots], styles[cell[0] % len(styles)])

    def draw_column(self, x: float, style: str) -> None:
        """Draw a vertical line over the whole height, unless it is out of view."""
        column = int(self._column(x))
        if 0 <= column < self._width:
            for row in range(self._height):
                self._set((column, row), "│", style)

    def mark_top(self, x: Numbers, marker: str, style: str) -> None:
        """Put markers at the upper edge, those that are in view."""
        for column in np.unique(self._column(x)).astype(int).tolist():
            if 0 <= column < self._width:
                self._set((column, 0), marker, style)

    def mark_last(self, x: Numbers, y: Numbers, marker: str, style: str) -> None:
        """Put a marker on the last point in view, or before it where another marker is."""
        columns, rows = np.floor(self._column(x)), np.floor(self._row(y))
        is_inside = (columns >= 0) & (columns < self._width) & (rows >= 0) & (rows < self._height)
        places = np.stack((columns, rows))[:, is_inside][:, : -_TRIED - 1 : -1].astype(int)
        if not places.size:
            return
        cells = [(column, row) for column, row in places.T.tolist()]
        column, row = cells[0]
        beside = [(column + 1, row), (column - 1, row)]  # if all points are in one cell
        for cell in (*cells, *beside):
            if self._is_inside(cell) and cell not in self._marked:
                self._marked.add(cell)
                self._set(cell, marker, style)
                return

    def mark(self, x: float, y: float, marker: str, style: str) -> None:
        """Put a marker on a point, unless it is out of view."""
        self._set((int(self._column(x)), int(self._row(y))), marker, style)

    def mark_all(self, x: Numbers, y: Numbers, marker: str, style: str) -> None:
        """Put the same marker on several points, of which as many may be in one cell."""
        columns, rows = np.floor(self._column(x)), np.floor(self._row(y))
        is_inside = (columns >= 0) & (columns < self._width) & (rows >= 0) & (rows < self._height)
        for cell in np.unique(np.stack((columns, rows))[:, is_inside], axis=1).T.astype(int):
            self._set((int(cell[0]), int(cell[1])), marker, style)

    def write(self, message: str, style: str) -> None:
        """Write a message in the middle, as much of it as there is space for."""
        row, first = self._height // 2, max(0, (self._width - len(message)) // 2)
        for column, character in enumerate(message, first):
            self._set((column, row), character, style)

    def _cells(self, x: Numbers, y: Numbers) -> dict[tuple[int, int], str]:
        if not len(x):
            return {}
        return braille.draw_line(self._column(x), self._row(y), self._width, self._height)

    def _column(self, x: Number) -> Number:
        """Columns from the left edge; the end of the axis is in the last one."""
        low, high = self._x_range
        columns = (x - low) * (self._width / (high - low))
        return columns - _HALF_DOT[0] * (abs(columns - self._width) < _AT_END)

    def _row(self, y: Number) -> Number:
        """Rows from the upper edge; the lower end of the axis is in the last one."""
        low, high = self._y_range
        rows = (high - y) * (self._height / (high - low))
        return rows - _HALF_DOT[1] * (abs(rows - self._height) < _AT_END)

    def _is_inside(self, cell: tuple[int, int]) -> bool:
        return 0 <= cell[0] < self._width and 0 <= cell[1] < self._height

    def _set(self, cell: tuple[int, int], character: str, style: str) -> None:
        if self._is_inside(cell):
            self._canvas.set_pixel(cell[0] + _FRAME, cell[1] + _FRAME, character, style)

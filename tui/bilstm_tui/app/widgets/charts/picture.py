"""Draws a frame with ticks, and in it lines and markers, so that no line hides another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TypeVar

import numpy as np
from textual.geometry import Region

from ....text import braille
from ..marks import SOLID, Stroke
from .axes import Ticks
from .canvas import Cells
from .reduction import Numbers
from .zoom import Range

_AT_END = 1e-6
_TRIED = 40  # points, until one is found without another's marker
_HALF_DOT = (0.25, 0.125)  # columns, rows
_DASHES = "⠉⠒⠤⣀"  # one for each quarter of a row
_LEAST_GAP = 1  # columns between two labels

Number = TypeVar("Number", float, Numbers)


@dataclass
class _Shared:
    """A cell of one or more lines.

    Attributes:
        turn: Which cell of the first line it is.
        dots: Those of all lines.
        looks: The style of each line, and the letter that it is drawn with, if it is.
    """

    turn: int
    dots: int = 0
    looks: list[tuple[str, str]] = field(default_factory=list)


class Picture:
    """The part of some cells inside a frame.

    Args:
        cells: What to draw on.
        frame: Where the frame is.
        x_range: The ends of the x axis.
        y_range: The ends of the y axis.
    """

    def __init__(self, cells: Cells, frame: Region, x_range: Range, y_range: Range) -> None:
        self._all, self._frame, self._inside = cells, frame, frame.shrink((1, 1, 1, 1))
        self._x_range, self._y_range = x_range, y_range
        self._width, self._height = self._inside.size
        self._lines: dict[tuple[int, int], _Shared] = {}
        self._marked: set[tuple[int, int]] = set()

    def draw_frame(self, style: str) -> None:
        """Draw a line around the picture."""
        x, y, width, height = self._frame
        line, gap = "─" * (width - 2), " " * (width - 2)
        lines = [f"┌{line}┐", *[f"│{gap}│"] * (height - 2), f"└{line}┘"]
        for row, characters in enumerate(lines, y):
            self._all.write(x, row, characters, style)

    def draw_ticks_below(self, ticks: Ticks, style: str, label_style: str) -> None:
        """Draw ticks into the lower line of the frame, and those labels that fit.

        They are below the frame, or where there is no row below it, in its line.
        """
        line = self._frame.bottom - 1
        is_below = line + 1 < self._all.height
        start, end = (0, self._all.width) if is_below else (self._inside.x, self._inside.right)
        places, labels = ticks.get_ticks_and_labels(*self._x_range)
        columns = [self._inside.x + int(self._column(place)) for place in places]
        for column in columns:
            self._all.set(column, line, "┬", style)
        free = start
        for column, label in zip(columns, labels, strict=True):
            first = max(start, min(column - (len(label) - 1) // 2, end - len(label)))
            if first >= free:
                self._all.write(first, line + is_below, label, label_style)
                free = first + len(label) + _LEAST_GAP

    def draw_ticks_beside(self, ticks: Ticks, style: str, label_style: str) -> None:
        """Draw ticks to a quarter of a row inside the frame, and their labels to the left of it."""
        free = self._height
        for tick, label in zip(*ticks.get_ticks_and_labels(*self._y_range), strict=True):
            row, part = divmod(self._row(tick), 1)
            self._set((0, int(row)), _DASHES[int(part * len(_DASHES))], style)
            if row < free:
                first = self._frame.x - 1 - len(label)
                self._all.write(first, self._inside.y + int(row), label, label_style)
                free = row

    def draw_noise(self, x: Numbers, y: Numbers, style: str) -> None:
        """Draw a line that later ones replace."""
        for cell, character in self._cells(x, y).items():
            self._set(cell, character, style)

    def draw_line(self, x: Numbers, y: Numbers, style: str, stroke: Stroke = SOLID) -> None:
        """Draw a line; where it meets others, they take turns in giving cells their colours.

        They take them along the first line: by column, a steep one would have all of a column.
        """
        for place, (cell, character) in enumerate(self._cells(x, y, stroke.dashes).items()):
            shared = self._lines.setdefault(cell, _Shared(place))
            shared.dots |= ord(character) & 0xFF
            shared.looks.append((style, stroke.letter))
            style_of_turn, letter = shared.looks[shared.turn % len(shared.looks)]
            self._set(cell, letter or braille.CHARACTERS[shared.dots], style_of_turn)

    def draw_column(self, x: float, style: str) -> None:
        """Draw a vertical line over the whole height, unless it is out of view."""
        column = math.floor(self._column(x))
        if 0 <= column < self._width:
            for row in range(self._height):
                self._set((column, row), "│", style)

    def mark_top(self, x: Numbers, marker: str, style: str) -> None:
        """Put markers at the upper edge, those that are in view."""
        for column in np.unique(np.floor(self._column(x))).astype(int).tolist():
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
        self._set((math.floor(self._column(x)), math.floor(self._row(y))), marker, style)

    def mark_all(self, x: Numbers, y: Numbers, marker: str, style: str) -> None:
        """Put the same marker on several points, of which as many may be in one cell."""
        columns, rows = np.floor(self._column(x)), np.floor(self._row(y))
        is_inside = (columns >= 0) & (columns < self._width) & (rows >= 0) & (rows < self._height)
        for cell in np.unique(np.stack((columns, rows))[:, is_inside], axis=1).T.astype(int):
            self._set((int(cell[0]), int(cell[1])), marker, style)

    def write(self, messages: Sequence[str], style: str) -> None:
        """Write the first message that fits into a row in the middle, or else the last in several.

        Args:
            messages: From the longest to the shortest.
            style: Its style.
        """
        room = self._width - 2
        if room < 1:
            return
        lines = next(([it] for it in messages if len(it) <= room), wrap(messages[-1], room))
        for row, line in enumerate(lines, (self._height - len(lines)) // 2):
            first = (self._width - len(line)) // 2
            for column, character in enumerate(line, first):
                self._set((column, row), character, style)

    def write_ends(self, low: str, high: str, style: str) -> None:
        """Write the ends of the y axis into the lower and upper line of the frame."""
        for row, words in ((self._frame.y, high), (self._frame.bottom - 1, low)):
            self._all.write(self._inside.x, row, words[: self._width], style)

    def _cells(
        self, x: Numbers, y: Numbers, dashes: Sequence[int] = ()
    ) -> dict[tuple[int, int], str]:
        if not len(x):
            return {}
        places = self._column(x), self._row(y)
        return braille.draw_line(*places, self._width, self._height, dashes)

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
            self._all.set(cell[0] + self._inside.x, cell[1] + self._inside.y, character, style)

"""A widget of cells that repaints only the cells that changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, Self

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Cells:
    """Characters with their styles, in rows.

    Args:
        width: Columns.
        height: Rows.

    Attributes:
        characters: The character in each column of each row.
        styles: The style of each, in Rich's words.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.characters = [[" "] * width for _ in range(height)]
        self.styles = [[""] * width for _ in range(height)]

    def set(self, column: int, row: int, character: str, style: str) -> None:
        """Set one cell; nothing outside."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self.characters[row][column] = character
            self.styles[row][column] = style

    def write(self, column: int, row: int, words: str, style: str) -> None:
        """Write in a row, as much as there is space for; each character takes one column."""
        for place, character in enumerate(words, column):
            self.set(place, row, character, style)

    def strip(self, row: int, base: Style) -> Strip:
        """A row, painted over a base style."""
        if row >= self.height:
            return Strip([])
        cells = zip(self.styles[row], self.characters[row], strict=True)
        return Strip(
            [
                Segment("".join(character for _, character in part), base + Style.parse(style))
                for style, part in groupby(cells, itemgetter(0))
            ],
            self.width,
        )

    def changes(self, other: "Cells") -> Iterator[Region]:
        """The part of each row that differs from other cells of the same size."""
        rows = zip(self.characters, other.characters, self.styles, other.styles, strict=True)
        for y, (new, old, new_styles, old_styles) in enumerate(rows):
            if new == old and new_styles == old_styles:
                continue
            cells = zip(new, old, new_styles, old_styles, strict=True)
            columns = [x for x, (a, b, c, d) in enumerate(cells) if a != b or c != d]
            yield Region(columns[0], y, columns[-1] - columns[0] + 1, 1)


class Canvas(Widget):
    """Cells with a line of words above and below, in the border.

    For slow connections: two drawings of a growing curve differ in a few cells.

    Attributes:
        cells: What was drawn last.
    """

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.cells = Cells(0, 0)
        self._around: tuple[Text, Text] = Text(), Text()
        self._is_drawing = False

    def refresh(self, *regions: Region, **others: Any) -> Self:
        """Repaint, except inside `drawing`."""
        return self if self._is_drawing else super().refresh(*regions, **others)

    def render_line(self, y: int) -> Strip:
        """Render a row of cells."""
        style = self.rich_style
        return self.cells.strip(y, style).adjust_cell_length(self.size.width, style)

    @contextmanager
    def drawing(self) -> Iterator[Cells]:
        """Draw on blank cells; when the context exits, the cells that changed are repainted."""
        cells, around = Cells(*self.size), self._around
        self._is_drawing = True
        try:
            yield cells
        finally:
            self._is_drawing = False
        before, self.cells = self.cells, cells
        if (before.width, before.height) != (cells.width, cells.height):
            self.refresh()
            return
        changed = [*cells.changes(before)]
        rows = zip((-1, cells.height), around, self._around, strict=True)
        changed += [Region(0, row, cells.width, 1) for row, old, new in rows if old != new]
        if changed:
            self.refresh(*changed)

    def write_around(self, above: Text, below: Text) -> None:
        """Write into the border above and below the cells; called inside `drawing`."""
        if above != self._around[0]:
            self.border_title = above
        if below != self._around[1]:
            self.border_subtitle = below
        self._around = above, below

"""A canvas that repaints only the cells that changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from textual.geometry import Region
from textual.strip import Strip
from textual_hires_canvas import Canvas

from ...textual_internals import Cells, ReadableCanvas


class DiffCanvas(ReadableCanvas, Canvas):
    """A canvas for slow connections: two drawings of a growing curve differ in a few cells."""

    _is_drawing = False

    def refresh(self, *regions: Region, **options: bool) -> Self:
        """Repaint, except inside `drawing`."""
        return self if self._is_drawing else super().refresh(*regions, **options)

    def render_line(self, y: int) -> Strip:
        """Render a row of cells; if the canvas is empty, a blank one in the style for NO_COLOR."""
        line = super().render_line(y)
        return line if line.cell_length else Strip.blank(self.size.width, self.rich_style)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw inside the context; when it exits, the cells that changed are repainted."""
        before = self.cells
        self._is_drawing = True
        try:
            yield
        finally:
            self._is_drawing = False
            self._repaint_changes(*before)

    def _repaint_changes(self, old_characters: Cells, old_styles: Cells) -> None:
        characters, styles = self.cells
        if characters is old_characters:  # nothing was drawn
            return
        if [*map(len, characters)] != [*map(len, old_characters)]:
            self.refresh()
            return
        changed = []
        for y, row in enumerate(zip(old_characters, characters, old_styles, styles, strict=True)):
            if row[0] == row[1] and row[2] == row[3]:
                continue
            cells = zip(*row, strict=True)
            columns = [x for x, (a, b, c, d) in enumerate(cells) if a != b or c != d]
            changed.append(Region(columns[0], y, columns[-1] - columns[0] + 1, 1))
        if changed:
            self.refresh(*changed)

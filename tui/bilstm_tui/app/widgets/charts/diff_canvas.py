"""A canvas that sends only what has changed."""

from collections.abc import Iterator
from contextlib import contextmanager

from textual.geometry import Region
from textual.strip import Strip
from textual_hires_canvas import Canvas

Cells = list[list[str]]


class DiffCanvas(Canvas):
    """Between two pictures of a growing curve a few cells differ; a slow link takes no more."""

    def render_line(self, y: int) -> Strip:
        """A line; where it has none yet, a blank one with a style: NO_COLOR's filter needs it."""
        line = super().render_line(y)
        return line if line.cell_length else Strip.blank(self.size.width, self.rich_style)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw inside it; at its end, what differs is shown."""
        characters, styles = self._buffer, self._styles  # `reset` makes new ones
        self._refreshes_pending += 1
        try:
            yield
        finally:
            self._refreshes_pending -= 1
            self._show_changes(characters, styles)

    def _show_changes(self, characters: Cells, styles: Cells) -> None:
        if characters is self._buffer:
            return
        if [*map(len, characters)] != [*map(len, self._buffer)]:
            self.refresh()
            return
        changed = []
        rows = zip(characters, self._buffer, styles, self._styles, strict=True)
        for y, (old, new, old_styles, new_styles) in enumerate(rows):
            if old == new and old_styles == new_styles:
                continue
            cells = zip(old, new, old_styles, new_styles, strict=True)
            columns = [x for x, (a, b, c, d) in enumerate(cells) if a != b or c != d]
            changed.append(Region(columns[0], y, columns[-1] - columns[0] + 1, 1))
        if changed:
            self.refresh(*changed)

"""Lines of text under a title, of which only those are sent to the terminal that change."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Self

from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip

from .styled_lines import StyledLines


class LinesView(StyledLines):
    """A widget for slow connections: pictures, say, stay while the bars below them change."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.lines: Sequence[Text] = ()

    def show_lines(self, lines: Sequence[Text], title: str) -> None:
        """Show these lines instead of the previous ones."""
        before, self.lines = self.lines, lines
        if changed := [y for y, (a, b) in enumerate(zip_longest(before, lines)) if a != b]:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))
        if title != self.border_title:
            self.border_title = title

    def render_line(self, y: int) -> Strip:
        """A row of the screen."""
        line = self.lines[y] if y < len(self.lines) else Text()
        width, style = self.size.width, self.line_style
        strip = Strip(line.render(self.app.console)).adjust_cell_length(width, style)
        return strip.apply_style(style)

    def refresh(self, *regions: Region, layout: bool = False, **others: Any) -> Self:
        """Repaint some lines, or else the title, whose change asks for all of the widget."""
        if not regions and not layout:
            regions = (Region(-1, -1, self.size.width + 2, 1),)
        return super().refresh(*regions, layout=layout, **others)

    def notify_style_update(self) -> None:
        """Repaint everything in the colours of another theme."""
        super().notify_style_update()
        self.refresh(Region(-1, -1, self.size.width + 2, self.size.height + 1))

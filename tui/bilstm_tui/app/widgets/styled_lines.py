"""A widget that is drawn line by line, in one style."""

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class StyledLines(Widget):
    """Looks its style up once for all lines of a paint: that takes as long as drawing a line.

    Attributes:
        line_style: The style of its lines, for `render_line`.
    """

    line_style = Style.null()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some lines of the widget."""
        self.line_style = self.rich_style
        return super().render_lines(crop)

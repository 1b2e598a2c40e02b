"""What is in the form's data: classes, lengths, features, examples, and what may be wrong."""

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bilstm_core.data.data_overview import DataOverview

from ...text.data_overview import overview_lines
from .drawing import render_image

_PICTURE_WIDTH = 16


class DataView(VerticalScroll):
    """An overview of a data set, drawn as wide as there is space."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: DataOverview | None = None
        self._message = Text()

    def compose(self) -> ComposeResult:
        """Compose the text."""
        yield Static()

    def show(self, overview: DataOverview) -> None:
        """Show what is in the data."""
        if overview is not self._overview:
            self._overview = overview
            self.scroll_home(animate=False)
            self._draw()

    def show_message(self, message: str, style: str = "dim") -> None:
        """Show a sentence instead."""
        self._overview, self._message = None, Text(message, style)
        self._draw()

    def on_resize(self) -> None:
        """Adapt to the width."""
        self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if not self._overview:
            self.query_one(Static).update(self._message)
        elif width:
            lines = overview_lines(self._overview, width, _draw_picture)
            self.query_one(Static).update(Text("\n").join(lines))


def _draw_picture(picture: Sequence[Sequence[int]]) -> list[Text]:
    pixels = [[pixel / 255 for pixel in row] for row in picture]
    return render_image(pixels, scale=max(1, _PICTURE_WIDTH // len(pixels[0])))

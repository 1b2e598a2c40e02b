"""The log of a run, line by line."""

from collections import deque
from collections.abc import Iterable, Iterator

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

_MAX_LINES = 1000


class RunLog(ScrollView, can_focus=True):
    """Lines wrapped to the width; it follows the latest line unless the user scrolled up.

    Textual's own logs cause a layout and a redraw of the whole screen for each line. With seven
    epochs per second that takes a tenth of a core, and twice the bytes on the connection.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: deque[Text] = deque(maxlen=_MAX_LINES)
        self._strips: deque[Strip] = deque(maxlen=_MAX_LINES)
        self._is_following = True
        self._wrapped_width = 0

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()
        self._is_following = True
        self.on_resize()
        self.scroll_to(y=0, animate=False, immediate=True)

    def write(self, *lines: Text) -> None:
        """Add lines, which are drawn together."""
        self._lines.extend(lines)
        if lines:
            self._show(lines)

    def on_resize(self) -> None:
        """Wrap all lines to the width."""
        self._wrapped_width = self._width
        self._strips.clear()
        self._show(self._lines)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the latest line again when the user scrolls to the end."""
        super().watch_scroll_y(old_value, new_value)
        self._is_following = new_value >= self.max_scroll_y

    def render_line(self, y: int) -> Strip:
        """Render a line of the screen.

        Textual does not report every size: not the first one, where the places of widgets were
        looked up between two layouts.
        """
        if self._width != self._wrapped_width:
            self.on_resize()
        row = y + self.scroll_offset.y
        if row >= len(self._strips):
            return Strip.blank(self._width, self.rich_style)
        strip = self._strips[row].crop_extend(0, self._width, self.rich_style)
        return strip.apply_style(self.rich_style)

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    def _show(self, new_lines: Iterable[Text]) -> None:
        """Show more lines without a layout: only the scrollbar and the lines change."""
        if not self._width:  # there was no layout yet
            return
        for line in new_lines:
            self._strips.extend(self._wrap(line))
        size = Size(self._width, len(self._strips))
        self.set_reactive(RunLog.virtual_size, size)  # pyright: ignore[reportArgumentType]
        self.vertical_scrollbar.window_virtual_size = len(self._strips)
        self.vertical_scrollbar.window_size = self.scrollable_content_region.height
        if self._is_following:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

    def _wrap(self, line: Text) -> Iterator[Strip]:
        console = self.app.console
        for part in line.wrap(console, self._width) or [Text()]:
            yield Strip(
                Segment(segment.text, segment.style or Style.null())
                for segment in part.render(console)
            )

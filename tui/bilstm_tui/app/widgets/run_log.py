"""What a run says, line by line."""

from collections import deque
from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

_MAX_LINES = 1000


class RunLog(ScrollView, can_focus=True):
    """Lines, the latest below, wrapped to the width; it follows them unless scrolled up.

    Textual's own logs have the whole screen laid out and drawn anew for each line; a run of
    seven epochs a second costs a tenth of a core that way, and its link twice the bytes.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._told: deque[Text] = deque(maxlen=_MAX_LINES)
        self._strips: deque[Strip] = deque(maxlen=_MAX_LINES)
        self._is_following = True

    def clear(self) -> None:
        """Forget all lines."""
        self._told.clear()
        self._is_following = True
        self._wrap_all()
        self.scroll_to(y=0, animate=False, immediate=True)

    def write(self, *lines: Text) -> None:
        """So many lines more, drawn together."""
        self._told.extend(lines)
        if self._room and lines:
            for line in lines:
                self._strips.extend(self._wrapped(line))
            self._show()

    def on_resize(self) -> None:
        """Another width, other breaks."""
        self._wrap_all()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whoever scrolls up wants to read; at the end it follows again."""
        super().watch_scroll_y(old_value, new_value)
        self._is_following = new_value >= self.max_scroll_y

    def render_line(self, y: int) -> Strip:
        """A line of the screen."""
        row = y + self.scroll_offset.y
        if row >= len(self._strips):
            return Strip.blank(self._room, self.rich_style)
        return (
            self._strips[row]
            .crop_extend(0, self._room, self.rich_style)
            .apply_style(self.rich_style)
        )

    @property
    def _room(self) -> int:
        return self.scrollable_content_region.width

    def _wrap_all(self) -> None:
        self._strips.clear()
        if self._room:
            for line in self._told:
                self._strips.extend(self._wrapped(line))
            self._show()

    def _wrapped(self, line: Text) -> Iterable[Strip]:
        console = self.app.console
        for part in line.wrap(console, self._room) or [Text()]:
            yield Strip(
                Segment(segment.text, segment.style or Style.null())
                for segment in part.render(console)
            )

    def _show(self) -> None:
        """Take the new length without a layout: only the scrollbar and the lines depend on it."""
        size = Size(self._room, len(self._strips))
        self.set_reactive(RunLog.virtual_size, size)  # pyright: ignore[reportArgumentType]
        self.vertical_scrollbar.window_virtual_size = len(self._strips)
        self.vertical_scrollbar.window_size = self.scrollable_content_region.height
        if self._is_following:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

"""The mouse wheel on a chart among more than fits on the screen."""

from textual.events import MouseScrollDown, MouseScrollUp
from textual.widget import Widget


class WheelPasses:
    """A mixin for charts: in something that scrolls, the wheel zooms the one with the focus."""

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Leave the event to what scrolls."""
        self._pass_on(event)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Leave the event to what scrolls."""
        self._pass_on(event)

    def _pass_on(self, event: MouseScrollDown | MouseScrollUp) -> None:
        assert isinstance(self, Widget)  # noqa: S101
        parent = self.parent
        if not self.has_focus and isinstance(parent, Widget) and parent.max_scroll_y > 0:
            event.prevent_default()

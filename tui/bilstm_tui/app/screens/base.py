"""The base of all screens."""

from typing import ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen

T = TypeVar("T")


class BaseScreen(Screen[T]):
    """A screen that can be below another one, and that handles Tab before the keys after it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", priority=True, show=False),
        Binding("shift+tab", "app.focus_previous", priority=True, show=False),
    ]

    @property
    def is_current(self) -> bool:
        """Whether the screen is visible.

        Textual also says so of a screen that an opaque one covers, and sends the whole upper
        screen again whenever the lower one changes.
        """
        above = self.app.screen
        return super().is_current and (above is self or above.styles.background.a < 1)

    @on(Resize)
    def _ignore_old_size(self, event: Resize) -> None:
        """Ignore a size that the terminal no longer has.

        A screen sends itself each new size again. After two quick changes it would go back and
        forth between both sizes for ever, and handle no more keys.
        """
        if event.size != self.app.size:
            event.prevent_default()

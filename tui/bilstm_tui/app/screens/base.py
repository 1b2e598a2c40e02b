"""What Textual's screens lack where one lies above another."""

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen

T = TypeVar("T")


class BaseScreen(Screen[T]):
    """A screen that may lie below another one, and takes Tab before the letters after it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", priority=True, show=False),
        Binding("shift+tab", "app.focus_previous", priority=True, show=False),
    ]

    @property
    def is_current(self) -> bool:
        """Whether it is seen.

        Textual says so of a screen that another one hides, too, and with each word that is new
        on the lower it would send the whole upper one again.
        """
        above = self.app.screen
        return super().is_current and (above is self or above.styles.background.a < 1)

    def _screen_resized(self, size: Size) -> None:
        """Take the terminal's size, but none that it had before.

        A screen below sends itself each size again, once it may be another already: then two of
        them would follow each other for ever, and no key be taken any more.
        """
        if size == self.app.size:
            super()._screen_resized(size)

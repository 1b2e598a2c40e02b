"""The base of all screens, and what several of them use."""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from bilstm_core.runs.run import Run

T = TypeVar("T")


@dataclass
class InspectRequested(Message):
    """The user wants to inspect the network of a run."""

    run: Run


@dataclass
class ExportRequested(Message):
    """The user wants to export a run."""

    run: Run


class BaseScreen(Screen[T]):
    """A screen that is not redrawn while another covers it, and handles Tab before other keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", priority=True, show=False),
        Binding("shift+tab", "app.focus_previous", priority=True, show=False),
    ]

    @property
    def is_current(self) -> bool:
        """Whether the screen is visible.

        For Textual, a screen below an opaque one is current, too. Each change of the lower screen
        would then send the whole upper one again.
        """
        above = self.app.screen
        return super().is_current and (above is self or above.styles.background.a < 1)

    @on(Resize)
    def _ignore_old_size(self, event: Resize) -> None:
        """Ignore a size that the terminal no longer has.

        A screen posts each new size to itself again. After two quick changes it would switch
        between both sizes for ever, and handle no more keys.
        """
        if event.size != self.app.size:
            event.prevent_default()


def is_typing(screen: Screen[Any]) -> bool:
    """Whether letter keys are characters, because a text field has the focus."""
    return isinstance(screen.focused, Input) and screen.focused.type == "text"

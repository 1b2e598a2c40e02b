"""The base of all screens, and what several of them use."""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.events import Key, Resize
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from bilstm_core.runs.run import Run

T = TypeVar("T")
_LEAST_WIDTH, _LEAST_HEIGHT = 60, 18


@dataclass
class InspectRequested(Message):
    """The user wants to inspect the network of a run."""

    run: Run


@dataclass
class ExportRequested(Message):
    """The user wants to export a run."""

    run: Run


class TrainRequested(Message):
    """The user wants to train with the form's settings, without a look at them."""


class TooSmall(Static):
    """Covers a screen for which the terminal is too small."""

    def show_size(self, width: int, height: int) -> None:
        """Say how large the terminal is, and how large it has to be."""
        self.update(
            f"Too small: {width}×{height}.\nThe app needs {_LEAST_WIDTH}×{_LEAST_HEIGHT}: enlarge "
            "the terminal.\nA run continues meanwhile; q quits.",
            layout=False,
        )


class BaseScreen(Screen[T]):
    """A screen that is not redrawn while another covers it, and handles Tab before other keys."""

    EXPLAINS_LETTERS: ClassVar[bool] = True
    """Whether a letter without a meaning is answered with a message."""
    TAKES_TEXT: ClassVar[bool] = False
    """Whether a text field gets the focus as soon as there is one."""

    FIRST_KEYS: ClassVar[tuple[str, ...]] = ()
    """Actions whose keys are in the footer before those of what has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", priority=True, show=False),
        Binding("shift+tab", "app.focus_previous", priority=True, show=False),
    ]

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """What has the focus; the widgets that lose and get it repaint themselves, not all others."""

    @property
    def is_current(self) -> bool:
        """Whether the screen is visible.

        For Textual, a screen below an opaque one is current, too. Each change of the lower screen
        would then send the whole upper one again.
        """
        above = self.app.screen
        return super().is_current and (above is self or above.styles.background.a < 1)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close the screen if it is on top; Textual would close whatever is.

        A key that is pressed twice asks for it a second time, and what a screen has waited for may
        come when it is below a dialog, or closed.
        """
        is_on_top = self.app.screen_stack[-1:] == [self]
        return super().dismiss(result) if is_on_top else AwaitComplete()

    @on(Resize)
    def _ignore_old_size(self, event: Resize) -> None:
        """Ignore a size that the terminal no longer has.

        A screen posts each new size to itself again. After two quick changes it would switch
        between both sizes for ever, and handle no more keys.
        """
        if event.size != self.app.size:
            event.prevent_default()

    @on(Resize)
    def _cover_if_too_small(self) -> None:
        """Say so where the terminal is too small, until it is larger."""
        width, height = self.app.size
        is_too_small = width < _LEAST_WIDTH or height < _LEAST_HEIGHT
        covers = self.query(TooSmall)
        if is_too_small and not covers:
            cover = TooSmall()
            self.mount(cover)
            cover.show_size(width, height)
        for cover in covers:
            cover.display = is_too_small
            cover.show_size(width, height)

    def on_key(self, event: Key) -> None:
        """Say that a letter does nothing here, rather than doing nothing in silence."""
        character = event.character or ""
        if character.isalpha() and self.EXPLAINS_LETTERS and event.key not in self.active_bindings:
            self.app.clear_notifications()
            self.notify(self.why_nothing(character), timeout=3)

    def why_nothing(self, letter: str) -> str:
        """What to say about a letter that does nothing here."""
        return f"{letter} does nothing here; ? lists the keys."


def is_typing(screen: Screen[Any]) -> bool:
    """Whether letter keys are characters, because a text field has the focus, or will have it."""
    if screen.focused is None:
        return isinstance(screen, BaseScreen) and screen.TAKES_TEXT
    return isinstance(screen.focused, Input) and screen.focused.type == "text"

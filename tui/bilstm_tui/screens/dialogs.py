"""Questions and failures, over whatever is on the screen."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static

from bilstm_core.errors import BilstmError

from ..output import harmless


class Question(ModalScreen[str]):
    """Asks; answers with the key of the button chosen, or '' where none was.

    Args:
        title: In short.
        words: What it is about.
        answers: Label by key; the first is the default.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss('')", "Cancel")]

    def __init__(self, title: str, words: str, answers: Mapping[str, str]) -> None:
        super().__init__()
        self._title = title
        self._words = words
        self._answers = answers

    def compose(self) -> ComposeResult:
        """A box with a button for each answer."""
        with Vertical(id="dialog"):
            yield Label(Text(self._title, style="bold"))
            yield Static(Text(harmless(self._words)))
            with Horizontal():
                for number, (key, label) in enumerate(self._answers.items()):
                    yield Button(label, id=key, variant="default" if number else "primary")

    def on_mount(self) -> None:
        """The default answer is an Enter away."""
        self.query(Button).first().focus()

    def key_left(self) -> None:
        """The answer before."""
        self.focus_previous(Button)

    def key_right(self) -> None:
        """The next answer."""
        self.focus_next(Button)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id or "")


def failure(error: BilstmError) -> Question:
    """A failure in words, with what to do next."""
    words = "\n\n".join(filter(None, (error.message, error.advice)))
    return Question(f"✗ {error.title}", words, {"ok": "Close"})

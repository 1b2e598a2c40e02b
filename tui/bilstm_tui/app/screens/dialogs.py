"""Questions and failures, over whatever is on the screen."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static
from textual.widgets.button import ButtonVariant

from bilstm_core.errors import BilstmError

from ...text.advice import with_commands
from ...text.console import sanitize
from ..widgets.ordered_input import OrderedInput
from .base import BaseScreen


class _Answer(Button):
    """A button that stands for an answer.

    Args:
        key: The answer.
        label: Its words.
        variant: Textual's.
    """

    def __init__(self, key: str, label: str, variant: ButtonVariant) -> None:
        super().__init__(label, id=key or None, variant=variant)
        self.key = key


_CLOSE = {"": "Close"}


class Dialog(ModalScreen[str], BaseScreen[str]):
    """A box over whatever is on the screen; answers '' where it was left by Escape.

    Args:
        title: In short.
        words: What it is about.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss('')", "Cancel")]

    def __init__(self, title: str, words: str) -> None:
        super().__init__()
        self._title = title
        self._words = words

    def compose(self) -> ComposeResult:
        """Title, words, and what they ask for."""
        with Vertical(id="dialog"):
            yield Label(Text(self._title, style="bold"))
            yield Static(Text(sanitize(self._words)), id="words")
            yield from self.asked()

    def asked(self) -> ComposeResult:
        """What is below the words."""
        yield from ()


class Question(Dialog):
    """Asks; answers with the key of the button chosen.

    Args:
        title: In short.
        words: What it is about.
        answers: Label by key; the first is the default.
    """

    def __init__(self, title: str, words: str, answers: Mapping[str, str]) -> None:
        super().__init__(title, words)
        self._answers = answers

    def asked(self) -> ComposeResult:
        """A button for each answer."""
        with Horizontal():
            for number, (key, label) in enumerate(self._answers.items()):
                yield _Answer(key, label, variant="default" if number else "primary")

    def on_mount(self) -> None:
        """The default answer is an Enter away, from the first moment on."""
        self.set_focus(self.query(Button).first())

    def key_left(self) -> None:
        """The answer before."""
        self.focus_previous(Button)

    def key_right(self) -> None:
        """The next answer."""
        self.focus_next(Button)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        assert isinstance(event.button, _Answer)  # noqa: S101 - there are no others
        self.dismiss(event.button.key)


async def ask(app: App[Any], dialog: Dialog) -> str | None:
    """Show a dialog and wait for its answer; None where one is there: keys are pressed twice."""
    return None if isinstance(app.screen, Dialog) else await app.push_screen_wait(dialog)


class Prompt(Dialog):
    """Asks for a word or a number; answers with what was typed.

    Args:
        title: In short.
        words: What it is about.
        value: What stands there at first.
        problem_of: What is wrong with what was typed, in words; empty where nothing is.
    """

    def __init__(
        self,
        title: str,
        words: str,
        value: str = "",
        problem_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        super().__init__(title, words)
        self._value = value
        self._problem_of = problem_of

    def asked(self) -> ComposeResult:
        """A field."""
        yield OrderedInput(self._value, compact=True, id="answer")
        yield Static(id="prompt-problem")
        yield Label("Enter: take it   Esc: cancel", id="prompt-keys")

    def on_mount(self) -> None:
        """Whoever types at once types into the field."""
        self.set_focus(self.query_one(Input))

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        event.stop()
        problem = self._problem_of(event.value)
        if problem:
            self.query_one("#prompt-problem", Static).update(Text(sanitize(problem)))
        else:
            self.dismiss(event.value)


def failure(error: BilstmError, answers: Mapping[str, str] = _CLOSE) -> Question:
    """What happened and what to do next."""
    advice = with_commands(error.advice, error.remedies)
    words = "\n\n".join(filter(None, (error.message, advice)))
    return Question(f"✗ {error.title}", words, answers)

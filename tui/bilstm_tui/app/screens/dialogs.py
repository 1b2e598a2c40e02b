"""Dialogs: questions, prompts, and errors."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from bilstm_core.errors import BilstmError

from ...text.advice import with_commands
from ...text.console import sanitize
from ..widgets.key_footer import KeyFooter
from ..widgets.ordered_input import OrderedInput
from .base import BaseScreen

_CLOSE = {"": "Close"}


class Dialog(ModalScreen[str], BaseScreen[str]):
    """A box over the current screen; its result is None if it is closed with Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", tooltip="Close it and change nothing")
    ]
    EXPLAINS_LETTERS = False

    def __init__(self, title: str, message: str) -> None:
        super().__init__()
        self._title = title
        self._message = message

    def compose(self) -> ComposeResult:
        """Compose the title, the message, and what is below them."""
        with Vertical(id="dialog"):
            yield Label(Text(self._title, style="bold"))
            yield Static(Text(sanitize(self._message)), id="message")
            yield from self.compose_body()
        yield KeyFooter()

    def compose_body(self) -> ComposeResult:
        """Compose what is below the message: nothing, unless a subclass has something."""
        return ()


class Answer(OrderedInput):
    """The text field of a dialog."""

    BINDING_GROUP_TITLE = "In a dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Accept", tooltip="Accept what is typed")
    ]

    def __init__(self, value: str = "", *, placeholder: str = "") -> None:
        super().__init__(value, placeholder, compact=True, id="answer")


class AnswerButton(Button):
    """An answer to a question."""

    BINDING_GROUP_TITLE = "In a question"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.move(-1)", "Choose", tooltip="Go to the answer before"),
        Binding("right", "screen.move(1)", "Choose", tooltip="Go to the next answer"),
        Binding("enter", "press", "Select", tooltip="Give this answer"),
    ]


class Question(Dialog):
    """Lets the user choose an answer; its result is the key of the answer.

    Args:
        answers: The label of each button by key; the first is the default. An empty key is that of
            a button that does the same as Escape.
    """

    def __init__(self, title: str, message: str, answers: Mapping[str, str]) -> None:
        super().__init__(title, message)
        self._answers = answers

    def compose_body(self) -> ComposeResult:
        """Compose a button for each answer."""
        with Horizontal():
            for number, (key, label) in enumerate(self._answers.items()):
                variant = "default" if number else "primary"
                yield AnswerButton(label, variant, name=key, id=key or None)

    def on_mount(self) -> None:
        """Focus the default answer."""
        self.set_focus(self.query(Button).first())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to move only where there are several answers."""
        return action != "move" or len(self._answers) > 1

    def action_move(self, by: int) -> None:
        """Focus another answer."""
        if by > 0:
            self.focus_next(Button)
        else:
            self.focus_previous(Button)

    @on(Button.Pressed)
    def _choose(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.name or None)


class TextDialog(Dialog):
    """A dialog with a text field, which has the focus; keys that come earlier reach it, too."""

    TAKES_TEXT = True

    def on_mount(self) -> None:
        """Focus the text field."""
        self.set_focus(self.query_one(Input))

    @on(Key)
    async def _pass_on(self, event: Key) -> None:
        """Pass on a key that was pressed before the text field had the focus."""
        field = self.query_one(Input)
        if event.is_printable and event.character:
            field.insert_text_at_cursor(event.character)
        elif event.key == "enter":
            await field.action_submit()


class Prompt(TextDialog):
    """Lets the user type a word or a number; its result is the text.

    Args:
        value: The initial text.
        find_problem: Returns what is wrong with a text; empty if nothing is.
    """

    def __init__(
        self,
        title: str,
        message: str,
        value: str = "",
        find_problem: Callable[[str], str] = lambda _: "",
    ) -> None:
        super().__init__(title, message)
        self._value = value
        self._find_problem = find_problem

    def compose_body(self) -> ComposeResult:
        """Compose the text field."""
        yield Answer(self._value)
        yield Static(id="prompt-problem")

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        """Say what is wrong while the user types."""
        self._show_problem(self._find_problem(event.value))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        problem = self._find_problem(event.value)
        self._show_problem(problem)
        if not problem:
            self.dismiss(event.value)

    def _show_problem(self, problem: str) -> None:
        self.query_one("#prompt-problem", Static).update(Text(problem and f"! {problem}"))


def ask(app: App[Any], dialog: Dialog, use: Callable[[str], Any]) -> None:
    """Show a dialog, and use its result unless it was cancelled.

    It opens at once, not in a worker: letters typed right after a key with priority reach it. If a
    dialog is open, nothing happens: the key was pressed twice.
    """
    if not isinstance(app.screen, Dialog):
        app.push_screen(dialog, lambda answer: None if answer is None else use(answer))


def in_lines(error: BilstmError) -> str:
    """What happened and what to do next, for a place beside what it is about."""
    return "\n".join(filter(None, (error.message, error.advice)))


def error_dialog(error: BilstmError, answers: Mapping[str, str] = _CLOSE) -> Question:
    """A dialog that shows what happened and what to do next."""
    advice = with_commands(error.advice, error.remedies)
    message = "\n\n".join(filter(None, (error.message, advice)))
    return Question(f"✗ {error.title}", message, answers)

"""Asks for a setting by its name, to go to it in the form."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from bilstm_core.config.settings import SETTINGS

from .dialogs import Answer, TextDialog

_NAMES = ("preset", *SETTINGS)


class SettingPrompt(TextDialog):
    """Lets the user type a part of a name, or choose one; its result is the name of a setting."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.move(-1)", "Choose", priority=True),
        Binding("down", "screen.move(1)", "Choose", priority=True),
        Binding("tab", "screen.complete", "Complete", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__("Go to a setting", "Type a part of its name, or of what it does.")
        self._found: list[str] = []

    def compose_body(self) -> ComposeResult:
        """Compose the text field, and below it the settings that match."""
        yield Answer(placeholder="name of a setting")
        matches = OptionList(id="matches", compact=True)
        matches.can_focus = False  # the arrow keys move in it while the field has the focus
        yield matches

    def on_mount(self) -> None:
        """List all settings."""
        self._list("")

    @on(Input.Changed)
    def _follow(self, event: Input.Changed) -> None:
        self._list(event.value)

    def _list(self, typed: str) -> None:
        self._found = matching(typed)
        options = self.query_one(OptionList)
        options.clear_options()
        width = max(map(len, _NAMES))
        for name in self._found:
            help_line = SETTINGS[name].help if name in SETTINGS else "named starting points"
            line = f"{name:<{width}}  {help_line}"
            options.add_option(Option(Text(line, no_wrap=True, overflow="ellipsis")))
        options.highlighted = 0 if self._found else None

    def action_move(self, by: int) -> None:
        """Move in the list."""
        options = self.query_one(OptionList)
        if self._found:
            place = (options.highlighted or 0) + by
            options.highlighted = min(max(place, 0), len(self._found) - 1)

    def action_complete(self) -> None:
        """Complete the name under the cursor."""
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            field = self.query_one(Input)
            field.value = self._found[highlighted]
            field.cursor_position = len(field.value)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self.dismiss(self._found[highlighted])

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index])


def matching(typed: str) -> list[str]:
    """The settings that a text may mean: those that begin with it first, then by name, by help."""
    word = typed.strip().lower().replace(" ", "_")

    def rank(name: str) -> int:
        help_line = SETTINGS[name].help.lower() if name in SETTINGS else ""
        reasons = (
            name.startswith(word),
            any(part.startswith(word) for part in name.split("_")),
            word in name,
            typed.strip().lower() in help_line,
        )
        return reasons.index(True) if True in reasons else len(reasons)

    ranked = sorted(_NAMES, key=rank)
    return [name for name in ranked if rank(name) < 4]

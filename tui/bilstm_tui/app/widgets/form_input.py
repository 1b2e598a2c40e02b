"""A field of the form for a number or a text."""

import re
from contextlib import suppress
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Blur, Key, MouseDown, Paste
from textual.widgets.input import Selection

from bilstm_core.config.settings import SETTINGS
from bilstm_core.config.stepping import stepped

from ...text.command_line import as_typed
from .ordered_input import OrderedInput

_BEGINNINGS = frozenset("0123456789.-")
"""Characters with which a number begins."""
_WITHIN = frozenset("eE+")
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]*((?<=[0-9])[eE][-+]?[0-9]*)?")
"""The beginning of a number."""
_MOST_CHARACTERS = 40  # of a number


class FormInput(OrderedInput):
    """An input that is edited only after Enter, a click, or the first character typed.

    Until then the arrow keys belong to the form: they move between rows and change a number.

    Attributes:
        is_editing: Whether it is edited.
    """

    BINDING_GROUP_TITLE = "In a number or text"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "Edit", tooltip="Edit it, as typing does"),
        Binding("enter", "accept", "Accept", tooltip="Accept what was typed"),
        Binding("escape", "cancel", "Cancel", tooltip="Restore the value from before the edit"),
    ]

    def __init__(self, value: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        self.setting = SETTINGS[id]
        # a word such as auto may be allowed beside numbers
        kind = "number" if self.setting.is_numeric and not self.setting.others else "text"
        super().__init__(value, id=id, compact=True, type=kind, select_on_focus=False)
        self.cursor_blink = False  # each blink is sent over the link
        self.is_editing = False
        self._value_before = value

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to edit, or to end that."""
        if action in {"accept", "cancel"}:
            return self.is_editing
        return action != "edit" or not self.is_editing

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Whether a key is a character here; in a number, no letter is but that of 1e-3."""
        if character is None or not character.isprintable():
            return False
        if self.type == "text":
            return True
        return character in _BEGINNINGS or (self.is_editing and character in _WITHIN)

    async def on_key(self, event: Key) -> None:
        """Begin to edit with a character, end with Enter or Escape."""
        if not self.is_editing and self._begins_edit(event):
            self.action_edit()
            if event.is_printable:
                self.value = ""
        elif self.is_editing and event.key in {"enter", "escape"}:
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                self.action_accept()
            else:
                self.action_cancel()
            return
        elif event.is_printable and not self.check_consume_key(event.key, event.character):
            event.prevent_default()
            is_grey = event.key in self.screen.active_bindings  # and the screen says why
            if not is_grey:
                event.stop()
                self.restricted()
            return
        await super().on_key(event)

    def replace(self, text: str, start: int, end: int) -> None:
        """Replace a part of the text, unless that makes something that is no number.

        Textual's own check takes minutes for twenty digits and a letter.
        """
        if self.type == "text":
            super().replace(text, start, end)
            return
        text = text.strip()
        whole = self.value[:start] + text + self.value[end:]
        if len(whole) <= _MOST_CHARACTERS and _NUMBER.fullmatch(whole):
            super().replace(text, start, end)
        else:
            self.restricted()

    def restricted(self) -> None:
        """Say what may be typed."""
        self.app.clear_notifications()
        self.notify(f"Allowed in {self.id}: {self.setting.allowed}.", timeout=4)

    def _begins_edit(self, event: Key) -> bool:
        if event.key in {"backspace", "delete"}:
            return True
        return event.is_printable and (self.type == "text" or event.character in _BEGINNINGS)

    def on_mouse_down(self, _event: MouseDown) -> None:
        """Edit at the place of the click."""
        self.action_edit()

    def on_paste(self, _event: Paste) -> None:
        """Edit with what is pasted: instead of the value, unless that is being edited."""
        if not self.is_editing:
            self.action_edit()
            self.selection = Selection(0, len(self.value))

    def on_blur(self, _event: Blur) -> None:
        """Accept what was typed."""
        self.action_accept()

    def action_submit(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Edit: Enter reaches this only while the field is not edited."""
        self.action_edit()

    def action_edit(self) -> None:
        """Begin to edit."""
        if not self.is_editing:
            self._value_before = self.value
            self.cursor_position = len(self.value)
            self._set_editing(True)

    def action_accept(self) -> None:
        """End the edit."""
        if self.is_editing:
            self._set_editing(False)

    def action_cancel(self) -> None:
        """End the edit and restore the value from before."""
        self.value = self._value_before
        self.action_accept()

    def _set_editing(self, is_editing: bool) -> None:
        self.is_editing = is_editing
        self.set_class(is_editing, "-editing")
        self.refresh_bindings()

    def choose(self, value: str) -> None:
        """Show another value, unless it is just typed."""
        if self.value != value:
            self.value = value

    def step(self, direction: int) -> None:
        """Change a number to the next sensible value."""
        if self.setting.is_numeric:
            start = self.setting.default
            with suppress(ValueError):
                start = float(self.value)
            self.value = as_typed(self.setting, stepped(self.setting, start, direction))

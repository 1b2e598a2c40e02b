"""A field of the form that is on or off."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Checkbox


class SwitchField(Checkbox):
    """A check box that says in words whether it is on, for terminals without colours."""

    BINDING_GROUP_TITLE = "On a switch"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "toggle_button", "Switch", tooltip="Switch it on or off")
    ]
    BUTTON_LEFT = BUTTON_RIGHT = ""

    def __init__(self, *, value: bool, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__("", value, id=id, compact=True)

    @property
    def BUTTON_INNER(self) -> str:  # pyright: ignore  # noqa: N802 - Textual's name
        """The box and the word beside it."""
        return "[✓] on" if self.value else "[ ] off"

    def step(self, _direction: int) -> None:
        """Switch it."""
        self.toggle()

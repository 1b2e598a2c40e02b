"""A list of choices whose keys are in the footer."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList


class Choices(OptionList):
    """A list of which Enter chooses a line."""

    BINDING_GROUP_TITLE = "In a list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "Choose", tooltip="Go to the line above"),
        Binding("down", "cursor_down", "Choose", tooltip="Go to the line below"),
        Binding("enter", "select", "Select", tooltip="Choose this line"),
    ]

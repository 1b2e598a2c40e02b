"""Lists of choices."""

from contextlib import suppress
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList


class SteadyList(OptionList):
    """A list whose page keys do nothing before its lines are laid out: Textual's fail then."""

    def action_page_up(self) -> None:
        """Move up by a page."""
        with suppress(LookupError):
            super().action_page_up()

    def action_page_down(self) -> None:
        """Move down by a page."""
        with suppress(LookupError):
            super().action_page_down()


class Choices(SteadyList):
    """A list of which Enter chooses a line, whose keys are in the footer."""

    BINDING_GROUP_TITLE = "In a list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "Choose", tooltip="Go to the line above"),
        Binding("down", "cursor_down", "Choose", tooltip="Go to the line below"),
        Binding("enter", "select", "Select", tooltip="Choose this line"),
    ]

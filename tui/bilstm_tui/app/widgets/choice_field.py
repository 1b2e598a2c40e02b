"""A field of the form with a list of choices."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import OptionList, Select

from ..textual_internals import SelectCurrent, SelectOverlay

_BORDERS = 2
_MOST_ROWS = 12  # of a list, as in Textual's style


class ChoiceList(SelectOverlay):
    """The open list, whose keys are in the footer."""

    BINDING_GROUP_TITLE = "In a list of choices"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Choose", tooltip="Choose it"),
        Binding("up", "cursor_up", "Move", tooltip="Go to the choice above"),
        Binding("down", "cursor_down", "Move", tooltip="Go to the choice below"),
        Binding("escape", "dismiss", "Close", tooltip="Close the list and change nothing"),
    ]


class ChoiceField(Select[str], inherit_bindings=False):
    """A list of choices that leaves the arrow keys to the form until it is opened.

    Args:
        options: The text and the value of each choice.
        value: The chosen one.
    """

    @dataclass
    class Highlighted(Message):
        """Posted when the cursor in the open list moves to another choice."""

        field: "ChoiceField"
        value: str

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Choose", tooltip="Open the list of choices")
    ]

    def __init__(
        self,
        options: Iterable[tuple[RenderableType, str]],
        value: str,
        *,
        id: str,  # noqa: A002 - Textual's name
    ) -> None:
        options = list(options)
        super().__init__(options, value=value, allow_blank=False, id=id, compact=True)
        self.listed = [value for _, value in options]

    def compose(self) -> ComposeResult:
        """Compose the chosen value, and the list."""
        yield SelectCurrent(self.prompt)
        yield ChoiceList().data_bind(compact=Select.compact)

    def on_mount(self) -> None:
        """Follow the cursor in the list."""
        self.watch(self.query_one(OptionList), "highlighted", self._report_highlighted, init=False)

    def set_options(self, options: Iterable[tuple[RenderableType, str]]) -> None:
        """List other options, and know which value is where."""
        options = list(options)
        self.listed = [value for _, value in options]
        super().set_options(options)

    def choose(self, value: str) -> None:
        """Choose a value that is listed."""
        if value != self.value:
            self.value = value

    def step(self, direction: int) -> None:
        """Choose the next value, or the previous one."""
        values = self.steps
        if self.value in values:
            place = values.index(str(self.value)) + direction
            self.value = values[min(max(place, 0), len(values) - 1)]

    @property
    def steps(self) -> list[str]:
        """The values that can be chosen without opening the list."""
        return self.listed

    def watch_expanded(self, expanded: bool) -> None:
        """Open the list upwards where it would cover what is below the form's rows."""
        if not expanded:
            return
        rows = min(len(self.listed), _MOST_ROWS) + _BORDERS
        bottom = self.query_ancestor(VerticalScroll).region.bottom
        is_upwards = self.region.bottom + rows > bottom and self.region.y >= rows
        self.query_one(OptionList).styles.offset = (0, -rows - 1 if is_upwards else 0)

    def _report_highlighted(self, highlighted: int | None) -> None:
        if self.expanded and highlighted is not None and highlighted < len(self.listed):
            self.post_message(self.Highlighted(self, self.listed[highlighted]))

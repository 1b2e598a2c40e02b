"""A field of the form with a list of choices."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Blur, Click, DescendantBlur, Key
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from .choices import SteadyList

_BORDERS = 2
_MOST_ROWS = 12  # of a list with its borders
_ARROW_COLUMNS = 2  # the arrow, and a space before it
_TYPING_SECONDS = 0.7  # after which another letter begins another word

Choices = Iterable[tuple[str, str]]
"""The text and the value of each choice."""


class ChoiceList(SteadyList):
    """The open list, whose keys are in the footer; letters go to a choice that contains them.

    Args:
        choices: The text and the value of each, which is the id of its option.
        marked: The place of the one under the cursor.
    """

    BINDING_GROUP_TITLE = "In a list of choices"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Choose", tooltip="Choose it"),
        Binding("up", "cursor_up", "Move", tooltip="Go to the choice above"),
        Binding("down", "cursor_down", "Move", tooltip="Go to the choice below"),
        Binding("escape", "close", "Close", tooltip="Close the list and change nothing"),
    ]

    def __init__(self, choices: Choices, marked: int) -> None:
        super().__init__(*_options(choices))
        self.highlighted = marked
        self._typed, self._typed_at = "", 0.0

    def relist(self, choices: Choices, marked: int) -> None:
        """List other choices."""
        self.set_options(_options(choices))
        self.highlighted = marked

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Whether a key is a character here."""
        return character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        """Go to the choice in which the letters typed are nearest to the beginning."""
        if event.character is None or not event.is_printable:
            return
        event.stop()
        event.prevent_default()
        is_same_word = event.time - self._typed_at < _TYPING_SECONDS
        self._typed = (self._typed if is_same_word else "") + event.character.lower()
        self._typed_at = event.time
        places = [str(option.prompt).lower().find(self._typed) for option in self.options]
        if found := [place for place in places if place >= 0]:
            self.highlighted = places.index(min(found))

    def on_blur(self, _event: Blur) -> None:
        """Ignore the click that took the focus where it would open the list again."""
        self.suppress_click()

    def action_close(self) -> None:
        """Give the focus back, which closes the list."""
        if isinstance(self.parent, ChoiceField):
            self.parent.focus()


class ChoiceField(Widget, can_focus=True):
    """A list of choices that leaves the arrow keys to the form until it is opened.

    It is one widget, and its list is mounted only while it is open: Textual's `Select` is six,
    which the first paint and each change of the focus would have to style for each field.

    Args:
        choices: The text and the value of each.
        value: The chosen one.

    Attributes:
        listed: The values, in the order of the list.
    """

    @dataclass
    class Changed(Message):
        """Posted when another value was chosen."""

        field: "ChoiceField"
        value: str

        @property
        def control(self) -> "ChoiceField":
            """The field, by Textual's name."""
            return self.field

    @dataclass
    class Highlighted(Message):
        """Posted when the cursor in the open list moves to another choice."""

        field: "ChoiceField"
        value: str

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "On a list of choices"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open", "Choose", tooltip="Open the list of choices")
    ]

    value: reactive[str] = reactive("", init=False)

    def __init__(self, choices: Choices, value: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._open_list: ChoiceList | None = None
        self._list_choices(choices)
        self.set_reactive(ChoiceField.value, value)

    def _list_choices(self, choices: Choices) -> None:
        self._texts, self.listed = map(list, zip(*choices, strict=True))

    @property
    def _choices(self) -> Choices:
        return zip(self._texts, self.listed, strict=True)

    @property
    def is_open(self) -> bool:
        """Whether the list is open."""
        return self._open_list is not None

    @property
    def text(self) -> str:
        """What is shown while the list is closed."""
        return self._texts[self.listed.index(self.value)]

    @property
    def steps(self) -> list[str]:
        """The values that can be chosen without opening the list."""
        return self.listed

    def render(self) -> Text:
        """The chosen value, and an arrow at the end."""
        line = Text(self.text, end="")
        line.truncate(
            max(1, self.content_size.width - _ARROW_COLUMNS), overflow="ellipsis", pad=True
        )
        return line.append(" ▲" if self.is_open else " ▼")

    def watch_value(self) -> None:
        """Report another value."""
        self.post_message(self.Changed(self, self.value))

    def show(self, choices: Choices, value: str) -> None:
        """List other choices and show the value of one, without reporting it."""
        marked = self._marked
        self._list_choices(choices)
        self.set_reactive(ChoiceField.value, value)
        self.refresh()
        if self._open_list:
            kept = marked if marked in self.listed else value
            self._open_list.relist(self._choices, self.listed.index(kept))

    @property
    def _marked(self) -> str | None:
        """The value under the cursor of the open list."""
        place = self._open_list.highlighted if self._open_list else None
        return None if place is None else self.listed[place]

    def choose(self, value: str) -> None:
        """Choose a value that is listed, as the user does."""
        self.value = value

    def step(self, direction: int) -> None:
        """Choose the next value, or the previous one."""
        values = self.steps
        if self.value in values:
            place = values.index(self.value) + direction
            self.value = values[min(max(place, 0), len(values) - 1)]

    def action_open(self) -> None:
        """Open the list: upwards where it would cover what is below the form's rows."""
        if self.is_open:
            return
        self._open_list = opened = ChoiceList(self._choices, self.listed.index(self.value))
        rows = min(len(self.listed) + _BORDERS, _MOST_ROWS)
        bottom = self.query_ancestor(VerticalScroll).region.bottom
        is_upwards = self.region.bottom + rows > bottom and self.region.y >= rows
        opened.styles.offset = (0, -rows if is_upwards else 1)
        self.mount(opened)
        # at once, which `focus` is not: the next key already belongs to the list
        self.screen.set_focus(opened, scroll_visible=False)
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Open the list."""
        if event.widget is self and not self.is_open:
            self.action_open()

    @on(DescendantBlur)
    def _close(self) -> None:
        """Close the list when something else gets the focus."""
        if self._open_list and not self._open_list.has_focus:
            self._open_list.remove()
            self._open_list = None
            self.refresh()

    @on(OptionList.OptionHighlighted)
    def _report_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_list is self._open_list and (marked := self._marked) is not None:
            self.post_message(self.Highlighted(self, marked))

    @on(OptionList.OptionSelected)
    def _pick_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_list is not self._open_list:
            return
        self.focus()
        value = event.option_id  # the list may have been changed since: its places say nothing
        if value is not None and value in self.listed:
            self.pick(value)

    def pick(self, value: str) -> None:
        """Take a value from the list."""
        self.value = value


def _options(choices: Choices) -> Iterator[Option]:
    return (Option(Text(text), id=value) for text, value in choices)

"""The keys of a screen and what they do."""

from collections.abc import Iterator
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from ..widgets.key_footer import own_bindings
from .dialogs import Dialog

_GENERAL = [
    Binding("tab,shift+tab", "", "Go to the next field, or the previous one"),
    Binding("enter", "", "Open a list, tick a box, accept a choice"),
    Binding("ctrl+p", "", "Search all commands"),
]


class KeyHelp(Dialog):
    """Lists the keys of a screen, then those of the app and of the screen's widgets."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,escape", "dismiss", "Close"),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__("Keys", "Press a key that is greyed out to see why it is disabled.")
        self._described = screen

    def compose_body(self) -> ComposeResult:
        """Compose the table, which scrolls if it is long."""
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", style="bold", no_wrap=True)
        table.add_column()
        for title, bindings in _groups(self._described):
            table.add_row("", Text(title, style="underline"))
            keys: dict[str, list[str]] = {}  # all keys of each meaning
            for binding in Binding.make_bindings(bindings):
                meaning = binding.tooltip or binding.description
                names = keys.setdefault(meaning, [])
                if (name := self.app.get_key_display(binding)) not in names:
                    names.append(name)
            for meaning, names in keys.items():
                table.add_row(" ".join(names), meaning)
            table.add_row("", "")
        with VerticalScroll(id="keys"):
            yield Static(table)

    def on_mount(self) -> None:
        """Focus the table, so that the arrow keys scroll it."""
        self.query(VerticalScroll).focus()


def _groups(screen: Screen[Any]) -> Iterator[tuple[str, list[Binding]]]:
    """The bindings of a screen, of the app, and of each kind of widget, with their titles.

    An explanation and a chart have so many keys that they come first where they have the focus.
    """
    first = screen.focused if screen.focused in [*screen.query("ExplainView, Chart")] else None
    if first:
        active = screen.active_bindings.values()
        keys = [it.binding for it in active if it.node is first]  # inherited ones, too
        yield first.BINDING_GROUP_TITLE or "", keys
    yield "On this screen", own_bindings(screen)
    yield "Everywhere", [*own_bindings(screen.app), *_GENERAL]
    for kind, widget in {type(widget): widget for widget in screen.query("*")}.items():
        if not isinstance(first, kind) and (bindings := own_bindings(widget)):
            yield widget.BINDING_GROUP_TITLE or "", bindings

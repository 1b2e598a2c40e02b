"""The keys of a screen and what they do."""

from collections.abc import Iterator
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from ..widgets.key_footer import own_bindings
from .dialogs import Dialog

_GENERAL = [
    Binding("tab,shift+tab", "", "To the next field, or the one before"),
    Binding("enter", "", "Open a list, tick a box, take what is chosen"),
    Binding("ctrl+p", "", "Everything there is to do, to be searched"),
]


class KeyHelp(Dialog):
    """Our keys, by where they are taken; the screen's own first.

    Args:
        screen: The screen that they are the keys of.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark", "dismiss('')", "Close")]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__("Keys", "A key that is grey says why when it is pressed.")
        self._of = screen

    def asked(self) -> ComposeResult:
        """The table, to be scrolled where it is long."""
        with VerticalScroll(id="keys"):
            yield Static(self._table())

    def on_mount(self) -> None:
        """The arrows scroll."""
        self.query(VerticalScroll).focus()

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", style="bold", no_wrap=True)
        table.add_column()
        for title, bindings in _groups(self._of):
            table.add_row("", Text(title, style="underline"))
            for keys, meaning in _by_meaning(self.app, bindings):
                table.add_row(keys, meaning)
            table.add_row("", "")
        return table


def _groups(screen: Screen[Any]) -> Iterator[tuple[str, list[Binding]]]:
    """What is taken on the whole screen, everywhere, and in its parts."""
    yield "On this screen", own_bindings(screen)
    yield "Everywhere", [*own_bindings(screen.app), *_GENERAL]
    parts = {type(part): part for part in screen.query("*")}.values()
    for part in parts:
        if bindings := own_bindings(part):
            yield part.BINDING_GROUP_TITLE or "", bindings


def _by_meaning(app: App[Any], bindings: list[Binding]) -> Iterator[tuple[str, str]]:
    """Each meaning once, with all its keys."""
    keys_of: dict[str, list[str]] = {}
    for binding in Binding.make_bindings(bindings):
        meaning = binding.tooltip or binding.description
        keys_of.setdefault(meaning, []).append(app.get_key_display(binding))
    for meaning, keys in keys_of.items():
        yield " ".join(keys), meaning

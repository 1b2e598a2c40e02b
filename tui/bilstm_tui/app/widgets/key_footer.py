"""The keys of a screen, in its footer."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import HorizontalGroup
from textual.dom import DOMNode
from textual.widget import Widget
from textual.widgets import Footer

from ..textual_internals import FooterKey


class KeyFooter(Footer):
    """A footer that shows its keys on as many lines as they need."""

    DEFAULT_CSS = """
    KeyFooter { layout: vertical; height: auto; }
    KeyFooter FooterKey.-command-palette { dock: none; border-left: none; padding: 0; }
    """

    def __init__(self) -> None:
        super().__init__(compact=True)
        self._width = self._height = 0

    def compose(self) -> ComposeResult:
        """Distribute the keys over lines, at least as many as before: nothing above is to move."""
        lines = _lines([*super().compose()], self.app.size.width)
        self._height = max(self._height, len(lines))
        self.styles.min_height = self._height
        for line in lines:
            yield HorizontalGroup(*line)

    async def on_resize(self) -> None:
        """Distribute the keys again when the width changes."""
        if self._width not in {0, self.app.size.width}:
            self._height = 0
            await self.recompose()
        self._width = self.app.size.width


def own_bindings(node: DOMNode) -> list[Binding]:
    """The bindings that a class of this package defines, without those that it inherits."""
    kind = type(node)
    own = vars(kind).get("BINDINGS", ()) if kind.__module__.startswith("bilstm_tui.") else ()
    return [binding for binding in own if isinstance(binding, Binding)]


def _lines(keys: list[Widget], width: int) -> list[list[Widget]]:
    lines: list[list[Widget]] = [[]]
    remaining = width
    for key in keys:
        if not isinstance(key, FooterKey):
            continue
        needed = len(key.key_display) + len(key.description) + 2
        if needed > remaining and lines[-1]:
            lines.append([])
            remaining = width
        lines[-1].append(key)
        remaining -= needed
    return lines

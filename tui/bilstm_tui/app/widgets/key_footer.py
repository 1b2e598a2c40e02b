"""The keys of what has the focus and of its screen, in the last line."""

from itertools import groupby

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import HorizontalGroup
from textual.dom import DOMNode
from textual.widgets import Footer

from ..textual_internals import FooterKey

_KEPT = ("runs", "help", "leave", "back", "dismiss", "switch_view")
"""Actions of keys that are shown wherever they are possible: all runs, the list of all keys, other
views, and the ways out."""


class KeyFooter(Footer):
    """A footer of one line: where it is too short, keys are left out, and `?` lists them all."""

    DEFAULT_CSS = """
    KeyFooter { height: 1; }
    KeyFooter FooterKey.-command-palette { dock: none; border-left: none; padding: 0; }
    KeyFooter FooterKey.-disabled, KeyFooter FooterKey.-disabled .footer-key--key {
        text-style: none; color: $text-muted;
    }
    """

    def __init__(self) -> None:
        super().__init__(compact=True)
        self._width = 0
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """Show the keys that fit: those of the focus first, and none that is grey before others."""
        keys = self._keys()
        self._shown = self._to_show() if keys else None
        yield HorizontalGroup(*keys)

    async def recompose(self) -> None:
        """Show other keys if there are any: most places that the focus moves to have the same."""
        if not self.is_attached or self._to_show() != self._shown:
            await super().recompose()

    def _to_show(self) -> object:
        """All that the keys depend on; they themselves are widgets, which take longer to make."""
        active = self.screen.active_bindings.items()
        palette = self.app.COMMAND_PALETTE_BINDING
        shown = [it[1:] for key, it in active if it.binding.show or key == palette]
        return shown, self.app.size.width

    def _keys(self) -> list[FooterKey]:
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        first: tuple[str, ...] = getattr(self.screen, "FIRST_KEYS", ())
        keys.sort(key=lambda key: first.index(key.action) if key.action in first else len(first))
        return _fitting(_combined(keys), self.app.size.width)

    async def on_resize(self) -> None:
        """Choose the keys again when the width changes."""
        if self._width not in {0, self.app.size.width}:
            await self.recompose()
        self._width = self.app.size.width


def own_bindings(node: DOMNode) -> list[Binding]:
    """The bindings that a class of this package defines, without those that it inherits."""
    kind = type(node)
    own = vars(kind).get("BINDINGS", ()) if kind.__module__.startswith("bilstm_tui.") else ()
    return [binding for binding in own if isinstance(binding, Binding)]


def _combined(keys: list[FooterKey]) -> list[FooterKey]:
    """Show neighbouring keys that do the same, such as both arrow keys, as one."""
    combined = []
    for _, same in groupby(keys, lambda key: key.description):
        first, *others = same
        first.key_display += "".join(key.key_display for key in others)
        combined.append(first)
    return combined


def _fitting(keys: list[FooterKey], width: int) -> list[FooterKey]:
    """Leave out grey keys, then others, from the end, until the rest fits."""
    shown = list(keys)
    optional = [key for key in reversed(keys) if not _is_kept(key)]
    for key in sorted(optional, key=lambda key: "-disabled" not in key.classes):
        if sum(map(_width_of, shown)) <= width + 1:  # the last needs no space after it
            break
        shown.remove(key)
    return shown


def _is_kept(key: FooterKey) -> bool:
    return key.action.rpartition(".")[2] in _KEPT and "-disabled" not in key.classes


def _width_of(key: FooterKey) -> int:
    return len(key.key_display) + len(key.description) + 2

"""The keys of what has the focus and of its screen, in the last line."""

from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Leave, MouseDown, MouseMove
from textual.screen import Screen
from textual.widget import Widget

_KEPT = ("runs", "help", "leave", "back", "dismiss", "switch_view")
"""Actions of keys that are shown wherever they are possible: all runs, the list of all keys, other
views, and the ways out."""


@dataclass(frozen=True)
class ShownKey:
    """A key and what it does, in words."""

    key: str
    display: str
    label: str
    action: str
    is_enabled: bool
    tooltip: str

    @property
    def width(self) -> int:
        """Columns, with a space after it."""
        return len(self.display) + len(self.label) + 2

    @property
    def is_kept(self) -> bool:
        """Whether it is shown however short the footer is."""
        return self.is_enabled and self.action.rpartition(".")[2] in _KEPT


class KeyFooter(Widget):
    """A footer of one line: where it is too short, keys are left out, and `?` lists them all.

    It is one widget, where Textual's footer is one for each key, which are removed and mounted
    again whenever the keys change.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "footer--key",
        "footer--label",
        "footer--disabled",
        "footer--hover",
    }
    DEFAULT_CSS = """
    KeyFooter {
        dock: bottom;
        height: 1;
        background: $footer-background;
        color: $footer-foreground;
        text-wrap: nowrap;
        & > .footer--key {
            background: $footer-key-background;
            color: $footer-key-foreground;
            text-style: bold;
        }
        & > .footer--label {
            background: $footer-description-background;
            color: $footer-description-foreground;
        }
        & > .footer--disabled { color: $text-muted; }
        & > .footer--hover { background: $block-hover-background; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[ShownKey] = []
        self._hovered: ShownKey | None = None
        self._pointer: int | None = None  # the column of the mouse

    def on_mount(self) -> None:
        """Follow the keys of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def _follow(self, screen: Screen[Any]) -> None:
        if self.is_attached and screen is self.screen and self.app.app_focus:
            self._update()

    def on_resize(self) -> None:
        """Choose the keys again when the width changes."""
        self._update()

    def _update(self) -> None:
        """Choose the keys that fit: those of the focus first, and none that is grey before others.

        Most places that the focus moves to have the same keys; then nothing is drawn.
        """
        first: tuple[str, ...] = getattr(self.screen, "FIRST_KEYS", ())
        keys = self._bound_keys()
        keys.sort(key=lambda key: first.index(key.action) if key.action in first else len(first))
        shown = _fitting(_combined(keys), self.app.size.width)
        if shown != self._shown:
            self._shown = shown
            self._hover()
            self.refresh()

    def _bound_keys(self) -> list[ShownKey]:
        """The first key of each action; that of the command palette last."""
        palette = self.app.COMMAND_PALETTE_BINDING
        active = self.screen.active_bindings
        bound = sorted(active.values(), key=lambda it: it.binding.key == palette)
        keys: dict[str, ShownKey] = {}
        for _, binding, enabled, tooltip in bound:
            if binding.show or binding.key == palette:
                display = self.app.get_key_display(binding)
                keys.setdefault(
                    binding.action,
                    ShownKey(
                        binding.key,
                        display,
                        binding.description,
                        binding.action,
                        enabled,
                        tooltip or binding.tooltip or binding.description,
                    ),
                )
        return list(keys.values())

    def render(self) -> Text:
        """The keys in one line."""
        style_of = self.get_component_rich_style
        line = Text(style=self.rich_style, no_wrap=True, end="")
        for shown in self._shown:
            if shown.is_enabled:
                styles = style_of("footer--key"), style_of("footer--label")
            else:
                styles = style_of("footer--disabled"), style_of("footer--disabled")
            part = Text.assemble((shown.display, styles[0]), (f" {shown.label}", styles[1]))
            if shown is self._hovered:
                part.stylize(style_of("footer--hover"))
            line.append_text(part).append(" ")
        return line

    def on_mouse_move(self, event: MouseMove) -> None:
        """Say what the key under the pointer does."""
        self._pointer = event.x
        self._hover()

    def on_leave(self, _event: Leave) -> None:
        """Forget the key that was under the pointer."""
        self._pointer = None
        self._hover()

    def _hover(self) -> None:
        """Look which key is under the pointer now."""
        shown = None if self._pointer is None else self._shown_at(self._pointer)
        if shown is not self._hovered:
            self._hovered = shown
            self.tooltip = shown.tooltip if shown else None
            self.refresh()

    def on_mouse_down(self, event: MouseDown) -> None:
        """Do what the key does."""
        if shown := self._shown_at(event.x):
            if shown.is_enabled:
                self.app.simulate_key(shown.key)
            else:
                self.app.bell()

    def _shown_at(self, column: int) -> ShownKey | None:
        for shown in self._shown:
            if column < shown.width:
                return shown if column < shown.width - 1 else None
            column -= shown.width
        return None


def own_bindings(node: DOMNode) -> list[Binding]:
    """The bindings that a class of this package defines, without those that it inherits."""
    kind = type(node)
    own = vars(kind).get("BINDINGS", ()) if kind.__module__.startswith("bilstm_tui.") else ()
    return [binding for binding in own if isinstance(binding, Binding)]


def _combined(keys: list[ShownKey]) -> list[ShownKey]:
    """Show neighbouring keys that do the same, such as both arrow keys, as one."""
    combined = []
    for _, same in groupby(keys, lambda key: key.label):
        first, *others = same
        are_words = len(first.display) > 1
        display = ("/" if are_words else "").join([first.display, *(it.display for it in others)])
        combined.append(replace(first, display=display))
    return combined


def _fitting(keys: list[ShownKey], width: int) -> list[ShownKey]:
    """Leave out grey keys, then others, from the end, until the rest fits."""
    shown = list(keys)
    optional = [key for key in reversed(keys) if not key.is_kept]
    for key in sorted(optional, key=lambda key: key.is_enabled):
        if sum(it.width for it in shown) <= width + 1:  # the last needs no space after it
            break
        shown.remove(key)
    return shown

"""The contrast of what is on the screen with its background, by WCAG 2.

In the `ansi` themes the colours are those of the terminal. They are judged by the palettes of
VS Code's terminal, and only as marks are: no palette in wide use has a red and a yellow that both
reach the contrast of text on its background.

A terminal of 16 or 256 colours is judged by the palette of xterm.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.constants import DIM_FACTOR
from textual.filter import Monochrome
from textual.screen import ModalScreen

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.sixteen_colours import SixteenColours

TEXT, MARK, HIGH = 4.5, 3.0, 7.0
"""The least contrast of text, of whatever else has a meaning, and of text in high contrast."""

_MARKS = ((0x2190, 0x21FF), (0x2500, 0x25FF), (0x2700, 0x27BF), (0x2800, 0x28FF))
"""Arrows, boxes, blocks and shapes, dingbats, braille."""
_OTHER_MARKS = "·•"


def _rgb(*colours: str) -> list[tuple[int, int, int]]:
    return [Color.parse(f"#{colour}").rgb for colour in colours]


_ON_DARK = TerminalTheme(
    (0x1E, 0x1E, 0x1E),
    (0xCC, 0xCC, 0xCC),
    _rgb("000000", "cd3131", "0dbc79", "e5e510", "2472c8", "bc3fbc", "11a8cd", "e5e5e5"),
    _rgb("666666", "f14c4c", "23d18b", "f5f543", "3b8eea", "d670d6", "29b8db", "e5e5e5"),
)
_XTERM = TerminalTheme(
    (0x00, 0x00, 0x00),
    (0xE5, 0xE5, 0xE5),
    _rgb("000000", "cd0000", "00cd00", "cdcd00", "0000ee", "cd00cd", "00cdcd", "e5e5e5"),
    _rgb("7f7f7f", "ff0000", "00ff00", "ffff00", "5c5cff", "ff00ff", "00ffff", "ffffff"),
)
_ON_LIGHT = TerminalTheme(
    (0xFF, 0xFF, 0xFF),
    (0x33, 0x33, 0x33),
    _rgb("000000", "cd3131", "107c10", "949800", "0451a5", "bc05bc", "0598bc", "555555"),
    _rgb("666666", "cd3131", "14ce14", "b5ba00", "0451a5", "bc05bc", "0598bc", "a5a5a5"),
)


@dataclass(frozen=True)
class Drawn:
    """Characters in one style.

    Attributes:
        is_text: Whether they are text, or marks.
        ink: Their colour as it is seen, dimmed if they are dim.
        widget: The class of the widget that they belong to, after those that contain it.
        least: The contrast that they need.
    """

    characters: str
    is_text: bool
    ink: Color
    ground: Color
    widget: str
    least: float

    @property
    def contrast(self) -> float:
        """Between ink and ground."""
        return contrast(self.ink, self.ground)

    def __str__(self) -> str:
        """What it is, for a report."""
        colours = f"{self.ink.hex6} on {self.ground.hex6}"
        return f"{self.contrast:4.1f} of {self.least} {colours} {self.characters!r} {self.widget}"


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours, from 1 to 21."""

    def luminance(color: Color) -> float:
        parts = [value / 255 for value in (color.r, color.g, color.b)]
        linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def drawn(app: BilstmApp, colours: ColorSystem | None = ColorSystem.TRUECOLOR) -> Iterator[Drawn]:
    """Everything on the current screen, without spaces.

    Args:
        app: The app.
        colours: Those of the terminal; None if there shall be none.
    """
    theme = app.current_theme
    own = _ON_DARK if theme.dark else _ON_LIGHT
    palette = own if theme.ansi else app.ansi_theme
    if colours == ColorSystem.STANDARD:
        palette = _XTERM
    is_high = theme.name == "high-contrast" and colours != ColorSystem.STANDARD
    least_of_text = HIGH if is_high else TEXT
    is_dialog = isinstance(app.screen, ModalScreen)
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            text, style, _ = _reduced(segment, colours)
            ink, ground = seen_colours(style or Style.null(), palette)
            for is_text in (True, False):
                characters = "".join(
                    it for it in text if not it.isspace() and _is_mark(it) != is_text
                )
                if characters:
                    at = x + next(n for n, it in enumerate(text) if it in characters)
                    least = least_of_text if is_text and not theme.ansi else MARK
                    widget = _widget_at(app, at, y)
                    if is_dialog and " " not in widget:
                        continue  # what is behind a dialog is out of use
                    yield Drawn(characters, is_text, ink, ground, widget, least)
            x += cell_len(text)


def _reduced(segment: Segment, colours: ColorSystem | None) -> Segment:
    """What the terminal gets: the colours that the app chooses, and the rest rounded by Rich."""
    if colours == ColorSystem.TRUECOLOR:
        return segment
    if colours is None:
        return Monochrome().apply([segment], Color(0, 0, 0))[0]
    if colours == ColorSystem.STANDARD:
        (segment,) = SixteenColours().apply([segment], Color(0, 0, 0))
    text, style, control = segment

    def reduced(color: RichColor | None) -> RichColor | None:
        return color and color.downgrade(colours)

    if style:
        style += Style.from_color(reduced(style.color), reduced(style.bgcolor))
    return Segment(text, style, control)


def _is_mark(character: str) -> bool:
    code = ord(character)
    return character in _OTHER_MARKS or any(low <= code <= high for low, high in _MARKS)


def seen_colours(style: Style, palette: TerminalTheme) -> tuple[Color, Color]:
    """The colours of characters and of what is behind them, as they are seen."""

    def seen(color: RichColor | None, *, is_ink: bool) -> Color:
        color = color or RichColor.default()
        return Color(*color.get_truecolor(palette, foreground=is_ink))

    ink, ground = seen(style.color, is_ink=True), seen(style.bgcolor, is_ink=False)
    if style.reverse:
        ink, ground = ground, ink
    return ground.blend(ink, DIM_FACTOR) if style.dim else ink, ground


def _widget_at(app: BilstmApp, x: int, y: int) -> str:
    widget, _ = app.screen.get_widget_at(x, y)
    names = [type(it).__name__ for it in widget.ancestors_with_self][:-1]  # without the app
    return " ".join(reversed(names))

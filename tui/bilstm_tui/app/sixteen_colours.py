"""The app on terminals of sixteen colours, which have other shades than the themes.

Rich takes the most similar of the sixteen for a character and for what is behind it, each by
itself, so that both may become blue. Here they are chosen together.
"""

from colorsys import rgb_to_hls
from functools import lru_cache
from typing import Any

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter


def _palette(colours: str) -> list[Color]:
    return [Color.parse(f"#{it}") for it in colours.split()]


_XTERM = _palette(
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
_VGA = _palette(
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
_BRIGHT = 8
_BLACK, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _WHITE = range(8)
_GREYS = (_BLACK, _BRIGHT, _WHITE, _BRIGHT + _WHITE)
_HUES = ((20, _RED), (75, _YELLOW), (165, _GREEN), (202, _CYAN), (265, _BLUE), (330, _MAGENTA))
"""Degrees up to which a hue is that of a colour; after the last it is red again."""
_LEAST_CHROMA = 0.13  # of what is not grey
_DARK, _LIGHT = 0.045, 0.4  # luminance of a grey ground, up to which it is black, from which white
_FAR = 0.2  # in luminance, from which on a grey is more similar than the same hue
_TEXT, _MARK = (4.5, 3.0), (3.0, 2.5)
"""The contrast that is enough, with the palette of xterm and with that of a Linux console."""
_PIXELS = "▀"
_FIRST_MARK, _OTHER_MARKS = "\u2190", "·•"


def has_sixteen_colours(app: App[Any]) -> bool:
    """Whether the terminal has no more."""
    return app.console.color_system == "standard"


class SixteenColours(LineFilter):
    """Replaces the colours of themes by those of the terminal, so that what could be read can be.

    Grounds are none of the bright ones, which some terminals do not have.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace the colours of a line, except those of pictures, whose pixels say nothing."""
        return [
            Segment(text, _reduced(style, any(map(_is_text, text))), control)
            if style and _PIXELS not in text
            else Segment(text, style, control)
            for text, style, control in segments
        ]


def _is_text(character: str) -> bool:
    is_mark = character >= _FIRST_MARK or character in _OTHER_MARKS
    return not is_mark and not character.isspace()


@lru_cache(1024)
def _reduced(style: Style, is_text: bool) -> Style:
    ink, ground = style.color, style.bgcolor
    if style.reverse:
        ink, ground = ground, ink
    if not (ground and ground.triplet):
        return style  # colours of the terminal already
    behind = _as_ground(Color.from_rich_color(ground))
    if ink and ink.triplet:
        seen, on = Color.from_rich_color(ink), Color.from_rich_color(ground)
        ink = RichColor.from_ansi(_as_ink(seen, on, behind, _TEXT if is_text else _MARK))
    ground = RichColor.from_ansi(behind)
    if style.reverse:
        ink, ground = ground, ink
    return style + Style.from_color(ink, ground)


def _as_ink(ink: Color, ground: Color, behind: int, enough: tuple[float, float]) -> int:
    """A similar colour that differs from what is behind it as much as this one, or enough."""
    if ink == ground:
        return behind
    had = contrast(ink, ground)
    choices = _similar(ink)

    def differs(number: int) -> bool:
        return all(
            contrast(palette[number], palette[behind]) >= min(least, had)
            for palette, least in zip((_XTERM, _VGA), enough, strict=True)
        )

    most = max(choices, key=lambda it: contrast(_XTERM[it], _XTERM[behind]))
    return next(filter(differs, choices), most)


def _similar(ink: Color) -> list[int]:
    """Colours of the same hue, then others, each by how similar their luminance is."""

    def difference(number: int) -> float:
        return abs(luminance(_XTERM[number]) - luminance(ink))

    hue = _hue_of(ink)
    same = [] if hue is None else sorted([hue, hue + _BRIGHT], key=difference)
    near = [number for number in same if difference(number) < _FAR]
    return [*near, *sorted(_GREYS, key=difference)]


def _as_ground(color: Color) -> int:
    """Black, white, or for what stands out from it, the hue or blue."""
    hue = _hue_of(color)
    if hue is not None:
        return _WHITE if hue == _YELLOW else hue  # yellow is brown on some terminals
    bright = luminance(color)
    return _BLACK if bright < _DARK else _WHITE if bright > _LIGHT else _BLUE


def _hue_of(color: Color) -> int | None:
    """One of six colours; None for grey."""
    parts = color.normalized
    if max(parts) - min(parts) < _LEAST_CHROMA:
        return None
    degrees = 360 * rgb_to_hls(*parts)[0]
    return next((number for end, number in _HUES if degrees < end), _RED)


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours by WCAG 2, from 1 to 21."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@lru_cache(1024)
def luminance(color: Color) -> float:
    """How bright a colour is, from 0 to 1, by WCAG 2."""
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in color.normalized]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

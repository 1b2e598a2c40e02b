"""The app in ASCII, for terminals without braille, block or line characters."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from ..text.ascii import in_ascii

_SHADES = " .:-=+*#%@"
_HALF_BLOCK = "▀"


class AsciiFilter(LineFilter):
    """Replaces every character on the screen that is not ASCII by a similar one."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace the characters of a line; images of half-blocks become shades."""
        return [
            Segment(_shaded(text, style), style, control)
            if _HALF_BLOCK in text and style and style.color and style.bgcolor
            else Segment(in_ascii(text), style, control)
            for text, style, control in segments
        ]


def _shaded(text: str, style: Style) -> str:
    """Replace half-blocks by a character that is as bright as both halves together."""
    halves = [colour.get_truecolor() for colour in (style.color, style.bgcolor) if colour]
    brightness = sum(sum(half) for half in halves) / (3 * 255 * len(halves))
    shade = _SHADES[round(brightness * (len(_SHADES) - 1))]
    return in_ascii(text.replace(_HALF_BLOCK, shade))

"""The app in ASCII, for terminals without braille, block or line characters."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_SHADES = " .:-=+*#%@"
_HALF_BLOCK = "▀"
_REPLACED = {
    "v": "↓▼⯆", "^": "↑⏎", "A": "▲", ">": "→▶▸", "<": "←◀◆", "o": "●○⭘", "+": "✚", "x": "✕✗✓×",
    "'": "\u2019", "*": "•▆", "~": "…", "_": "▁", "#": "■█▄▇▀▉▓", "!": "⚠", ".": "·▂░", ":": "▒",
    "=": "⇄▅━╸╺", "-": "▃—\u2013▔─┄┅┈┉╌╍═╴╶╼╾", "|": "▏▎▍▌▊▋▐▕│┃┆┇┊┋╎╏║╵╷╹╻╽╿",
}  # fmt: skip
_ASCII = {char: plain for plain, chars in _REPLACED.items() for char in chars}


class _Replacements(dict[int, str]):
    """The ASCII replacement of each character, computed when it is first used."""

    def __missing__(self, code: int) -> str:
        self[code] = replacement = _replacement(chr(code))
        return replacement


_REPLACEMENTS = _Replacements()


def _replacement(char: str) -> str:
    code = ord(char)
    if code < 0x80:
        return char
    if char in _ASCII:
        return _ASCII[char]
    if 0x2500 <= code < 0x2580:  # other box-drawing characters: corners and crossings
        return "+"
    if 0x2800 <= code < 0x2900:  # braille, with dots in the upper half, the lower half, or both
        return " '.:"[bool(code & 0b00011011) + 2 * bool(code & 0b11100100)]
    return "?" * cell_len(char)


def in_ascii(text: str) -> str:
    """Text with each character that is not ASCII replaced by a similar one."""
    return text.translate(_REPLACEMENTS)


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
    return text.replace(_HALF_BLOCK, shade).translate(_REPLACEMENTS)

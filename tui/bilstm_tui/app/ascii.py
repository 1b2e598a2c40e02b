"""The app in plain ASCII, for terminals whose font has no braille, blocks or lines."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_SHADES = " .:-=+*#%@"
_HALF_BLOCK = "▀"
_ALIKE = {
    "↓": "v", "↑": "^", "→": ">", "←": "<", "⇄": "=", "▼": "v", "▶": ">", "▲": "A", "◀": "<",
    "●": "o", "○": "o", "◆": "<", "■": "#", "✚": "+", "✕": "x", "✗": "x", "✓": "x", "×": "x",
    "·": ".", "•": "*", "…": "~", "—": "-", "\u2013": "-", "\u2019": "'", "█": "#",
    "▄": "#", "▀": "#", "▁": "_", "▂": "_", "▃": "_", "▔": "-", "▏": "|", "▎": "|", "▍": "|",
    "▌": "|", "▊": "|", "▋": "|", "▉": "#", "▐": "|", "▕": "|", "░": ".", "▒": ":", "▓": "#",
    "⭘": "o", "⯆": "v", "▸": ">", "⏎": "^",
}  # fmt: skip


class _Lookalikes(dict[int, str]):
    """What stands for each character; made up when it is first asked for."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain(chr(code))
        return plain


def _plain(char: str) -> str:
    code = ord(char)
    if code < 0x80:
        return char
    if char in _ALIKE:
        return _ALIKE[char]
    if 0x2500 <= code < 0x2580:
        return _line(code)
    if 0x2800 <= code < 0x2900:
        return _dots(code - 0x2800)
    return "?" * cell_len(char)


def _line(code: int) -> str:
    if code in {0x2501, 0x2578, 0x257A}:  # what is done of a bar, the tab that is open
        return "="
    if code in {0x2500, 0x2504, 0x2505, 0x2508, 0x2509, 0x254C, 0x254D, 0x2550}:
        return "-"
    if code in {0x2574, 0x2576, 0x257C, 0x257E}:
        return "-"
    if code in {0x2502, 0x2503, 0x2506, 0x2507, 0x250A, 0x250B, 0x254E, 0x254F, 0x2551}:
        return "|"
    if code in {0x2575, 0x2577, 0x2579, 0x257B, 0x257D, 0x257F}:
        return "|"
    return "+"


def _dots(dots: int) -> str:
    """A braille character's dots: high, low or both."""
    high, low = dots & 0b00011011, dots & 0b11100100
    if dots == 0:
        return " "
    if not low:
        return "'"
    if not high:
        return "."
    return ":"


_LOOKALIKES = _Lookalikes()


class AsciiFilter(LineFilter):
    """Puts a likeness in the place of each character that is not ASCII, on everything drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Draw a line in ASCII; pictures of half-blocks become shades."""
        return [
            Segment(_shaded(text, style), style, control)
            if _HALF_BLOCK in text and style and style.color and style.bgcolor
            else Segment(text.translate(_LOOKALIKES), style, control)
            for text, style, control in segments
        ]


def _shaded(text: str, style: Style) -> str:
    """Half-blocks as a character as bright as both halves together."""
    halves = [colour.get_truecolor() for colour in (style.color, style.bgcolor) if colour]
    brightness = sum(sum(half) for half in halves) / (3 * 255 * len(halves))
    shade = _SHADES[round(brightness * (len(_SHADES) - 1))]
    return text.replace(_HALF_BLOCK, shade).translate(_LOOKALIKES)

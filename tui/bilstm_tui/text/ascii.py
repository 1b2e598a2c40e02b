"""Text in ASCII, for terminals and files without braille, block or line characters."""

from rich.cells import cell_len

_REPLACED = {
    "v": "↓▼⯆", "^": "↑⏎", "A": "▲", ">": "→▶▸", "<": "←◀◆", "o": "●⭘", "O": "○", "+": "✚",
    "x": "✕✗✓×", "'": "\u2019", "*": "•▆", "~": "…", "_": "▁", "#": "■█▄▇▀▉▓", "!": "⚠",
    ".": "·▂░", ":": "▒", "=": "⇄∥▅━╸╺",
    "-": "▃—\u2013▔─┄┅┈┉╌╍═╴╶╼╾", "|": "▏▎▍▌▊▋▐▕│┃┆┇┊┋╎╏║╵╷╹╻╽╿",
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

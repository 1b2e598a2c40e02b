"""Screens as SVG: pictures, and recordings that play in a browser without a script.

Braille, blocks and lines are drawn as shapes, so that they are whole in every font. A recording
holds each row that differs once; its frames lie over one another, and CSS shows them in turn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import count, groupby
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from textual.app import App

from tests.tui.contrast import seen_colours

WIDTH, HEIGHT = 8, 16
"""Of a character, in pixels; half-blocks are square pixels of a picture."""
_BASELINE, _FONT = 12, 13.3
_MARGIN, _TITLE_BAR = 8, 26
_FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

_LEFT, _RIGHT, _UP, _DOWN = 1, 2, 4, 8
_LINES = {
    "─": _LEFT | _RIGHT, "│": _UP | _DOWN, "┌": _RIGHT | _DOWN, "┐": _LEFT | _DOWN,
    "└": _RIGHT | _UP, "┘": _LEFT | _UP, "├": _RIGHT | _UP | _DOWN, "┤": _LEFT | _UP | _DOWN,
    "┬": _LEFT | _RIGHT | _DOWN, "┴": _LEFT | _RIGHT | _UP, "┼": 15,
    "╭": _RIGHT | _DOWN, "╮": _LEFT | _DOWN, "╰": _RIGHT | _UP, "╯": _LEFT | _UP,
}  # fmt: skip
_HEAVY_LINES = {
    "━": _LEFT | _RIGHT, "╸": _LEFT, "╺": _RIGHT, "┃": _UP | _DOWN, "┏": _RIGHT | _DOWN,
    "┓": _LEFT | _DOWN, "┗": _RIGHT | _UP, "┛": _LEFT | _UP, "┣": _RIGHT | _UP | _DOWN,
    "┫": _LEFT | _UP | _DOWN, "┳": _LEFT | _RIGHT | _DOWN, "┻": _LEFT | _RIGHT | _UP, "╋": 15,
}  # fmt: skip
_BLOCKS = {
    "█": (0, 0, 8, 16), "▀": (0, 0, 8, 8), "▄": (0, 8, 8, 8), "▌": (0, 0, 4, 16),
    "▐": (4, 0, 4, 16), "▔": (0, 0, 8, 2), "▕": (7, 0, 1, 16),
    **{char: (0, 16 - 2 * n, 8, 2 * n) for n, char in enumerate("▁▂▃▄▅▆▇", 1)},
    **{char: (0, 0, n, 16) for n, char in enumerate("▏▎▍▌▋▊▉", 1)},
}  # fmt: skip
_BRAILLE = range(0x2800, 0x2900)
_DOTS = ((2, 2), (2, 6), (2, 10), (6, 2), (6, 6), (6, 10), (2, 14), (6, 14))
"""Where the dots of a braille character are, by their bits."""


@dataclass(frozen=True)
class Cell:
    """A character; empty for the second cell of a wide one."""

    character: str
    ink: str
    ground: str
    font: str


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Frame:
    """A screen, and how long it is shown."""

    rows: tuple[Row, ...]
    seconds: float


def rows_of(app: App[Any]) -> tuple[Row, ...]:
    """The current screen."""
    return tuple(
        tuple(
            cell
            for text, style, _ in strip
            for character in text
            for cell in _cells(character, style or Style.null(), app)
        )
        for strip in app.screen._compositor.render_strips()
    )


def _cells(character: str, style: Style, app: App[Any]) -> Iterable[Cell]:
    ink, ground = seen_colours(style, app.ansi_theme)
    font = "b" * bool(style.bold) + "i" * bool(style.italic) + "u" * bool(style.underline)
    cell = Cell(character, ink.hex6.lower(), ground.hex6.lower(), font)
    return [cell, *[Cell("", cell.ink, cell.ground, font)] * (cell_len(character) - 1)]


@dataclass
class _Drawing:
    """Draws rows; the colours and fonts that they need become classes."""

    ground: str
    classes: dict[str, str] = field(default_factory=dict)

    def row(self, cells: Row) -> str:
        """A row, at the top."""
        parts = [*self._grounds(cells), *self._shapes(cells), *self._texts(cells)]
        return "".join(parts)

    def rules(self) -> str:
        """What the classes mean."""
        return "".join(f".{name}{{{rule}}}" for rule, name in self.classes.items())

    def _class(self, ink: str, font: str = "") -> str:
        rule = f"color:{ink}"
        rule += ";font-weight:700" * ("b" in font) + ";font-style:italic" * ("i" in font)
        rule += ";text-decoration:underline" * ("u" in font)
        return self.classes.setdefault(rule, f"c{len(self.classes):x}")

    def _grounds(self, cells: Row) -> Iterable[str]:
        paths: dict[str, str] = {}
        x = 0
        for ground, run in groupby(cells, lambda it: it.ground):
            width = len([*run])
            if ground != self.ground:
                path = _rectangle(x * WIDTH, 0, width * WIDTH, HEIGHT)
                paths[ground] = paths.get(ground, "") + path
            x += width
        for colour, path in paths.items():
            yield f'<path class="{self._class(colour)}" d="{path}"/>'

    def _shapes(self, cells: Row) -> Iterable[str]:
        """Blocks, lines and dots, each kind in each colour as one path."""
        paths: dict[tuple[str, str], str] = {}
        x = 0
        for (character, ink, is_hidden), run in groupby(
            cells, lambda it: (it.character, it.ink, it.ink == it.ground)
        ):
            width = len([*run])
            kind, path = _shape(character, x, width)
            if path and not is_hidden:
                paths[kind, ink] = paths.get((kind, ink), "") + path
            x += width
        for (kind, ink), path in paths.items():
            yield f'<path class="{self._class(ink)}{kind}" d="{path}"/>'

    def _texts(self, cells: Row) -> Iterable[str]:
        """Words of one style; a single space between two of them belongs to both."""
        start, text, style = 0, "", ("", "")
        for x, cell in enumerate([*cells, Cell(" ", "", "", ""), Cell(" ", "", "", "")]):
            is_text = bool(cell.character.strip()) and not _shape(cell.character, 0, 1)[1]
            own = (cell.ink, cell.font)
            if (text and cell.character in {"", " "} and not text.endswith(" ")) or (
                text and is_text and own == style
            ):
                text += cell.character
            else:
                if text:
                    yield self._text(start, text.rstrip(), style)
                start, text, style = (x, cell.character, own) if is_text else (0, "", own)

    def _text(self, x: int, text: str, style: tuple[str, str]) -> str:
        place = f'x="{x * WIDTH}" y="{_BASELINE}" textLength="{cell_len(text) * WIDTH}"'
        return f'<text class="{self._class(*style)}" {place}>{escape(text, quote=False)}</text>'


def _shape(character: str, x: int, width: int) -> tuple[str, str]:
    """The class and the path of a run of one character; empty for text."""
    left = x * WIDTH
    if character in _BLOCKS:
        dx, y, dw, dh = _BLOCKS[character]
        if dw == WIDTH:
            return "", _rectangle(left, y, width * WIDTH, dh)
        return "", "".join(_rectangle(left + n * WIDTH + dx, y, dw, dh) for n in range(width))
    if character and len(character) == 1 and ord(character) in _BRAILLE:
        bits = ord(character) - _BRAILLE.start
        dots = [dot for bit, dot in enumerate(_DOTS) if bits >> bit & 1]
        places = [(left + n * WIDTH + dx, y) for n in range(width) for dx, y in dots]
        return " d", "".join(f"M{px} {y}h.01" for px, y in places)
    ends = _LINES.get(character) or _HEAVY_LINES.get(character)
    if ends is None:
        return "", ""
    kind = " l" if character in _LINES else " h"
    if ends == _LEFT | _RIGHT:
        return kind, f"M{left} 8h{width * WIDTH}"
    return kind, "".join(_line(ends, left + n * WIDTH) for n in range(width))


def _line(ends: int, left: int) -> str:
    start, end = (0 if ends & _LEFT else 4), (WIDTH if ends & _RIGHT else 4)
    top, bottom = (0 if ends & _UP else 8), (HEIGHT if ends & _DOWN else 8)
    path = f"M{left + start} 8h{end - start}" if start != end else ""
    return path + (f"M{left + 4} {top}v{bottom - top}" if top != bottom else "")


def _rectangle(x: int, y: int, width: int, height: int) -> str:
    return f"M{x} {y}h{width}v{height}h-{width}z"


def picture(rows: Sequence[Row], title: str) -> str:
    """A screen in the frame of a window."""
    drawing = _Drawing(_ground_of(rows))
    content = "".join(_placed(drawing.row(row), y) for y, row in enumerate(rows))
    return _window(rows, title, drawing, f"<g>{content}</g>", "")


def recording(frames: Sequence[Frame], title: str, poster: int) -> str:
    """Screens, one after the other, for ever; the poster where nothing moves."""
    drawing, numbers = _Drawing(_ground_of(frames[0].rows)), count()
    names: dict[Row, str] = {}
    shown, rules, at = [], [], 0.0
    total = sum(frame.seconds for frame in frames)
    for number, frame in enumerate(frames):
        for row in frame.rows:
            if row not in names:
                names[row] = f"r{next(numbers)}"
        uses = "".join(
            f'<use href="#{names[row]}" y="{y * HEIGHT}"/>' for y, row in enumerate(frame.rows)
        )
        shown.append(f'<g class="f" id="f{number}">{uses}</g>')
        start, at = at, at + frame.seconds
        stops = "" if number == 0 else "0%{visibility:hidden}"
        stops += f"{100 * start / total:.2f}%{{visibility:visible}}"
        stops += f"{100 * at / total:.2f}%{{visibility:hidden}}" * (number + 1 < len(frames))
        rules.append(f"@keyframes k{number}{{{stops}}}")
        rules.append(f"#f{number}{{animation:k{number} {total:g}s step-end infinite}}")
    rules.append(f".f{{visibility:hidden}}#f{poster}{{visibility:visible}}")
    rules.append("@media(prefers-reduced-motion:reduce){.f{animation:none!important}}")
    defined = "".join(f'<g id="{name}">{drawing.row(row)}</g>' for row, name in names.items())
    content = f"<defs>{defined}</defs>{''.join(shown)}"
    return _window(frames[0].rows, title, drawing, content, "".join(rules))


def _ground_of(rows: Sequence[Row]) -> str:
    """The colour of most cells: it is drawn once, behind everything."""
    grounds = [cell.ground for row in rows for cell in row]
    return max({*grounds}, key=grounds.count)


def _placed(row: str, y: int) -> str:
    return f'<g transform="translate(0 {y * HEIGHT})">{row}</g>' if row else ""


def _window(rows: Sequence[Row], title: str, drawing: _Drawing, content: str, rules: str) -> str:
    width = len(rows[0]) * WIDTH + 2 * _MARGIN
    height = len(rows) * HEIGHT + _TITLE_BAR + _MARGIN
    style = (
        f"text{{font:{_FONT}px {_FONTS};white-space:pre}}text,path{{fill:currentColor}}"
        ".d{fill:none;stroke:currentColor;stroke-width:2.4;stroke-linecap:round}"
        ".l{fill:none;stroke:currentColor;stroke-width:1.2}"
        ".h{fill:none;stroke:currentColor;stroke-width:2.2}"
        f"{drawing.rules()}{rules}"
    )
    dots = "".join(
        f'<circle cx="{18 + 18 * n}" cy="14" r="5.5" fill="{colour}"/>'
        for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">'
        f"<title>{escape(title)}</title><style>{style}</style>"
        f'<rect width="{width}" height="{height}" rx="8" fill="{drawing.ground}" '
        'stroke="#808080" stroke-opacity=".5"/>'
        f'{dots}<text x="{width / 2}" y="18" text-anchor="middle" fill="#808080" '
        f'color="#909090">{escape(title)}</text>'
        f'<g transform="translate({_MARGIN} {_TITLE_BAR})">{content}</g></svg>\n'
    )

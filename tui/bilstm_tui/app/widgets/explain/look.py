"""Cells of the screen, and the colours and characters in which states are drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

FULL = 127  # a state of full size
_SHADES_OF_STATES = 10  # of each sign: neighbours that are alike are sent as one
_GLYPHS = "▼-·+▲"
_SHADES = " .:-=+*#%@"
PLAIN, BOLD, DIM = Style(), Style(bold=True), Style(dim=True)

Cells = list[tuple[str, Style]]
"""A line: a character for each cell; an empty one for the second cell of a wide character."""


@dataclass(frozen=True)
class Look:
    """How states are drawn.

    Attributes:
        is_dark: Whether the theme is.
        has_colours: Whether there are colours and half-blocks; otherwise each state is a character.
    """

    is_dark: bool = True
    has_colours: bool = True

    @property
    def forward(self) -> Style:
        """The style of the forward direction."""
        return Style(color="#5fd7ff" if self.is_dark else "#005f87")

    @property
    def backward(self) -> Style:
        """The style of the backward direction."""
        return Style(color="#ff87d7" if self.is_dark else "#9c0068")

    @property
    def right(self) -> Style:
        """The style of the right class."""
        return Style(color="#87d75f" if self.is_dark else "#1b5e00", bold=True)

    @property
    def wrong(self) -> Style:
        """The style of another class that is predicted."""
        return Style(color="#ff8787" if self.is_dark else "#a8001c", bold=True)

    @property
    def units_per_line(self) -> int:
        """Units that a line of the screen has room for."""
        return 2 if self.has_colours else 1

    def states(
        self, upper: int | None, lower: int | None, faded: tuple[bool, bool]
    ) -> tuple[str, Style]:
        """One or two states above one another in a cell; None where nothing has been read yet."""
        if not self.has_colours:
            return _glyph(upper, is_faded=faded[0])
        if upper is None and lower is None:
            return "·", DIM
        above, below = (
            _state_colour(0 if is_faded else value or 0, is_dark=self.is_dark)
            for value, is_faded in zip((upper, lower), faded, strict=True)
        )
        return ("▀", _style(above, below)) if above != below else (" ", _ground(above))

    def pixels(self, upper: int, lower: int) -> tuple[str, Style]:
        """Two pixels above one another, from 0 to 255."""
        if not self.has_colours:
            return _SHADES[(upper + lower) * (len(_SHADES) - 1) // 510], PLAIN
        return "▀", _style(*(f"#{value:02x}{value:02x}{value:02x}" for value in (upper, lower)))


def _glyph(value: int | None, *, is_faded: bool) -> tuple[str, Style]:
    if value is None:
        return " ", PLAIN
    if is_faded:
        return "·", DIM
    return _GLYPHS[round((value / FULL + 1) / 2 * (len(_GLYPHS) - 1))], PLAIN


@lru_cache(4096)
def _style(upper: str, lower: str) -> Style:
    return Style(color=upper, bgcolor=lower)


@lru_cache(256)
def _ground(colour: str) -> Style:
    return Style(bgcolor=colour)


@lru_cache(1024)
def _state_colour(value: int, *, is_dark: bool) -> str:
    """From blue for a negative state to orange for a positive one."""
    nothing = Color.parse("#303030" if is_dark else "#fafafa")
    full = ("#4aa3ff", "#ff9d3c") if is_dark else ("#0b57b0", "#b84a00")
    strength = (abs(value) / FULL) ** 0.8
    strength = round(strength * _SHADES_OF_STATES) / _SHADES_OF_STATES
    return nothing.blend(Color.parse(full[value > 0]), strength).hex6


def put(line: Cells, text: str, style: Style = PLAIN) -> Cells:
    """Append text to a line."""
    for char in text:
        width = cell_len(char)
        if width == 0 and line:  # it combines with the one before
            line[-1] = (line[-1][0] + char, line[-1][1])
        elif width:
            line += [(char, style), *[("", style)] * (width - 1)]
    return line


def fitted(line: Cells, width: int) -> Cells:
    """A line of exactly this width; no half of a wide character is left at its end."""
    if len(line) <= width:
        return line + [(" ", PLAIN)] * (width - len(line))
    is_cut = width and not line[width][0]
    return [*line[: width - 1], (" ", line[width - 1][1])] if is_cut else line[:width]


def strip_of(line: Cells, base: Style) -> Strip:
    """A line for the screen."""
    segments = (
        Segment("".join(char for char, _ in cells), base + style)
        for style, cells in groupby(line, key=lambda cell: cell[1])
    )
    return Strip(segments, len(line))


def changed_spans(before: Cells, after: Cells) -> Iterator[tuple[int, int]]:
    """First cell and width of each part of a line that differs from another of the same width."""
    start: int | None = None
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        is_second_half = not new[0]  # which is sent with the first one
        if start is None and old != new:
            start = at
        elif start is not None and old == new and not is_second_half:
            yield start, at - start
            start = None
    if start is not None:
        yield start, len(after) - start

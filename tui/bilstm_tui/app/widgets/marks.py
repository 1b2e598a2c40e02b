"""The marked runs, and the colour, marker and stroke that each has on every screen."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from ..colours import LinesBy

COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
MARKERS = ("●", "▲", "■", "◆", "✚", "○")
_DASHES = ((), (4, 3), (1, 2), (4, 2, 1, 2), (8, 3), (1, 5))  # dots drawn and left out in turn
_LETTERS = ("", "*", "=", "~", "%", "-")


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn.

    Attributes:
        dashes: How many of its dots are drawn and left out in turn; empty if all are drawn.
        letter: What its cells show instead of dots; empty for dots.
    """

    dashes: tuple[int, ...] = ()
    letter: str = ""


SOLID = Stroke()


def stroke_of(marker: str, lines_by: LinesBy) -> Stroke:
    """How the line is drawn that ends with a marker."""
    number = MARKERS.index(marker)
    match lines_by:
        case "colours":
            return SOLID
        case "dashes":
            return Stroke(dashes=_DASHES[number])
        case "letters":
            return Stroke(letter=_LETTERS[number])


def curve_style(number: int) -> tuple[str, str]:
    """The colour and the marker of a curve: those of the first six in pairs, then others."""
    marker = number + number // len(COLOURS)
    return COLOURS[number % len(COLOURS)], MARKERS[marker % len(MARKERS)]


class Marks:
    """The marked runs by name, in the order in which they were marked, each with a number.

    The number says which colour and marker a run has. A run has it as long as it is marked,
    whatever happens to others, and gets it again later unless another marked run has it then.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._earlier: dict[str, int] = {}

    def __iter__(self) -> Iterator[str]:
        return iter([*self._numbers])

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def number(self, name: str) -> int:
        """The number of a marked run."""
        return self._numbers[name]

    def add(self, name: str) -> None:
        """Mark a run."""
        taken = {*self._numbers.values()}
        number = self._earlier.get(name)
        if number is None or number in taken:
            number = next(it for it in count() if it not in taken)
        self._numbers[name] = self._earlier[name] = number

    def remove(self, name: str) -> None:
        """Remove the mark of a run, if it has one."""
        self._numbers.pop(name, None)

    def rename(self, before: str, after: str) -> None:
        """Keep mark and number of a run that has another name now."""
        for numbers in (self._numbers, self._earlier):
            renamed = {after if name == before else name: it for name, it in numbers.items()}
            numbers.clear()
            numbers.update(renamed)

    def reserve(self, name: str, number: int) -> None:
        """Give a run this number once it is marked, as it is already drawn so."""
        self._earlier[name] = number

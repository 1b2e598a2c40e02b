"""The marked runs, and the colour and marker that each has on every screen."""

from collections.abc import Iterator
from itertools import count

COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
MARKERS = ("●", "▲", "■", "◆", "✚", "○")


def curve_style(number: int) -> tuple[str, str]:
    """The colour and the marker of a curve."""
    return COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]


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

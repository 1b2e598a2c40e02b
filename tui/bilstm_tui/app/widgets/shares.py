"""The probability of each class after the whole sequence, as bars on tracks that end at 100 %."""

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from ...text.names import shortened
from ...text.numbers import bar_and_track

_MOST = 12
_SHORTEST_BAR, _LONGEST_BAR = 6, 40
_SHORTEST_NAME = 3
_MARKS = 2  # columns before a name
_PERCENT = len(" 100.0% ")
_TRUE, _PREDICTED = "▸ ", "✗ "


class Shares(Static):
    """A bar for each class; of many classes only for the most probable ones.

    Where the true class is known and another one is predicted, both are marked.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shares: list[tuple[str, float]] = []
        self._actual: int | None = None

    def show(
        self, probabilities: list[float], classes: list[str], actual: int | None = None
    ) -> None:
        """Show other probabilities.

        Args:
            probabilities: Of each class.
            classes: Their names, not too long.
            actual: The position of the true class; None if it is not known.
        """
        self._shares = [*zip(classes, probabilities, strict=True)]
        self._actual = actual
        self._draw()

    def on_resize(self) -> None:
        """Make the bars as long as there is space."""
        self._draw()

    def _draw(self) -> None:
        if not self._shares:
            return
        best = max(range(len(self._shares)), key=lambda at: self._shares[at][1])
        chosen = self._chosen()
        room = self.size.width - _MARKS - _PERCENT
        names = [
            shortened(name, max(_SHORTEST_NAME, room - _SHORTEST_BAR)) for name, _ in self._shares
        ]
        width = max(cell_len(names[at]) for at in chosen)
        longest = max(_SHORTEST_BAR, min(_LONGEST_BAR, room - width))
        lines = Text()
        for at in chosen:
            name, share = names[at], self._shares[at][1]
            name = " " * (width - cell_len(name)) + name
            mark, style = self._mark(at, is_best=at == best)
            filled, track = bar_and_track(share, longest)
            lines.append(f"{mark}{name} {share:6.1%} {filled}", style).append(f"{track}\n", "dim")
        if others := len(self._shares) - len(chosen):
            rest = max(0.0, 1 - sum(self._shares[at][1] for at in chosen))
            lines.append(f"{'':{_MARKS}}{f'{others:,} others':>{width}} {rest:6.1%}\n", "dim")
        if self._actual not in {None, best}:
            lines.append(f"\n{_TRUE}true class\n", "bold green")
            lines.append(f"{_PREDICTED}predicted", "bold red")
        self.update(lines)

    def _chosen(self) -> list[int]:
        """Positions of all classes, or of many those that count, in descending order."""
        if len(self._shares) <= _MOST:
            return [*range(len(self._shares))]
        order = sorted(range(len(self._shares)), key=lambda at: -self._shares[at][1])
        if self._actual is None or self._actual in order[:_MOST]:
            return order[:_MOST]
        return [*order[: _MOST - 1], self._actual]

    def _mark(self, at: int, *, is_best: bool) -> tuple[str, str]:
        if self._actual is None:
            return " " * _MARKS, "bold green" if is_best else ""
        if at == self._actual:
            return _TRUE, "bold green"
        return (_PREDICTED, "bold red") if is_best else (" " * _MARKS, "")

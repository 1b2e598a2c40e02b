"""The accuracy of each class, and how it has changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from bilstm_core import events
from bilstm_core.data.spec import SPLIT_TITLES, DataSpec

from ...text.names import shortened_together
from ...text.numbers import bar_and_track
from .lines_view import LinesView

_LEAST_BAR, _GAP = 4, 3
_LONGEST_NAME = 14
_FIGURES = 6 + 6
"""Columns for an accuracy and its change."""
_SLIGHT = 0.0005
"""A change of accuracy that would be shown as 0.0."""
_LOW, _HIGH = 0.5, 0.9
"""Accuracies below which and from which a bar has another colour."""


@dataclass(frozen=True)
class ClassResult:
    """The accuracy of a class; `change` is None where there was no evaluation before."""

    name: str
    accuracy: float
    change: float | None


def class_results(evaluations: Sequence[events.Evaluation], data: DataSpec) -> list[ClassResult]:
    """The classes of the latest evaluation that occur in its split."""
    if not evaluations:
        return []
    latest = evaluations[-1]
    sizes = data.class_sizes.get(latest.split, ())
    before = evaluations[0].class_correct if len(evaluations) > 1 else ()
    if len(before) != len(latest.class_correct):
        before = ()
    return [
        ClassResult(
            data.classes[number],
            min(1.0, correct / size),
            (correct - before[number]) / size if before else None,
        )
        for number, (correct, size) in enumerate(zip(latest.class_correct, sizes, strict=False))
        if size and number < data.num_classes
    ]


class ClassBars(LinesView):
    """Bars beside the names of classes; of more than there is room for, the worst ones."""

    def __init__(self) -> None:
        super().__init__(id="classes")
        self._results: list[ClassResult] = []
        self._shown: list[events.Evaluation] = []
        self._split = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self._results

    @property
    def count(self) -> int:
        """How many classes there are."""
        return len(self._results)

    def show(self, evaluations: list[events.Evaluation], data: DataSpec | None) -> None:
        """Show the latest evaluation, and how it differs from the one before."""
        if evaluations == self._shown and bool(evaluations) == bool(self._results):
            return
        self._shown = evaluations
        self._results = class_results(evaluations, data) if data else []
        self._split = SPLIT_TITLES[evaluations[-1].split] if evaluations else ""
        self._draw()

    def rows_for(self, width: int, most: int) -> int:
        """The rows that all classes need, with the title: one below the other, if possible."""
        count = len(self._results)
        return 1 + count if count < most else 1 + -(-count // self._most_columns(width))

    def on_resize(self) -> None:
        """Draw as many as there is room for."""
        self._draw()

    def _draw(self) -> None:
        shown, count = len(self._chosen()), len(self._results)
        title = f"{self._split} accuracy by class"
        if shown < count:
            longer = f"{title}, the worst {shown} of {count}"
            fits = cell_len(longer) <= self.size.width
            title = longer if fits else f"accuracy by class, worst {shown} of {count}"
        self.show_lines(self._draw_lines(), title)

    def _draw_lines(self) -> list[Text]:
        """Draw the bars, column by column."""
        shown = self._chosen()
        if not shown:
            return []
        columns = -(-len(shown) // self.size.height)
        rows = -(-len(shown) // columns)
        width = (self.size.width + _GAP) // columns - _GAP
        longest = min(_LONGEST_NAME, width // 3, max(cell_len(it.name) for it in shown))
        names = shortened_together([it.name for it in shown], longest)
        lines = [Text() for _ in range(rows)]
        for number, result in enumerate(shown):
            line = lines[number % rows]
            line.append(" " * (_GAP if number >= rows else 0))
            line.append_text(_line(result, names[number], longest, width))
        return lines

    def _chosen(self) -> list[ClassResult]:
        """All classes, or the worst ones first."""
        room = self.size.height * self._most_columns(self.size.width)
        if len(self._results) <= room:
            return self._results
        return sorted(self._results, key=lambda it: it.accuracy)[:room]

    def _most_columns(self, width: int) -> int:
        longest = max((cell_len(it.name) for it in self._results), default=0)
        least = min(longest, _LONGEST_NAME) + 1 + _LEAST_BAR + _FIGURES
        return max(1, (width + _GAP) // (least + _GAP))


def _line(result: ClassResult, name: str, longest: int, width: int) -> Text:
    room = max(1, width - longest - _FIGURES - 1)
    filled, track = bar_and_track(result.accuracy, room)
    return Text.assemble(
        name + " " * (longest - cell_len(name) + 1),
        (filled, score_colour(result.accuracy)),
        (track, "dim"),
        f"{100 * result.accuracy:6.1f}",
        _change(result.change),
    )


def score_colour(score: float) -> str:
    """The colour of an accuracy, or of another score of a class."""
    return "green" if score >= _HIGH else "red" if score < _LOW else "yellow"


def _change(change: float | None) -> Text:
    if change is None or abs(change) < _SLIGHT:
        return Text(" " * 6)
    sign, colour = ("▲", "green") if change > 0 else ("▼", "red")
    return Text(f" {sign}{100 * abs(change):<4.1f}"[:6], colour)

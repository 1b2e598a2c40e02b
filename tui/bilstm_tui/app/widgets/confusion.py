"""Tables of a trained network's test results, which scroll below and beside their headings."""

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import DataTable, Static

from bilstm_core.inference.report import ExaminationReport

from ...text.names import shortened

_MOST_CLASSES = 100
_NARROW, _WIDE, _LONGEST_NAME = 4, 7, 20  # columns of a cell and of the names beside the rows
_RARE, _FREQUENT = 0.01, 0.05  # shares misclassified, from which on they are more prominent


class ConfusionTable(Vertical):
    """A row for each actual class, a column for each predicted one."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._report: ExaminationReport | None = None
        self._counts: dict[tuple[int, int], int] = {}
        self._numbers: list[int] = []
        self._title = ""

    def compose(self) -> ComposeResult:
        """Compose a line of words and the table."""
        yield Static(classes="title")
        yield DataTable[Text](fixed_columns=1, cell_padding=0)

    def show(self, report: ExaminationReport, *, is_normalised: bool, room: int) -> None:
        """Show counts or shares, at most `room` columns wide if names can be shortened so far."""
        self._report, self._numbers = report, _shown_classes(report)
        self._counts = {(it.actual, it.predicted): it.count for it in report.confusions}
        self._counts |= {(at, at): score.correct for at, score in enumerate(report.scores)}
        classes = report.spec.classes
        names = [classes[number] for number in self._numbers]
        label = min(_LONGEST_NAME, max(map(len, names)))
        width = min(max(_WIDE, label), max(_NARROW, (room - label - 4) // len(names) - 1))
        width = max(width, 5) if is_normalised else width
        what = "shares of each row" if is_normalised else report.spec.items
        some = f", {len(names)} classes with most mistakes" if len(names) < len(classes) else ""
        self._title = f"{what}: true, down; predicted, across{some}"
        self.query_one(Static).update(Text(self._title, "italic"))
        table = self.query_one(DataTable)
        at = table.cursor_coordinate
        table.clear(columns=True)
        table.add_column("", width=label + 1)
        for name in short_names(names, width):
            table.add_column(Text(name, justify="right"), width=width + 1)
        for number, name in zip(self._numbers, names, strict=True):
            cells = self._row(number, is_normalised=is_normalised)
            table.add_row(Text(f"{shortened(name, label):>{label}} ", "bold"), *cells)
        table.cursor_coordinate = at

    def _row(self, number: int, *, is_normalised: bool) -> list[Text]:
        assert self._report  # noqa: S101
        total = self._report.scores[number].support or 1
        cells = []
        for column in self._numbers:
            count = self._counts.get((number, column), 0)
            share = "100%" if count == total else f"{count / total:.1%}"
            cell = share if is_normalised else f"{count:,}"
            style = _style(count / total, is_correct=column == number)
            cells.append(Text(cell if count else "·", style, justify="right"))
        return cells

    @on(DataTable.CellHighlighted)
    def _say_cell(self, event: "DataTable.CellHighlighted") -> None:
        """Say in words what is in the cell under the cursor."""
        table = event.data_table
        if not self._report or not table.has_focus or not event.coordinate.column:
            return
        actual = self._numbers[event.coordinate.row]
        predicted = self._numbers[event.coordinate.column - 1]
        names, total = self._report.spec.classes, self._report.scores[actual].support
        count = self._counts.get((actual, predicted), 0)
        words = f"{names[actual]}, predicted {names[predicted]}: {count:,} of {total:,}"
        self.query_one(Static).update(Text(words, "italic"))


class ScoreTable(DataTable[Text]):
    """Precision, recall and F1 of each class."""

    def show(self, report: ExaminationReport) -> None:
        """Show the scores of a report."""
        self.clear(columns=True)
        self.add_column(Text("class"))
        for name in ("precision", "recall", "F1", report.spec.items):
            self.add_column(Text(name, justify="right"), width=max(9, len(name)))
        for score in report.scores:
            shares = (f"{value:.2%}" for value in (score.precision, score.recall, score.f1))
            cells = (*shares, f"{score.support:,}")
            self.add_row(Text(score.name, "bold"), *(Text(cell, justify="right") for cell in cells))


def needed_width(report: ExaminationReport) -> int:
    """Columns that a confusion table of shares needs at least, if it is not to scroll."""
    names = [report.spec.classes[number] for number in _shown_classes(report)]
    return min(_LONGEST_NAME, max(map(len, names))) + 6 * len(names) + 2


def _shown_classes(report: ExaminationReport) -> list[int]:
    """All classes, or of very many those with most mistakes."""
    scores = report.scores
    if len(scores) <= _MOST_CLASSES:
        return [*range(len(scores))]
    by_mistakes = sorted(range(len(scores)), key=lambda number: scores[number].wrong)
    return sorted(by_mistakes[-_MOST_CLASSES:])


def short_names(names: list[str], width: int) -> list[str]:
    """Names that are short enough; without their common start where they would be the same."""
    if len({name[:width] for name in names}) == len(names):
        return [name[:width] for name in names]
    first, last = min(names), max(names)
    differs = (at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1])
    start = next(differs, len(first))
    return [name[start : start + width] or name[:width] for name in names]


def _style(share: float, *, is_correct: bool) -> str:
    if is_correct:
        return "bold green"
    if not share:
        return "dim"
    if share < _RARE:
        return "red"
    return "bold red" if share < _FREQUENT else "bold white on red"

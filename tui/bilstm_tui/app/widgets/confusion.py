"""Tables of a trained network's test results, which scroll below and beside their headings."""

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Container, Vertical
from textual.widgets import DataTable, Static

from bilstm_core.inference.report import ExaminationReport

from ...text.names import shortened, shortened_together
from ...text.numbers import bar_and_track
from .class_bars import score_colour

_MOST_CLASSES = 100
_NARROW, _WIDE, _LONGEST_NAME = 4, 9, 20  # columns of a cell and of the names beside the rows
_HIGH = 4  # lines of a cell at most
_SIDE_BY_SIDE_WIDTH = 140  # columns from which on counts and shares are shown side by side
_LONGEST_LISTED = 12  # columns of a class in the list
_LIST_MARGIN = 4
_MARGIN = 3  # columns beside a table, with its scrollbar
_ROWS_AROUND = 7  # of the matrix on the screen, with an empty one below it
_FEWEST_LISTED = 4  # lines below the matrix
_MOST_LISTED_BELOW = 8  # lines below the matrix
_MOST_LISTED = 40
_SHORTEST_BAR, _LONGEST_BAR = 8, 40
_FAINTEST = 0.1  # of the colour behind a cell
_STRONGEST = {"light": 0.75, "dark": 0.48, "high-contrast": 0.35}
"""The same, by the kind of theme: what is in the cell can be read, also with 256 colours."""


class ConfusionView(Container):
    """The matrix, as counts and as shares, and the most frequent confusions in words."""

    def compose(self) -> ComposeResult:
        """Compose two tables, of which one may be hidden, and the list."""
        yield ConfusionTable(id="confusion-counts")
        yield ConfusionTable(id="confusion-shares")
        yield Static(id="confusions")

    def show(self, report: ExaminationReport, *, is_normalised: bool) -> None:
        """Show a report; the list stands beside the tables or below, where there is space."""
        width, height = self.app.size
        listed = _largest_in_words(report)
        list_width = max(line.cell_len for line in listed.split()) + _LIST_MARGIN
        is_beside = width >= _wanted_width(report, is_normalised=is_normalised) + list_width
        rows = height - _ROWS_AROUND - _FEWEST_LISTED * (not is_beside)
        lines = max(1, min(_HIGH, rows // len(_shown_classes(report))))
        rows_below = height - _ROWS_AROUND - lines * len(_shown_classes(report))
        self.set_class(is_beside, "-wide")
        room = width - list_width * is_beside
        fits_twice = width >= _SIDE_BY_SIDE_WIDTH and room >= 2 * needed_width(report)
        kinds = [False, True] if fits_twice else [is_normalised]
        tables = [*self.query(ConfusionTable)]
        tables[1].display = fits_twice
        for table, kind in zip(tables, kinds, strict=False):
            table.show(report, is_normalised=kind, room=room // len(kinds), lines=lines)
        list_ = self.query_one("#confusions", Static)
        list_.display = is_beside or rows_below >= _FEWEST_LISTED
        list_.styles.width = list_width if is_beside else "1fr"
        list_.styles.max_height = None if is_beside else min(_MOST_LISTED_BELOW, rows_below)
        list_.update(listed)


class ConfusionTable(Vertical):
    """A row for each actual class, a column for each predicted one."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._report: ExaminationReport | None = None
        self._counts: dict[tuple[int, int], int] = {}
        self._numbers: list[int] = []
        self._title = ""
        self._largest_share = 1.0

    def compose(self) -> ComposeResult:
        """Compose a line of words and the table."""
        yield Static(classes="title")
        yield DataTable[Text](fixed_columns=1, cell_padding=0)

    def show(
        self, report: ExaminationReport, *, is_normalised: bool, room: int, lines: int
    ) -> None:
        """Show counts or shares, at most `room` columns wide if names can be shortened so far.

        Each cell is so many lines high.
        """
        self._report, self._numbers = report, _shown_classes(report)
        self._counts = {(it.actual, it.predicted): it.count for it in report.confusions}
        self._counts |= {(at, at): score.correct for at, score in enumerate(report.scores)}
        self._largest_share = max(
            (it.count / (report.scores[it.actual].support or 1) for it in report.confusions),
            default=1.0,
        )
        classes = report.spec.classes
        names = [classes[number] for number in self._numbers]
        label = min(_LONGEST_NAME, max(map(len, names)))
        least = _least_width(report, is_normalised=is_normalised)
        width = min(max(_WIDE, label), max(least, (room - label - 4) // len(names) - 1))
        what = "shares of each row" if is_normalised else report.spec.items
        some = f", {len(names)} classes with most mistakes" if len(names) < len(classes) else ""
        self._title = f"{what}: true, down; predicted, across{some}"
        self.query_one(Static).update(Text(self._title, "italic"))
        table = self.query_one(DataTable)
        at = table.cursor_coordinate
        table.clear(columns=True)
        table.add_column("", width=label + 1)
        justify = "center" if lines > 1 else "right"
        for name in shortened_together(names, width):
            table.add_column(Text(name, justify=justify), width=width + 1)
        above, below = "\n" * ((lines - 1) // 2), "\n" * (lines // 2)
        for number, name in zip(self._numbers, names, strict=True):
            heading = f"{above}{shortened(name, label):>{label}} "
            cells = [
                Text(f"{above}{cell.plain}{below}", cell.style, justify=justify)
                for cell in self._row(number, is_normalised=is_normalised)
            ]
            table.add_row(Text(heading, "bold"), *cells, height=lines)
        table.cursor_coordinate = at

    def _row(self, number: int, *, is_normalised: bool) -> list[Text]:
        assert self._report  # noqa: S101
        total = self._report.scores[number].support or 1
        cells = []
        for column in self._numbers:
            count = self._counts.get((number, column), 0)
            share = "100%" if count == total else f"{count / total:.1%}"
            cell = share if is_normalised else f"{count:,}"
            style = self._heat(count / total, is_correct=column == number)
            cells.append(Text(cell if count else "·", style))
        return cells

    def _heat(self, share: float, *, is_correct: bool) -> Style:
        """The style of a cell: the larger the share, the stronger the colour behind it."""
        if not share:
            return Style(dim=True)
        name = "success" if is_correct else "error"
        colour, ground = (Color.parse(self.app.theme_variables[it]) for it in (name, "background"))
        if colour.ansi is not None or ground.ansi is not None:
            return Style.parse("bold green" if is_correct else "bold red")
        strength = share if is_correct else (share / self._largest_share) ** 0.5
        theme = self.app.current_theme
        kind = theme.name if theme.name in _STRONGEST else "dark" if theme.dark else "light"
        cell = ground.blend(colour, _FAINTEST + (_STRONGEST[kind] - _FAINTEST) * strength)
        return Style(
            color=cell.get_contrast_text(1.0).rich_color, bgcolor=cell.rich_color, bold=is_correct
        )

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
    """Precision, recall and F1 of each class; F1 also as a bar, where there is space."""

    def show(self, report: ExaminationReport) -> None:
        """Show the scores of a report; the cursor stays where it is."""
        at = self.cursor_coordinate
        self.clear(columns=True)
        self.add_column(Text("class"))
        for name in (report.spec.items, "precision", "recall", "F1"):
            self.add_column(Text(name, justify="right"), width=max(9, len(name)))
        names = max(map(cell_len, ["class", *(score.name for score in report.scores)]))
        used = names + sum(column.width for column in [*self.columns.values()][1:])
        padding = 2 * self.cell_padding * (len(self.columns) + 1)
        room = min(_LONGEST_BAR, self.app.size.width - used - padding - _MARGIN)
        if room >= _SHORTEST_BAR:
            self.add_column("", width=room)
        for score in report.scores:
            shares = (f"{value:.2%}" for value in (score.precision, score.recall, score.f1))
            cells = [Text(it, justify="right") for it in (f"{score.support:,}", *shares)]
            filled, track = bar_and_track(score.f1, max(0, room))
            bar = Text.assemble((filled, score_colour(score.f1)), (track, "dim"))
            self.add_row(Text(score.name, "bold"), *cells, *[bar] * (room >= _SHORTEST_BAR))
        self.cursor_coordinate = at


def needed_width(report: ExaminationReport, *, is_normalised: bool = True) -> int:
    """Columns that a confusion table needs at least, if it is not to scroll."""
    names = [report.spec.classes[number] for number in _shown_classes(report)]
    cell = _least_width(report, is_normalised=is_normalised) + 1
    return min(_LONGEST_NAME, max(map(len, names))) + cell * len(names) + 4


def _wanted_width(report: ExaminationReport, *, is_normalised: bool) -> int:
    """Columns with which also the names above the columns are whole, unless they are long."""
    names = [report.spec.classes[number] for number in _shown_classes(report)]
    longest = max(map(len, names))
    more = max(0, min(_WIDE, longest) - _least_width(report, is_normalised=is_normalised))
    few = longest <= _WIDE
    return needed_width(report, is_normalised=is_normalised) + more * len(names) * few


def _least_width(report: ExaminationReport, *, is_normalised: bool) -> int:
    """Columns of the widest cell."""
    if is_normalised:
        return len("97.5%")
    counts = (score.support for score in report.scores)  # no other count is larger
    return max(_NARROW, len(f"{max(counts):,}"))


def _shown_classes(report: ExaminationReport) -> list[int]:
    """All classes, or of very many those with most mistakes."""
    scores = report.scores
    if len(scores) <= _MOST_CLASSES:
        return [*range(len(scores))]
    by_mistakes = sorted(range(len(scores)), key=lambda number: scores[number].wrong)
    return sorted(by_mistakes[-_MOST_CLASSES:])


def _largest_in_words(report: ExaminationReport) -> Text:
    """The most frequent confusions, one in a line."""
    if not report.confusions:
        return Text("no confusions", "dim")
    classes, lines = report.spec.classes, Text("most frequent confusions\n", "dim")
    for it in report.confusions[:_MOST_LISTED]:
        share = it.count / (report.scores[it.actual].support or 1)
        names = [shortened(classes[at], _LONGEST_LISTED) for at in (it.actual, it.predicted)]
        lines.append(f"{it.count:>5,} {share:>6.1%}  {' → '.join(names)}\n")
    return lines

"""A trained network, examined: its confusion matrix, its mistakes, and a canvas to try it on."""

from pathlib import Path
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static, TabbedContent, TabPane

from bilstm_core.errors import BilstmError
from bilstm_core.inference.report import ExaminationReport, Mistake, StepwisePrediction
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.worker_client import error_from_event
from bilstm_core.runs.run import Run

from ...text.console import sanitize
from ..widgets.drawing import DrawingPad, StepwiseView
from ..widgets.key_footer import KeyFooter
from .base import BaseScreen
from .dialogs import failure

_BOTH_FIT = 140
"""Columns from which on the counts and the shares both fit."""
_ALL_FITS = 104
"""Columns from which on there is room for long names beside the picture and its readings."""
_SHORT_NAME = 3
_RARE, _FREQUENT = 0.01, 0.05
"""Shares of a class predicted as another, from which on they are more prominent."""


class InspectScreen(BaseScreen[None]):
    """Confusion, classes, mistakes and a canvas, in tabs.

    Args:
        run: The run whose network it is.
        data_dir: The folder of the data sets.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "normalise", "Counts/Shares", tooltip="Counts, or shares of each class"),
        Binding("j", "step(1)", "Next mistake", tooltip="The next mistake"),
        Binding("k", "step(-1)", "Previous", tooltip="The mistake before"),
        Binding("c", "next_class", "Class", tooltip="Mistakes of one class after another"),
        Binding("escape", "dismiss", "Back", tooltip="Back"),
    ]

    AUTO_FOCUS = "Tabs"

    def __init__(self, run: Run, data_dir: Path) -> None:
        super().__init__()
        self._run = run
        self._inspector = ExaminerClient(run, data_dir)
        self._report: ExaminationReport | None = None
        self._is_normalised = False
        self._class: int | None = None
        self._position = 0
        self._canvas = DrawingPad()

    def compose(self) -> ComposeResult:
        """A tab for each view."""
        yield Static(Text(f"{self._run_name}: reading the test data …"), id="caption")
        with TabbedContent():
            with TabPane("Confusion", id="confusion-tab"), VerticalScroll():
                yield Static(id="confusion")
            with TabPane("Classes", id="classes-tab"), VerticalScroll():
                yield Static(id="classes")
            with TabPane("Mistakes", id="mistakes-tab"), VerticalScroll():
                yield Static(id="mistake")
                with Horizontal(id="mistake-view"):
                    yield StepwiseView(id="mistake-reading")
                    yield StepwiseView(id="mistake-shares")
            with TabPane("Draw", id="draw-tab"), Horizontal():
                yield self._canvas
                yield StepwiseView(id="draw-reading")
                yield StepwiseView(id="draw-shares")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Have the network examined."""
        self._examine()

    async def on_unmount(self) -> None:
        """Nobody asks any more."""
        await self._inspector.close()

    @work
    async def _examine(self) -> None:
        try:
            self._report = report = await self._inspector.examine()
        except BilstmError as error:
            if self in self.app.screen_stack:  # nobody has left it meanwhile
                self.dismiss(None)
                self.app.push_screen(failure(error))
            return
        self._canvas.set_size(report.spec.height, report.spec.width)
        self._read_drawing()
        if report.failure:  # the canvas needs no data
            self.query_one("#caption", Static).update(Text(f"{self._run_name}: no test data"))
            self.query_one(TabbedContent).active = "draw-tab"
            self.app.push_screen(failure(error_from_event(report.failure)))
            return
        wrong = sum(map(sum, report.confusion)) - sum(
            row[number] for number, row in enumerate(report.confusion)
        )
        total = sum(map(sum, report.confusion))
        caption = f"{self._run_name}: {wrong:,} of {total:,} test {report.spec.items} misclassified"
        caption += f"; {report.warning}" if report.warning else ""
        self.query_one("#caption", Static).update(Text(caption))
        self.query_one("#classes", Static).update(_class_table(report))
        self._show_confusion()
        self._show_mistake()

    def action_normalise(self) -> None:
        """Counts, or shares of each row."""
        self._is_normalised = not self._is_normalised
        self._show_confusion()

    def action_step(self, by: int) -> None:
        """Another mistake."""
        self.query_one(TabbedContent).active = "mistakes-tab"
        self._position += by
        self._show_mistake()

    def action_next_class(self) -> None:
        """Mistakes of the next class alone, or of all."""
        if self._report:
            first = 0 if self._class is None else self._class + 1
            wrong = {mistake.actual for mistake in self._report.mistakes}
            self._class = min((number for number in wrong if number >= first), default=None)
            self._position = 0
            self.action_step(0)

    def _show_confusion(self) -> None:
        if self._report and not self._report.failure:
            both = Table.grid(padding=(0, 4))
            kinds = [False, True] if self.app.size.width >= _BOTH_FIT else [self._is_normalised]
            room = self.app.size.width // len(kinds)
            both.add_row(*(_confusion_table(self._report, kind, room) for kind in kinds))
            self.query_one("#confusion", Static).update(both)

    def on_resize(self) -> None:
        """Where there is room, counts and shares stand side by side, and names are whole."""
        self._show_confusion()
        self._show_mistake()
        self._read_drawing()

    @property
    def _run_name(self) -> str:
        return sanitize(self._run.name)

    @property
    def _mistakes(self) -> list[Mistake]:
        if not self._report:
            return []
        return [m for m in self._report.mistakes if self._class in {None, m.actual}]

    @work(exclusive=True, group="mistake")
    async def _show_mistake(self) -> None:
        report, mistakes = self._report, self._mistakes
        if not report or report.failure:
            return
        classes = report.spec.classes
        which = "any class" if self._class is None else classes[self._class]
        self.query_one("#mistake-view").display = bool(mistakes)
        if not mistakes:
            self.query_one("#mistake", Static).update(Text(f"No mistakes on {which}"))
            return
        self._position %= len(mistakes)
        shown = mistakes[self._position]
        rows = range(len(classes)) if self._class is None else [self._class]
        wrong = sum(sum(report.confusion[row]) - report.confusion[row][row] for row in rows)
        which += f", the most confident of {wrong:,}" if wrong > len(mistakes) else ""
        words = (
            f"{self._position + 1} of {len(mistakes)} ({which}): {classes[shown.actual]}, "
            f"predicted {classes[shown.predicted]} with {shown.probability:.1%}"
        )
        self.query_one("#mistake", Static).update(Text(words, style="bold"))
        if reading := await self._read(shown.inputs):
            view = self.query_one("#mistake-reading", StepwiseView)
            view.show(shown.inputs, reading, self._names)
            self.query_one("#mistake-shares", StepwiseView).show_shares(reading, self._names)

    @on(DrawingPad.Drawn)
    @work(exclusive=True, group="drawing")
    async def _read_drawing(self) -> None:
        if self._report:
            pixels = [list(row) for row in self._canvas.pixels]
            if reading := await self._read(pixels):
                view = self.query_one("#draw-reading", StepwiseView)
                view.show(pixels, reading, self._names, with_picture=False)
                self.query_one("#draw-shares", StepwiseView).show_shares(reading, self._names)

    @property
    def _names(self) -> list[str]:
        """The classes, in short where there is no room for more."""
        classes = self._report.spec.classes if self._report else ()
        fits = self.app.size.width >= _ALL_FITS
        return [name if fits else name[:_SHORT_NAME] for name in classes]

    async def _read(self, pixels: list[list[float]]) -> StepwisePrediction | None:
        """How the network takes an image; None where it can no longer be asked."""
        try:
            return await self._inspector.read(pixels)
        except BilstmError as error:
            if self.is_attached:
                self.app.push_screen(failure(error))
            return None


def _confusion_table(report: ExaminationReport, is_normalised: bool, room: int) -> Table:
    """Rows: actual classes. Columns: predicted ones; as wide as there is room."""
    classes = report.spec.classes
    label = max(map(len, classes))
    width = min(7, max(4, (room - label - 4) // len(classes) - 1))
    what = "shares of each row" if is_normalised else report.spec.items
    title = f"{what}: true, down; predicted, across"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left", padding=(0, 1, 0, 0))
    table.add_column("", style="bold", justify="right", min_width=label)
    for name in classes:
        table.add_column(name[:width], justify="right", min_width=min(width, 5))
    for number, row in enumerate(report.confusion):
        total = sum(row) or 1
        cells = []
        for column, count in enumerate(row):
            share = "100%" if count == total else f"{count / total:.1%}"
            word = share if is_normalised else f"{count:,}"
            style = _style(count / total, is_right=column == number)
            cells.append(Text(word if count else "·", style=style))
        table.add_row(classes[number], *cells)
    return table


def _style(share: float, *, is_right: bool) -> str:
    """The more of a class is misclassified, the more prominent."""
    if is_right:
        return "bold green"
    if not share:
        return "dim"
    if share < _RARE:
        return "red"
    return "bold red" if share < _FREQUENT else "bold white on red"


def _class_table(report: ExaminationReport) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("class", style="bold")
    for name in ("precision", "recall", "F1", report.spec.items):
        table.add_column(name, justify="right")
    for score in report.scores:
        shares = (f"{value:.2%}" for value in (score.precision, score.recall, score.f1))
        table.add_row(score.name, *shares, f"{score.support:,}")
    return table

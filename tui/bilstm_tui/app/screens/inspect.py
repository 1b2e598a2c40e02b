"""A trained network: its confusion matrix, its classes and mistakes, and a canvas to try it on."""

from collections.abc import Iterable
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
from bilstm_core.inference.report import ExaminationReport
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.worker_client import error_from_event
from bilstm_core.runs.run import Run

from ..widgets.drawing import DrawingPad, StepwiseView
from ..widgets.key_footer import KeyFooter
from .base import BaseScreen
from .dialogs import error_dialog

_SIDE_BY_SIDE_WIDTH = 140  # columns from which on counts and shares are shown side by side
_LONG_NAMES_WIDTH = 104  # columns from which on whole class names fit beside an image
_SHORT_NAME = 3
_RARE, _FREQUENT = 0.01, 0.05  # shares misclassified, from which on they are more prominent


class InspectScreen(BaseScreen[None]):
    """The confusion matrix, the classes, the mistakes and a canvas, in tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "normalise", "Counts/Shares", tooltip="Counts, or shares of each class"),
        Binding("j", "step(1)", "Next mistake", tooltip="The next mistake"),
        Binding("k", "step(-1)", "Previous", tooltip="The previous mistake"),
        Binding("c", "next_class", "Class", tooltip="Mistakes of the next class, or of all"),
        Binding("escape", "dismiss", "Back", tooltip="Back"),
    ]

    AUTO_FOCUS = "Tabs"

    def __init__(self, run: Run, data_dir: Path) -> None:
        super().__init__()
        self._run_name = run.name
        self._examiner = ExaminerClient(run, data_dir)
        self._report: ExaminationReport | None = None
        self._is_normalised = False
        self._class: int | None = None
        self._position = 0
        self._canvas = DrawingPad()

    def compose(self) -> ComposeResult:
        """Compose a tab for each view."""
        yield Static(Text(f"{self._run_name}: reading the test data …"), id="caption")
        with TabbedContent():
            with TabPane("Confusion", id="confusion-tab"), VerticalScroll():
                yield Static(id="confusion")
            with TabPane("Classes", id="classes-tab"), VerticalScroll():
                yield Static(id="classes")
            with TabPane("Mistakes", id="mistakes-tab"), VerticalScroll():
                yield Static(id="mistake")
                with Horizontal(id="mistake-view"):
                    yield StepwiseView(id="mistake-steps")
                    yield StepwiseView(id="mistake-shares")
            with TabPane("Draw", id="draw-tab"), Horizontal():
                yield self._canvas
                yield StepwiseView(id="draw-steps")
                yield StepwiseView(id="draw-shares")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Examine the network."""
        self._examine()

    async def on_unmount(self) -> None:
        """End the examiner."""
        await self._examiner.close()

    @work
    async def _examine(self) -> None:
        try:
            self._report = report = await self._examiner.examine()
        except BilstmError as error:
            if self in self.app.screen_stack:  # else the screen was closed
                self.dismiss(None)
                self.app.push_screen(error_dialog(error))
            return
        has_images = report.spec.kind == "images"
        if has_images:
            self._canvas.set_size(report.spec.height, report.spec.width)
            self._predict_drawing()
        else:
            self.query_one(TabbedContent).hide_tab("draw-tab")
        caption = self.query_one("#caption", Static)
        if report.failure:
            caption.update(Text(f"{self._run_name}: no test data"))
            if has_images:  # the canvas needs no data
                self.query_one(TabbedContent).active = "draw-tab"
            self.app.push_screen(error_dialog(error_from_event(report.failure)))
            return
        wrong = _count_mistakes(report, range(len(report.confusion)))
        total = sum(map(sum, report.confusion))
        words = f"{self._run_name}: {wrong:,} of {total:,} test {report.spec.items} misclassified"
        caption.update(Text("; ".join(filter(None, (words, report.warning)))))
        self.query_one("#classes", Static).update(_class_table(report))
        self._show_confusion()
        self._show_mistake()

    def action_normalise(self) -> None:
        """Switch between counts and shares."""
        self._is_normalised = not self._is_normalised
        self._show_confusion()

    def action_step(self, by: int) -> None:
        """Show another mistake."""
        self.query_one(TabbedContent).active = "mistakes-tab"
        self._position += by
        self._show_mistake()

    def action_next_class(self) -> None:
        """Show the mistakes of the next class only, or of all classes."""
        if self._report:
            first = 0 if self._class is None else self._class + 1
            wrong = {mistake.actual for mistake in self._report.mistakes}
            self._class = min((number for number in wrong if number >= first), default=None)
            self._position = 0
            self.action_step(0)

    def on_resize(self) -> None:
        """Adapt to the width."""
        self._show_confusion()
        self._show_mistake()
        self._predict_drawing()

    def _show_confusion(self) -> None:
        if self._report and not self._report.failure:
            width = self.app.size.width
            kinds = [False, True] if width >= _SIDE_BY_SIDE_WIDTH else [self._is_normalised]
            tables = [_confusion_table(self._report, kind, width // len(kinds)) for kind in kinds]
            grid = Table.grid(padding=(0, 4))
            grid.add_row(*tables)
            self.query_one("#confusion", Static).update(grid)

    @work(exclusive=True, group="mistake")
    async def _show_mistake(self) -> None:
        report = self._report
        if not report or report.failure:
            return
        mistakes = [it for it in report.mistakes if self._class in {None, it.actual}]
        classes = report.spec.classes
        which = "any class" if self._class is None else classes[self._class]
        heading = self.query_one("#mistake", Static)
        self.query_one("#mistake-view").display = bool(mistakes)
        if not mistakes:
            heading.update(Text(f"No mistakes on {which}"))
            return
        self._position %= len(mistakes)
        shown = mistakes[self._position]
        rows = range(len(classes)) if self._class is None else [self._class]
        wrong = _count_mistakes(report, rows)
        which += f", the most confident of {wrong:,}" if wrong > len(mistakes) else ""
        description = (
            f"{self._position + 1} of {len(mistakes)} ({which}): {classes[shown.actual]}, "
            f"predicted {classes[shown.predicted]} with {shown.probability:.1%}"
        )
        heading.update(Text(description, style="bold"))
        await self._show_prediction("mistake", shown.inputs, with_image=True)

    @on(DrawingPad.Changed)
    @work(exclusive=True, group="drawing")
    async def _predict_drawing(self) -> None:
        if self._report and self._report.spec.kind == "images":
            pixels = [list(row) for row in self._canvas.pixels]
            await self._show_prediction("draw", pixels, with_image=False)

    async def _show_prediction(
        self, view: str, pixels: list[list[float]], *, with_image: bool
    ) -> None:
        """Show what the network predicts for an image, in the views with this prefix."""
        assert self._report  # noqa: S101 - the callers checked it
        try:
            prediction = await self._examiner.read(pixels)
        except BilstmError as error:
            if self.is_attached:
                self.app.push_screen(error_dialog(error))
            return
        classes = list(self._report.spec.classes)
        if self.app.size.width < _LONG_NAMES_WIDTH:
            classes = [name[:_SHORT_NAME] for name in classes]
        steps = self.query_one(f"#{view}-steps", StepwiseView)
        spec = self._report.spec
        image = pixels if spec.kind == "images" else _heat_map(pixels)
        steps.show(image, prediction, classes, step=spec.steps[:-1], with_image=with_image)
        self.query_one(f"#{view}-shares", StepwiseView).show_shares(prediction, classes)


def _heat_map(series: list[list[float]]) -> list[list[float]]:
    """A series (steps × features) as brightness: each feature from its least value to its most."""
    columns = list(zip(*series, strict=True))
    lows, highs = list(map(min, columns)), list(map(max, columns))
    return [
        [
            (value - low) / (high - low) if high > low else 0.5
            for value, low, high in zip(step, lows, highs, strict=True)
        ]
        for step in series
    ]


def _count_mistakes(report: ExaminationReport, classes: Iterable[int]) -> int:
    return sum(sum(report.confusion[row]) - report.confusion[row][row] for row in classes)


def _confusion_table(report: ExaminationReport, is_normalised: bool, room: int) -> Table:
    """A row for each actual class, a column for each predicted one; `room` columns wide at most."""
    classes = report.spec.classes
    label = max(map(len, classes))
    width = min(7, max(4, (room - label - 4) // len(classes) - 1))
    what = "shares of each row" if is_normalised else report.spec.items
    title = f"{what}: true, down; predicted, across"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left", padding=(0, 1, 0, 0))
    table.add_column("", style="bold", justify="right", min_width=label)
    for name in classes:
        table.add_column(Text(name[:width]), justify="right", min_width=min(width, 5))
    for number, row in enumerate(report.confusion):
        total = sum(row) or 1
        cells = []
        for column, count in enumerate(row):
            share = "100%" if count == total else f"{count / total:.1%}"
            cell = share if is_normalised else f"{count:,}"
            style = _style(count / total, is_correct=column == number)
            cells.append(Text(cell if count else "·", style=style))
        table.add_row(Text(classes[number]), *cells)
    return table


def _style(share: float, *, is_correct: bool) -> str:
    if is_correct:
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
        table.add_row(Text(score.name), *shares, f"{score.support:,}")
    return table

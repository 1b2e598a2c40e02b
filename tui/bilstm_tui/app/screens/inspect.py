"""A trained network: its confusion matrix, its classes and mistakes, and a canvas to try it on."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static, TabbedContent, TabPane

from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.events import RunStarted
from bilstm_core.inference.report import ExaminationReport, Mistake, StepwisePrediction
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.worker_client import error_from_event
from bilstm_core.runs.event_log import read_head
from bilstm_core.runs.run import Run

from ...text.names import shortened
from ..widgets.confusion import ConfusionTable, ScoreTable, needed_width, short_names
from ..widgets.drawing import DrawingPad, StepwiseView
from ..widgets.explain.view import ExplainView
from ..widgets.key_footer import KeyFooter
from ..widgets.series_view import SeriesShown, SeriesView
from .base import BaseScreen
from .dialogs import error_dialog

_SIDE_BY_SIDE_WIDTH = 140  # columns from which on counts and shares are shown side by side
_LONG_NAMES_WIDTH = 104  # columns from which on whole class names fit beside an image
_SHORT_NAME = 3
_LONGEST_NAME = 16  # columns of a class beside its probability
_SHORTEST_ID, _LONGEST_ID = 12, 40
_WIDEST_IMAGE = 40  # columns: what is predicted needs the others
_LARGEST = 64  # rows or columns of an image that can be drawn


class InspectScreen(BaseScreen[None]):
    """The confusion matrix, the classes, the mistakes and a canvas, in tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "normalise", "Counts/Shares", tooltip="Counts, or shares of each class"),
        Binding("j", "step(1)", "Next mistake", tooltip="The next mistake"),
        Binding("k", "step(-1)", "Previous", tooltip="The previous mistake"),
        Binding("c", "next_class", "Class", tooltip="Mistakes of the next class, or of all"),
        Binding("f", "next_features", "Features", tooltip="Draw other features of the series"),
        Binding("escape", "dismiss", "Back", tooltip="Back"),
    ]

    AUTO_FOCUS = "Tabs"

    def __init__(self, run: Run, data_dir: Path) -> None:
        super().__init__()
        self._run = run
        self._examiner = ExaminerClient(run, data_dir)
        self._report: ExaminationReport | None = None
        self._is_normalised = False
        self._class: int | None = None
        self._position = 0
        self._canvas = DrawingPad()

    def compose(self) -> ComposeResult:
        """Compose a tab for each view."""
        yield Static(Text(f"{self._run.name}: reading the test data …"), id="caption")
        with TabbedContent():
            with TabPane("Confusion", id="confusion-tab"), Horizontal():
                yield ConfusionTable(id="confusion")
                yield ConfusionTable(id="confusion-shares")
            with TabPane("Classes", id="classes-tab"):
                yield ScoreTable(id="classes", cursor_type="row", fixed_columns=1)
            with TabPane("Mistakes", id="mistakes-tab"), VerticalScroll():
                yield Static(id="mistake")
                with Horizontal(id="mistake-view"):
                    yield StepwiseView(id="mistake-steps")
                    yield SeriesView(id="mistake-series")
                    yield StepwiseView(id="mistake-shares")
            with TabPane("Explain", id="explain-tab"):
                yield ExplainView(self._examiner.explain)
            with TabPane("Draw", id="draw-tab"), Horizontal():
                yield self._canvas
                yield StepwiseView(id="draw-steps")
                yield StepwiseView(id="draw-shares")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Examine the network."""
        self.query_one(TabbedContent).hide_tab("draw-tab")
        self._examine()

    def on_unmount(self) -> None:
        """End the examiner."""
        self._examiner.close()

    @work
    async def _examine(self) -> None:
        try:
            self._show_draw_tab(await asyncio.to_thread(_logged_spec, self._run))
            self._report = report = await self._examiner.examine()
        except BilstmError as error:
            if self in self.app.screen_stack:  # else the screen was closed
                self.dismiss(None)
                self.app.push_screen(error_dialog(error))
            return
        self._show_draw_tab(report.spec)
        if _can_draw(report.spec):
            self._canvas.set_size(report.spec.height, report.spec.width)
            self._predict_drawing()
        self.query_one("#mistake-steps").display = report.spec.kind == "images"
        self.query_one("#mistake-series").display = report.spec.kind != "images"
        self.query_one("#mistake-view").set_class(report.spec.kind != "images", "-series")
        caption = self.query_one("#caption", Static)
        if report.failure:
            caption.update(Text(f"{self._run.name}: no test data"))
            if _can_draw(report.spec):  # the canvas needs no data
                self.query_one(TabbedContent).active = "draw-tab"
            self.app.push_screen(error_dialog(error_from_event(report.failure)))
            return
        wrong = sum(score.wrong for score in report.scores)
        total = sum(score.support for score in report.scores)
        words = f"{self._run.name}: {wrong:,} of {total:,} test {report.spec.items} misclassified"
        caption.update(Text("; ".join(filter(None, (words, report.warning)))))
        self.query_one(ScoreTable).show(report)
        self._show_confusion()
        self._show_mistake()

    def action_normalise(self) -> None:
        """Switch between counts and shares."""
        self._is_normalised = not self._is_normalised
        self._show_confusion()

    def action_step(self, by: int) -> None:
        """Show another mistake, or the one that was shown last."""
        tabs = self.query_one(TabbedContent)
        if tabs.active in {"mistakes-tab", "explain-tab"}:
            self._position += by
        if tabs.active != "explain-tab":
            tabs.active = "mistakes-tab"
        self._show_mistake()
        self._explain_mistake()

    def action_next_class(self) -> None:
        """Show the mistakes of the next class only, or of all classes."""
        if self._report:
            first = 0 if self._class is None else self._class + 1
            wrong = {mistake.actual for mistake in self._report.mistakes}
            self._class = min((number for number in wrong if number >= first), default=None)
            self._position = 0
            self.action_step(0)

    def action_next_features(self) -> None:
        """Draw the next features of the series."""
        self.query_one(SeriesView).show_next_features()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer other features only where there are some."""
        if action == "next_features":
            is_shown = self.is_mounted and self.query_one(TabbedContent).active == "mistakes-tab"
            return is_shown and self.query_one(SeriesView).has_more_features
        return super().check_action(action, parameters)

    @on(TabbedContent.TabActivated, pane="#explain-tab")
    def _show_explanation(self) -> None:
        self.query_one(ExplainView).focus(scroll_visible=False)
        self._explain_mistake()

    def _explain_mistake(self) -> None:
        """Explain the mistake that is selected; without one, the first test sequence."""
        view = self.query_one(ExplainView)
        if not self._report or self.query_one(TabbedContent).active != "explain-tab":
            return
        view.describe_weights(self._run.name)
        mistakes = self._mistakes
        index = mistakes[self._position % len(mistakes)].index if mistakes else view.index
        if not view.shown or view.index != index:
            view.show_example(index)

    @property
    def _mistakes(self) -> list[Mistake]:
        """Those of the chosen class, or of all."""
        known = self._report.mistakes if self._report else []
        return [it for it in known if self._class in {None, it.actual}]

    @on(TabbedContent.TabActivated)
    def _show_keys_of_tab(self) -> None:
        self.call_after_refresh(self.refresh_bindings)  # a series has a size only then

    def on_resize(self) -> None:
        """Adapt to the width."""
        self._show_confusion()
        self._show_mistake()
        self._predict_drawing()

    def _show_confusion(self) -> None:
        if self._report and not self._report.failure:
            width = self.app.size.width
            fits_twice = width >= max(_SIDE_BY_SIDE_WIDTH, 2 * needed_width(self._report))
            kinds = [False, True] if fits_twice else [self._is_normalised]
            tables = [*self.query(ConfusionTable)]
            tables[1].display = fits_twice
            for table, kind in zip(tables, kinds, strict=False):
                table.show(self._report, is_normalised=kind, room=width // len(kinds))

    @work(exclusive=True, group="mistake")
    async def _show_mistake(self) -> None:
        report = self._report
        if not report or report.failure:
            return
        mistakes = self._mistakes
        classes = report.spec.classes
        heading = self.query_one("#mistake", Static)
        self.query_one("#mistake-view").display = bool(mistakes)
        if not mistakes:
            heading.update(Text(f"No test {report.spec.items[:-1]} was misclassified"))
            return
        which = "any class" if self._class is None else classes[self._class]
        self._position %= len(mistakes)
        shown = mistakes[self._position]
        chosen = report.scores if self._class is None else [report.scores[self._class]]
        wrong = sum(score.wrong for score in chosen)
        which += f", the most confident of {wrong:,}" if wrong > len(mistakes) else ""
        place = f"{self._position + 1} of {len(mistakes)} ({which})"
        words = (
            f"{classes[shown.actual]}, predicted {classes[shown.predicted]} "
            f"with {shown.probability:.1%}"
        )
        room = self.app.size.width - len(f" {place}, id : {words} ")
        name = shortened(shown.id, max(_SHORTEST_ID, min(_LONGEST_ID, room)))
        place += f", id {name}" if name else ""
        heading.update(Text(f"{place}: {words}", style="bold"))
        try:
            prediction, drawing = await self._examiner.read_test_sequence(shown.index)
        except BilstmError as error:
            self._show_failure(error)
            return
        if report.spec.kind == "images":
            self._show_image("mistake", _reduced(drawing.high), prediction, with_image=True)
            return
        features = report.spec.feature_names or _numbered(report.spec.num_features)
        series = SeriesShown(
            drawing=drawing,
            prediction=prediction,
            mistake=shown,
            features=[*features[: len(drawing.high[0])]],
            num_features=report.spec.num_features,
            classes=[*classes],
        )
        self.query_one(SeriesView).show(series)
        shares = self.query_one("#mistake-shares", StepwiseView)
        shares.display = self.app.size.width >= _LONG_NAMES_WIDTH
        shares.show_shares(prediction, _fitting(classes))
        self.refresh_bindings()

    @on(DrawingPad.Changed)
    @work(exclusive=True, group="drawing")
    async def _predict_drawing(self) -> None:
        if not self._report or not _can_draw(self._report.spec):
            return
        pixels = [list(row) for row in self._canvas.pixels]
        try:
            prediction = await self._examiner.read(pixels)
        except BilstmError as error:
            self._show_failure(error)
        else:
            self._show_image("draw", pixels, prediction, with_image=False)

    def _show_image(
        self,
        view: str,
        pixels: list[list[float]],
        prediction: StepwisePrediction,
        *,
        with_image: bool,
    ) -> None:
        """Show what the network predicts for an image, in the views with this prefix."""
        assert self._report  # noqa: S101 - the callers checked it
        classes = _fitting(self._report.spec.classes)
        if self.app.size.width < _LONG_NAMES_WIDTH:
            classes = short_names(classes, _SHORT_NAME)
        steps = self.query_one(f"#{view}-steps", StepwiseView)
        steps.show(pixels, prediction, classes, with_image=with_image)
        self.query_one(f"#{view}-shares", StepwiseView).show_shares(prediction, classes)

    def _show_failure(self, error: BilstmError) -> None:
        if self.is_attached:
            self.app.push_screen(error_dialog(error))

    def _show_draw_tab(self, spec: DataSpec | None) -> None:
        tabs = self.query_one(TabbedContent)
        change = tabs.show_tab if spec and _can_draw(spec) else tabs.hide_tab
        change("draw-tab")


def _logged_spec(run: Run) -> DataSpec | None:
    """The data of a run, if the first events of its log say; the examiner takes seconds longer."""
    started = [event for event in read_head(run.log_file) if isinstance(event, RunStarted)]
    return started[-1].data if started else None


def _can_draw(spec: DataSpec) -> bool:
    """Whether the network reads images that are small enough to be drawn in a terminal."""
    return spec.kind == "images" and max(spec.height, spec.width) <= _LARGEST


def _fitting(names: Iterable[str]) -> list[str]:
    """The names of classes, as long as there is space for them beside their probabilities."""
    return [shortened(name, _LONGEST_NAME) for name in names]


def _numbered(count: int) -> list[str]:
    return ["value"] if count == 1 else [f"feature {number}" for number in range(1, count + 1)]


def _reduced(pixels: list[list[float]]) -> list[list[float]]:
    """An image that is not wider than there is room for, made of its brightest pixels."""
    factor = -(-len(pixels[0]) // _WIDEST_IMAGE)
    squares = (pixels[top : top + factor] for top in range(0, len(pixels), factor))
    return [
        [
            max(max(row[left : left + factor]) for row in rows)
            for left in range(0, len(pixels[0]), factor)
        ]
        for rows in squares
    ]

"""A trained network: its confusion matrix, its classes and mistakes, and a canvas to try it on."""

import asyncio
from itertools import cycle
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static, TabbedContent, TabPane, Tabs

from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.events import RunStarted
from bilstm_core.inference.report import ExaminationReport
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.worker_client import error_from_event
from bilstm_core.runs.event_log import read_head
from bilstm_core.runs.run import Run

from ..widgets.calibration import CalibrationView, accuracy_in_words
from ..widgets.confusion import ConfusionView, ScoreTable
from ..widgets.drawing import DrawingPad, StepwiseView
from ..widgets.explain.view import ExplainView
from ..widgets.key_footer import KeyFooter
from ..widgets.mistakes import Mistakes, names_that_fit
from ..widgets.series_view import SeriesView
from ..widgets.shares import Shares
from .base import BaseScreen
from .dialogs import error_dialog

_DRAWING_HINT = """\
Draw here.

drag      with the mouse
arrows    move the pen
space     lower or lift the pen
x         clear

What the network predicts appears
here as soon as there is a dot."""
_SPINNER, _SPINNER_SECONDS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", 0.2
_LARGEST = 64  # rows or columns of an image that can be drawn


class InspectScreen(BaseScreen[None]):
    """The confusion matrix, the classes, the mistakes and a canvas, in tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "switch_view", "View", tooltip="The next tab"),
        Binding("j", "step(1)", "Next", tooltip="The next mistake"),
        Binding("k", "step(-1)", "Previous", tooltip="The previous mistake"),
        Binding("c", "next_class", "Class", tooltip="Mistakes of the next class, or of all"),
        Binding("f", "next_features", "Features", tooltip="Draw other features of the series"),
        Binding("n", "normalise", "Shares", tooltip="Counts, or shares of each class"),
        Binding("escape", "back", "Back", tooltip="Back"),
    ]

    AUTO_FOCUS = "Tabs"

    def __init__(self, run: Run, data_dir: Path) -> None:
        super().__init__()
        self._run = run
        self._examiner = ExaminerClient(run, data_dir)
        self._report: ExaminationReport | None = None
        self._is_normalised = False
        self._spinner = cycle(_SPINNER)
        self._canvas = DrawingPad()
        self._mistakes = Mistakes(self._examiner, id="mistakes")

    def compose(self) -> ComposeResult:
        """Compose a tab for each view."""
        yield Static(id="caption")
        with TabbedContent():
            with TabPane("Confusion", id="confusion-tab"):
                yield ConfusionView(id="confusion")
            with TabPane("Classes", id="classes-tab"):
                yield ScoreTable(id="classes", cursor_type="row", fixed_columns=1)
            with TabPane("Calibration", id="calibration-tab"), VerticalScroll():
                yield CalibrationView(id="calibration")
            with TabPane("Mistakes", id="mistakes-tab"):
                yield self._mistakes
            with TabPane("Explain", id="explain-tab"):
                yield ExplainView(self._examiner.explain)
            with TabPane("Draw", id="draw-tab"), Horizontal():
                yield self._canvas
                yield Static(_DRAWING_HINT, id="draw-hint", markup=False)
                yield StepwiseView(id="draw-steps")
                yield Shares(id="draw-shares")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Examine the network."""
        self.query_one(TabbedContent).hide_tab("draw-tab")
        self._show_waiting()
        self._waiting = self.set_interval(_SPINNER_SECONDS, self._show_waiting)
        self._examine()

    def _show_waiting(self) -> None:
        """Show that the network is being examined: it takes seconds."""
        turn = next(self._spinner)
        words = f"{turn} {self._run.name}: reading the test data …"
        self.query_one("#caption", Static).update(Text(words), layout=False)

    def on_unmount(self) -> None:
        """End the examiner."""
        self._examiner.close()

    @work
    async def _examine(self) -> None:
        try:
            self._show_draw_tab(await asyncio.to_thread(_logged_spec, self._run))
            self._report = report = await self._examiner.examine()
            self._waiting.stop()
        except BilstmError as error:
            if self in self.app.screen_stack:  # else the screen was closed
                self.dismiss(None)
                self.app.push_screen(error_dialog(error))
            return
        self._show_draw_tab(report.spec)
        if _can_draw(report.spec):
            self._canvas.set_size(report.spec.height, report.spec.width)
            self._predict_drawing()
        caption = self.query_one("#caption", Static)
        if report.failure:
            caption.update(Text(f"{self._run.name}: no test data"))
            if _can_draw(report.spec):  # the canvas needs no data
                self.query_one(TabbedContent).active = "draw-tab"
            self.app.push_screen(error_dialog(error_from_event(report.failure)))
            return
        wrong = report.total - report.correct
        words = (
            f"{self._run.name}: {wrong:,} of {report.total:,} test {report.spec.items} "
            "misclassified"
        )
        accuracy, warning = accuracy_in_words(report), report.warning
        lines = [
            "; ".join(filter(None, it)) for it in ((words, accuracy, warning), (words, warning))
        ]
        fits = len(lines[0]) + 2 <= self.app.size.width
        caption.update(Text(lines[0] if fits else lines[1]))  # the accuracy stands in a tab, too
        self.query_one(ScoreTable).show(report)
        self.query_one(CalibrationView).show(report)
        self._show_confusion()
        self._mistakes.show(report)

    def action_normalise(self) -> None:
        """Switch between counts and shares."""
        self._is_normalised = not self._is_normalised
        self._show_confusion()

    def action_step(self, by: int) -> None:
        """Show another mistake, or the one that was shown last."""
        if self.query_one(TabbedContent).active == "explain-tab":
            self._mistakes.step(by)
            self._explain_mistake()
        elif self._show_mistakes():
            self._mistakes.step(by)

    def action_next_class(self) -> None:
        """Show the mistakes of the next class only, or of all classes."""
        self._show_mistakes()
        self._mistakes.show_next_class()

    def action_switch_view(self) -> None:
        """Show the next tab, whose arrow keys work at once."""
        tabs = self.query_one(TabbedContent)
        shown = [it for it in tabs.query(TabPane) if it.id and tabs.get_tab(it).display]
        place = next(at for at, it in enumerate(shown) if it.id == tabs.active)
        pane = shown[(place + 1) % len(shown)]
        tabs.active = pane.id or ""
        self.call_after_refresh(self._focus_within, pane)

    def _focus_within(self, pane: TabPane) -> None:
        inside = [it for it in self.focus_chain if pane in it.ancestors]
        self.set_focus(inside[0] if inside else self.query_one(Tabs), scroll_visible=False)

    def _show_mistakes(self) -> bool:
        """Show their tab; return whether it was shown already."""
        tabs = self.query_one(TabbedContent)
        was_shown, tabs.active = tabs.active == "mistakes-tab", "mistakes-tab"
        self.call_after_refresh(self._mistakes.focus_gallery)
        return was_shown

    def action_back(self) -> None:
        """Leave the mistake that is open, or the screen."""
        if self._mistakes.is_open and self.query_one(TabbedContent).active == "mistakes-tab":
            self._mistakes.close()
        else:
            self.dismiss(None)

    def action_next_features(self) -> None:
        """Draw the next features of the series."""
        self.query_one(SeriesView).show_next_features()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer other features only where there are some."""
        if action == "next_features":
            is_shown = self.is_mounted and self.query_one(TabbedContent).active == "mistakes-tab"
            is_shown = is_shown and self._mistakes.is_open
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
        selected = self._mistakes.selected
        index = selected.index if selected else view.index
        if not view.shown or view.index != index:
            view.show_example(index)

    @on(TabbedContent.TabActivated)
    def _show_keys_of_tab(self) -> None:
        self.call_after_refresh(self.refresh_bindings)  # a series has a size only then

    def on_resize(self) -> None:
        """Adapt to the width."""
        self._show_confusion()
        self._predict_drawing()

    def _show_confusion(self) -> None:
        if self._report and not self._report.failure:
            self.query_one(ConfusionView).show(self._report, is_normalised=self._is_normalised)

    @on(Mistakes.Failed)
    def _show_failed_mistake(self, event: Mistakes.Failed) -> None:
        self._show_failure(event.error)

    @on(DrawingPad.Changed)
    @work(exclusive=True, group="drawing")
    async def _predict_drawing(self) -> None:
        if not self._report or not _can_draw(self._report.spec):
            return
        is_blank = self._canvas.is_blank
        self.query_one("#draw-hint").display = is_blank
        self.query("#draw-steps, #draw-shares").set(display=not is_blank)
        if is_blank:
            return
        pixels = [list(row) for row in self._canvas.pixels]
        try:
            prediction = await self._examiner.read(pixels)
        except BilstmError as error:
            self._show_failure(error)
            return
        names = names_that_fit(self._report.spec.classes, self.app.size.width)
        steps = self.query_one("#draw-steps", StepwiseView)
        steps.show(pixels, prediction, names, with_image=False)
        self.query_one("#draw-shares", Shares).show(prediction.probabilities, names)

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

"""A trained network: its confusion matrix, its classes and mistakes, and a canvas to try it on."""

import asyncio
from itertools import cycle
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static, TabbedContent, TabPane, Tabs

from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.events import RunStarted
from bilstm_core.inference.report import ExaminationReport, accuracy_interval
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.worker_client import error_from_event
from bilstm_core.runs.event_log import read_head
from bilstm_core.runs.run import Run

from ...text.names import shortened
from ...text.numbers import percent
from ..widgets.calibration import CalibrationView, accuracy_in_words
from ..widgets.confusion import ConfusionView, ScoreTable
from ..widgets.draw_view import DrawView, can_draw
from ..widgets.explain.view import ExplainView
from ..widgets.key_footer import KeyFooter
from ..widgets.mistakes import Mistakes
from ..widgets.series_view import SeriesView
from .base import BaseScreen
from .dialogs import error_dialog

_MARGIN = 2  # columns beside the caption
_LEAST_NAME = 8  # columns of the run's name there
_SPINNER, _SPINNER_SECONDS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", 0.2


class InspectScreen(BaseScreen[None]):
    """The confusion matrix, the classes, the mistakes and a canvas, in tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "switch_view", "View", tooltip="The next tab"),
        Binding("j", "show_mistakes", "Mistakes", tooltip="The gallery of mistakes"),
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
        self._mistakes = Mistakes(self._examiner, id="mistakes")

    def compose(self) -> ComposeResult:
        """Compose a tab for each view."""
        yield Static(id="caption")
        with TabbedContent():
            with TabPane("Confusion", id="confusion-tab"):
                yield ConfusionView(id="confusion")
            with TabPane("Classes", id="classes-tab"):
                yield ScoreTable(
                    id="classes",
                    cursor_type="row",
                    fixed_columns=1,
                    cursor_foreground_priority="renderable",
                )
            with TabPane("Calibration", id="calibration-tab"), VerticalScroll():
                yield CalibrationView(id="calibration")
            with TabPane("Mistakes", id="mistakes-tab"):
                yield self._mistakes
            with TabPane("Explain", id="explain-tab"):
                yield ExplainView(self._examiner.explain)
            with TabPane("Draw", id="draw-tab"):
                yield DrawView(self._examiner.read)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Examine the network."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._recolour())
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
            logged = await asyncio.to_thread(_logged_spec, self._run)
            self._show_canvas(logged, can_predict=False)
            self._report = report = await self._examiner.examine()
            self._waiting.stop()
        except BilstmError as error:
            if self in self.app.screen_stack:  # else the screen was closed
                self.dismiss(None)
                self.app.push_screen(error_dialog(error))
            return
        self._show_canvas(report.spec, can_predict=True)
        if report.failure:
            self.query_one("#caption", Static).update(Text(f"{self._run.name}: no test data"))
            if can_draw(report.spec):  # the canvas needs no data
                self.query_one(TabbedContent).active = "draw-tab"
            self.app.push_screen(error_dialog(error_from_event(report.failure)))
            return
        self.query_one(CalibrationView).show(report)
        self.on_resize()
        self._mistakes.show(report)

    def action_normalise(self) -> None:
        """Switch between counts and shares."""
        self._is_normalised = not self._is_normalised
        self._show_confusion()

    def action_step(self, by: int) -> None:
        """Show another mistake."""
        self._mistakes.step(by)
        self._explain_mistake()

    def action_next_class(self) -> None:
        """Show the mistakes of the next class only, or of all classes."""
        self.action_show_mistakes()
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

    def action_show_mistakes(self) -> None:
        """Show their tab."""
        self.query_one(TabbedContent).active = "mistakes-tab"
        self.call_after_refresh(self._mistakes.focus_gallery)

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
        """Offer keys only where they do something."""
        if not self.is_mounted:
            return super().check_action(action, parameters)
        shown = self.query_one(TabbedContent).active
        if action == "normalise":
            return shown == "confusion-tab"
        has_steps = shown in {"mistakes-tab", "explain-tab"}
        if action == "show_mistakes":
            return not has_steps
        if action == "step":
            return has_steps
        if action == "next_features":
            is_shown = shown == "mistakes-tab" and self._mistakes.is_open
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
        if self._report and not self._report.failure:
            caption = _caption(self._run.name, self._report, self.app.size.width - _MARGIN)
            self.query_one("#caption", Static).update(caption)
            self.query_one(ScoreTable).show(self._report)
        self._show_confusion()

    def _recolour(self) -> None:
        """Draw in the colours of another theme what has its own."""
        self._show_confusion()
        self._mistakes.on_resize()
        self.query_one(DrawView).on_resize()

    def _show_confusion(self) -> None:
        if self._report and not self._report.failure:
            self.query_one(ConfusionView).show(self._report, is_normalised=self._is_normalised)

    @on(Mistakes.Failed)
    @on(DrawView.Failed)
    def _show_failed_answer(self, event: Mistakes.Failed | DrawView.Failed) -> None:
        self._show_failure(event.error)

    def _show_failure(self, error: BilstmError) -> None:
        if self.is_attached:
            self.app.push_screen(error_dialog(error))

    def _show_canvas(self, spec: DataSpec | None, *, can_predict: bool) -> None:
        tabs, is_shown = self.query_one(TabbedContent), bool(spec and can_draw(spec))
        change = tabs.show_tab if is_shown else tabs.hide_tab
        change("draw-tab")
        if spec and is_shown:
            self.query_one(DrawView).show(spec, can_predict=can_predict)

    @property
    def allow_select(self) -> bool:
        """Whether dragging selects text: where it draws, it does not, wherever it starts."""
        return super().allow_select and self.query_one(TabbedContent).active != "draw-tab"


def _caption(name: str, report: ExaminationReport, width: int) -> Text:
    """How often the network is wrong, as far as possible in words; a warning has its own line."""
    wrong, total = report.total - report.correct, report.total
    low, high = accuracy_interval(report.correct, total)
    accuracy = percent(report.correct / total)
    words = f"{wrong:,} of {total:,} test {report.spec.items} misclassified"
    figures = f"{accuracy} % (95 %: {100 * low:.1f} to {100 * high:.1f})"
    lines = (
        f"{words}; {accuracy_in_words(report)}",
        f"{words} · {figures}",
        f"{wrong:,}/{total:,} wrong · {figures}",
    )
    line = next((it for it in lines if cell_len(it) <= width - len(name) - 2), lines[-1])
    line = f"{shortened(name, max(_LEAST_NAME, width - cell_len(line) - 2))}: {line}"
    return Text("\n".join(filter(None, (line, report.warning))))


def _logged_spec(run: Run) -> DataSpec | None:
    """The data of a run, if the first events of its log say; the examiner takes seconds longer."""
    started = [event for event in read_head(run.log_file) if isinstance(event, RunStarted)]
    return started[-1].data if started else None

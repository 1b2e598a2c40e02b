"""A guided tour: an LSTM against a BiLSTM, both trained for real, in five steps."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError, TrainingError
from bilstm_core.inference.explanation import Explanation, RunComparison
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.history import History
from bilstm_core.runs.run import Run

from ...text.numbers import percent
from ..widgets.charts.chart import Chart
from ..widgets.charts.series import loss_series
from ..widgets.explain.view import ExplainView
from ..widgets.key_footer import KeyFooter
from ..widgets.marks import Marks, curve_style
from ..widgets.mended_view import MendedView
from .base import BaseScreen
from .tour_text import STEPS, mended_words

_POLL_SECONDS = 0.5
_SIDE_BY_SIDE_WIDTH = 110
_SETTINGS: dict[str, Any] = {"dataset": "digits", "hidden_size": 32, "num_epochs": 15}
_READING, _LAST = 2, 4  # the steps with the explanation and with the mistake

OpenRun = Callable[[RunConfig, str], Awaitable[Run]]


@dataclass
class _Contestant:
    """One of the two networks."""

    title: str
    label: str
    config: RunConfig
    follower: Follower[History] | None = None
    has_model: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def history(self) -> History | None:
        return self.follower.state if self.follower else None


class TourScreen(BaseScreen[None]):
    """Five steps with a text and a picture; the runs are ordinary ones and stay in the list.

    Args:
        open_run: Starts a run with a configuration and the readable part of its name.
        data_dir: Folder of the data sets.
        settings: What both networks have in common.
        marks: Where the runs get the colours and markers that they have here.
    """

    FIRST_KEYS = ("step(1)", "finish", "step(-1)")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "step(1)", "Next step", tooltip="The next step of the tour"),
        Binding("enter", "finish", "Finish", tooltip="Leave the tour; its runs are kept"),
        Binding("backspace", "step(-1)", "Back", tooltip="The previous step"),
        Binding("escape", "dismiss", "Leave", tooltip="Leave the tour; its runs are kept"),
    ]
    AUTO_FOCUS = ""  # the keys are those of the tour, not those of the chart

    def __init__(
        self,
        open_run: OpenRun,
        data_dir: Path,
        settings: dict[str, Any] | None = None,
        marks: Marks | None = None,
    ) -> None:
        super().__init__()
        self._open_run = open_run
        self._marks = Marks() if marks is None else marks
        self._examiner = ExaminerClient(None, data_dir)
        common = settings or _SETTINGS
        self._contestants = [
            _Contestant("LSTM", "tour-lstm", resolve({**common, "bidirectional": False})),
            _Contestant("BiLSTM", "tour-bilstm", resolve({**common, "bidirectional": True})),
        ]
        self._tried = self._contestants[1].config
        self._problem = ""
        self.step = 0

    def compose(self) -> ComposeResult:
        """Compose the text, and all pictures, of which one is shown."""
        yield Static(id="tour-title", markup=False)
        with Horizontal(id="tour-body"):
            yield Static(id="tour-text", markup=False)
            with Vertical(id="tour-picture"):
                yield Chart("training loss", id="tour-curves", announcements=["starting …"])
                yield Static(id="tour-scores")
                yield ExplainView(self._explain, can_change=True, id="tour-explain")
                yield MendedView(id="mended")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Train both networks, one after the other, while the user reads."""
        self.query_one(ExplainView).describe_weights("trained in this tour")
        self.set_interval(_POLL_SECONDS, self._poll)
        self.on_resize()
        self._show_step()
        self._train()

    def on_unmount(self) -> None:
        """End the examiner; the runs continue."""
        self._examiner.close()

    def on_resize(self) -> None:
        """Put text and picture side by side where there is room."""
        self.set_class(self.app.size.width < _SIDE_BY_SIDE_WIDTH, "-narrow")

    def action_step(self, by: int) -> None:
        """Go to another step."""
        self.step = max(0, self.step + by)
        self._show_step()
        self.refresh_bindings()

    def action_finish(self) -> None:
        """Leave after the last step."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to finish after the last step, and no step before the first one."""
        is_last = self.step == len(STEPS) - 1
        if action == "finish" or (action == "step" and parameters == (1,)):
            return is_last == (action == "finish")
        if action == "step":
            return self.step > 0
        return super().check_action(action, parameters)

    @work
    async def _train(self) -> None:
        """Train one network after the other."""
        try:
            for number, contestant in enumerate(self._contestants):
                run = await self._open_run(contestant.config, contestant.label)
                self._marks.reserve(run.name, number)
                contestant.follower = await asyncio.to_thread(Follower, run, History())
                await contestant.has_model.wait()
        except BilstmError as error:
            self._problem = error.message
            self._show_scores()

    def _poll(self) -> None:
        """Read what the runs report; draw it where it is seen."""
        has_changed = False
        for contestant in self._contestants:
            if contestant.follower and not contestant.has_model.is_set():
                has_changed |= bool(contestant.follower.poll())
                if contestant.follower.is_over:
                    self._end(contestant, contestant.follower.state.ending)
                    has_changed = True
        if has_changed and self.app.screen is self:
            self._draw_curves()

    def _end(self, contestant: _Contestant, ending: object) -> None:
        match ending:
            case events.Finished() | events.Stopped():
                contestant.has_model.set()
            case events.Failed(message=message):
                self._problem = message
            case _:
                self._problem = "The run's process exited without reporting a result."

    def _show_step(self) -> None:
        title, words = STEPS[self.step]
        self.query_one("#tour-title", Static).update(
            f"Tour, step {self.step + 1} of {len(STEPS)}: {title}"
        )
        self.query_one("#tour-text", Static).update(words)
        is_curves = self.step not in {_READING, _LAST}
        for picture in ("#tour-curves", "#tour-scores"):
            self.query_one(picture).display = is_curves
        explanation = self.query_one(ExplainView)
        explanation.display = self.step == _READING
        self.query_one(MendedView).display = self.step == _LAST
        if self.step == _READING:
            self.set_focus(explanation, scroll_visible=False)
            if not explanation.shown:
                explanation.reload()
        else:
            self.set_focus(None)
        if self.step == _LAST:
            self._find_mistake()
        self._draw_curves()

    def _draw_curves(self) -> None:
        if self.step in {_READING, _LAST}:
            return
        shown = self._contestants[: 1 if self.step == 0 else 2]
        self.query_one(Chart).show(
            [
                loss_series(it.history, it.title, is_live=not it.has_model.is_set())
                for it in shown
                if it.history
            ]
        )
        self._show_scores()

    def _show_scores(self) -> None:
        if self._problem:
            self.query_one("#tour-scores", Static).update(Text(self._problem, "bold red"))
            return
        lines = Text()
        for number, it in enumerate(self._contestants[: 1 if self.step == 0 else 2]):
            colour, marker = curve_style(number)
            lines.append(f"{marker} {it.title:<7}", f"bold {colour}")
            lines.append(f" {_progress(it)}\n")
        lines.rstrip()
        self.query_one("#tour-scores", Static).update(lines)

    async def _explain(self, index: int) -> Explanation:
        """Explain the BiLSTM, with the merge or readout that was chosen last."""
        run = await self._run_with_model(self._contestants[1])
        return await self._examiner.explain(index, self._tried, run)

    async def _run_with_model(self, contestant: _Contestant) -> Run:
        while not contestant.has_model.is_set():
            if self._problem:
                raise TrainingError(self._problem)
            await asyncio.sleep(_POLL_SECONDS)
        assert contestant.follower  # noqa: S101 - which set the event
        return contestant.follower.run

    def on_explain_view_settings_wanted(self, event: ExplainView.SettingsWanted) -> None:
        """Explain the same network with another setting."""
        self._tried = self._tried.model_copy(update=event.changes)
        self.query_one(ExplainView).reload()

    @work(exclusive=True, group="mistake")
    async def _find_mistake(self) -> None:
        view = self.query_one(MendedView)
        if view.comparison:
            return
        view.show_message("Looking for a mistake that the second direction mends …")
        try:
            first, second = [await self._run_with_model(it) for it in self._contestants]
            comparison: RunComparison = await self._examiner.compare(first, second)
        except BilstmError as error:
            view.show_message(error.message)
            return
        view.show(comparison, (self._contestants[0].title, self._contestants[1].title))
        if self.step == _LAST:
            self.query_one("#tour-text", Static).update(mended_words(comparison))


def _progress(contestant: _Contestant) -> str:
    history = contestant.history
    if not history or not history.started:
        return "waiting" if not history else "starting"
    parameters = f"{history.started.model.parameters:,} parameters"
    test = history.final.get("test") or next(
        (it for it in reversed(history.epoch_evaluations.values()) if it.split == "test"), None
    )
    result = f"test {percent(test.accuracy)} %" if test else "training"
    epochs = f"epoch {max(history.epochs, default=0)}/{contestant.config.num_epochs}"
    ended = "finished" if contestant.has_model.is_set() else "running"
    return f"{result:<13} {epochs}, {parameters}, {ended}"

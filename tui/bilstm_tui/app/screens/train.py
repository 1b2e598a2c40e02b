"""The first screen: choose on the left, watch on the right."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Key, Resize
from textual.message import Message
from textual.screen import Screen
from textual.widget import AwaitMount
from textual.widgets import Input, Static, TabbedContent, TabPane

from bilstm_core.compute.gpus import list_gpus
from bilstm_core.config.resolve import problem_with
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS
from bilstm_core.data.sources.registry import describe
from bilstm_core.errors import BilstmError
from bilstm_core.files import is_missing
from bilstm_core.runs.duration import StepTiming, observe_step_times
from bilstm_core.runs.orders import Command, send_order
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs

from ..widgets.device_usage import DeviceUsage
from ..widgets.form import Form
from ..widgets.key_footer import KeyFooter
from ..widgets.network_sketch import NetworkSketch
from .base import BaseScreen
from .dialogs import Prompt, Question, ask, failure
from .messages import Inspect

if TYPE_CHECKING:
    from ..widgets.run_view import RunView

_BOTH_FIT = 120
"""Columns from which on the form stays beside a run."""
_FIRST_PAINT_SECONDS = 0.3
"""What is not seen at first waits so long, so that the rest is seen sooner."""
_OBEYED_SECONDS = 1.0
"""Within which a run does what it was ordered."""
_READING_SECONDS = 0.3
"""How long a run may be read before its tab is drawn, which would only slow the reading down."""
_OBSERVED_RUNS = 30
"""Runs, the latest, whose pace an estimate is made from."""


class _OfSettings(Message):
    """Something is to be done with settings.

    Attributes:
        config: The settings.
    """

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self.config = config


class TrainScreen(BaseScreen[None]):
    """The form, the sketch of its network, and the run.

    Args:
        config: What the form shows at first.
        preset: The preset that it came from.
        runs_dir: The folder of the runs.
        redraws_per_second: How often at most a run is drawn.
    """

    class Begin(_OfSettings):
        """A run is to be begun with the form's settings."""

    class LearningRateRequested(_OfSettings):
        """A learning rate for the form's settings is to be found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "t", "screen.begin", "Train", priority=True, tooltip="Train with the form's settings"
        ),
        Binding("p", "screen.pause", "Pause", priority=True, tooltip="Have the run wait, or go on"),
        Binding(
            "s", "screen.stop", "Stop", priority=True, tooltip="End the run, checked or at once"
        ),
        Binding(
            "l",
            "screen.learning_rate",
            "Rate",
            priority=True,
            tooltip="Change the learning rate of the run",
        ),
        Binding(
            "f",
            "screen.find_learning_rate",
            "Find rate",
            priority=True,
            tooltip="Try learning rates for the form's settings",
        ),
        Binding(
            "i",
            "screen.inspect",
            "Inspect",
            priority=True,
            tooltip="Look into the network of the run",
        ),
        Binding(
            "v",
            "screen.switch_view",
            "View",
            priority=True,
            tooltip="Show the network of the form, or the run",
        ),
        Binding("escape", "screen.leave_field", "Leave the field", tooltip="Leave the field"),
    ]
    _LETTERS: ClassVar[set[str]] = {
        *(
            "begin",
            "pause",
            "stop",
            "learning_rate",
            "find_learning_rate",
            "inspect",
            "switch_view",
        ),
    }

    def __init__(
        self, config: RunConfig, preset: str, runs_dir: Path, redraws_per_second: float
    ) -> None:
        super().__init__()
        self.config: RunConfig | None = config
        self.preset = preset
        self._first = config
        self._runs_dir = runs_dir
        self._redraws = redraws_per_second
        self._view: RunView | None = None
        self._view_added: AwaitMount | None = None
        self._is_pause_ordered = False
        self._ordered_at = 0.0

    def compose(self) -> ComposeResult:
        """Form, tabs, footer."""
        with Horizontal():
            yield Form(self._first, self.preset)
            with TabbedContent(id="right"):
                with TabPane("Network", id="network"), VerticalScroll():
                    yield NetworkSketch()
                    yield DeviceUsage()
                yield TabPane("Run", id="run")
        yield Static(id="problem")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Draw the first network."""
        self.query_one(NetworkSketch).show(self._first, describe(self._first), self.preset)
        self.call_after_refresh(self.update_duration_estimate)
        self.set_timer(_FIRST_PAINT_SECONDS, self._add_view)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are letters while a word is typed; what cannot be done now is grey."""
        if action in self._LETTERS and is_typing(self):
            return False
        if action == "leave_field":
            return isinstance(self.focused, Input)
        return None if self._obstacle_to(action) else True

    def _obstacle_to(self, action: str) -> str:
        """Why it cannot be done now, in words; empty where it can."""
        view = self._view
        is_training = view is not None and view.is_training
        match action:
            case "begin" | "find_learning_rate" if is_training:
                return "A run is being trained: stop it first, with s."
            case "begin" | "find_learning_rate" if not self.config:
                return "A setting is wrong: it is named above the keys."
            case "pause" | "stop" | "learning_rate" if not is_training:
                return "Nothing is being trained: t begins a run."
            case "inspect":
                return self._obstacle_to_inspection()
            case _:
                return ""

    def _obstacle_to_inspection(self) -> str:
        view = self._view
        if not view or not view.shown_run:
            return "No run is shown: t trains one, r lists all."
        if is_missing(view.shown_run.path):
            return "The run's folder is gone: it was deleted, or moved."
        if view.is_training:
            return "The network can be looked into when it is trained, or stopped with s."
        return ""

    def on_key(self, event: Key) -> None:
        """A key that is grey says why."""
        active = self.active_bindings.get(event.key)
        if active and not active.enabled and active.node is self:
            why = self._obstacle_to(active.binding.action.removeprefix("screen."))
            self.app.clear_notifications()
            self.notify(why, timeout=4)

    @property
    def view(self) -> "RunView":
        """The run that is shown; made after the first paint, for its charts need NumPy."""
        if self._view is None:
            from ..widgets.run_view import RunView

            self._view = RunView(self._redraws)
        return self._view

    async def _add_view(self) -> None:
        if not self.is_attached:  # the app ends before it was seen
            return
        if self._view_added is None:
            self._view_added = self.query_one("#run", TabPane).mount(self.view)
        await self._view_added

    async def watch_run(self, run: Run) -> None:
        """Show a run."""
        await self._add_view()
        self._ordered_at = 0.0
        reading = asyncio.create_task(self.view.watch_run(run))
        try:
            await asyncio.wait({reading}, timeout=_READING_SECONDS)
            self._show_run_tab()
            await reading
        finally:
            reading.cancel()
        self.refresh_bindings()

    @work(exclusive=True, group="pace")
    async def update_duration_estimate(self) -> None:
        """Learn from the runs there are how fast this machine is."""
        observed, device = await asyncio.to_thread(_pace_of, self._runs_dir)
        self.query_one(NetworkSketch).set_timings(observed, device)

    def action_begin(self) -> None:
        """Train with the form's settings."""
        if self.config:
            self._show_run_tab()
            self.view.show_message("Starting …")
            self.post_message(self.Begin(self.config))

    def action_pause(self) -> None:
        """Ask the run to wait, or to go on; what was ordered counts before it is seen."""
        history = self.view.history
        is_seen = history.last_time > self._ordered_at + _OBEYED_SECONDS
        is_paused = history.is_paused if is_seen else self._is_pause_ordered
        self._is_pause_ordered, self._ordered_at = not is_paused, time.time()
        self.order("resume" if is_paused else "pause")

    @work
    async def action_stop(self) -> None:
        """Ask the run to stop, one way or the other."""
        words = "It finishes the step and saves a checkpoint; it can be resumed exactly there."
        answers = {"stop": "Stop, check accuracy", "stop_at_once": "At once", "": "Cancel"}
        answer = await ask(self.app, Question("Stop the run?", words, answers))
        if answer == "stop" or answer == "stop_at_once":  # noqa: PLR1714 - narrows the type
            self.order(answer)

    @work
    async def action_learning_rate(self) -> None:
        """Change the learning rate of the run."""
        history = self.view.history
        if not history.started:
            return
        # of a newer version there may be settings more
        known = {name: value for name, value in history.started.config.items() if name in SETTINGS}
        config = RunConfig.model_validate(known)
        now = (
            history.learning_rate_changes[-1].learning_rate
            if history.learning_rate_changes
            else None
        )
        value = f"{now or config.learning_rate:g}"
        words = "From the next step on"
        if config.schedule != "constant":
            words += f"; {config.schedule} goes on, with this as its peak"

        prompt = Prompt(
            "Learning rate",
            f"{words}.",
            value,
            lambda typed: problem_with(config, {"learning_rate": typed}),
        )
        answer = await ask(self.app, prompt)
        if answer and answer != value:
            self.order("change_learning_rate", learning_rate=float(answer))

    def action_find_learning_rate(self) -> None:
        """Try learning rates with the form's settings."""
        if self.config:
            self.post_message(self.LearningRateRequested(self.config))

    def action_inspect(self) -> None:
        """Look into the network of the run."""
        if self.view.shown_run:
            self.post_message(Inspect(self.view.shown_run))

    def action_switch_view(self) -> None:
        """The other tab."""
        self.set_focus(None)  # a tab that holds the focus would come back at once
        tabs = self.query_one(TabbedContent)
        tabs.active = "network" if tabs.active == "run" else "run"

    def action_leave_field(self) -> None:
        """One layer out: letters are keys again."""
        self.set_focus(None)

    def order(self, command: Command, learning_rate: float | None = None) -> None:
        """Order something of the run on the screen, if it is live."""
        run = self.view.shown_run
        if run is None or not self.view.is_training:
            return
        try:
            send_order(run.commands_file, command, learning_rate)
        except BilstmError as error:
            self.app.push_screen(failure(error))

    def _show_run_tab(self) -> None:
        self.query_one(TabbedContent).active = "run"

    def show_settings(self, config: RunConfig) -> None:
        """Fill the form.

        Raises:
            BilstmError: This version does not know the settings.
        """
        self.query_one(Form).show(config)
        self.query_one(TabbedContent).active = "network"

    @on(TabbedContent.TabActivated)
    @on(Resize)
    def _make_room(self) -> None:
        """Where both do not fit, a run takes the whole width."""
        is_run = self.query_one(TabbedContent).active == "run"
        self.query_one(Form).display = not (is_run and self.app.size.width < _BOTH_FIT)

    @on(Form.Changed)
    def _take_settings(self, event: Form.Changed) -> None:
        self.config, self.preset = event.config, self.query_one(Form).preset
        sketch = self.query_one(NetworkSketch)
        if event.config:
            sketch.show(event.config, describe(event.config), self.preset)
        else:
            sketch.show_problem(event.problem)
        problem = self.query_one("#problem", Static)
        problem.update(event.problem.replace("\n", "  "))
        problem.display = bool(event.problem)
        self.refresh_bindings()


def is_typing(screen: Screen[Any]) -> bool:
    """Whether keys are letters of a word now."""
    return isinstance(screen.focused, Input) and screen.focused.type == "text"


def _pace_of(runs_dir: Path) -> tuple[list[StepTiming], str]:
    """What the latest runs took, and where `auto` trains here, as far as the driver says."""
    device = "cuda:0" if list_gpus() else "cpu"
    try:
        return observe_step_times(list_runs(runs_dir)[-_OBSERVED_RUNS:]), device
    except BilstmError:
        return [], device

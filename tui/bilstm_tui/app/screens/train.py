"""The first screen: the form on the left; its network, or a run, on the right."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.widget import AwaitMount
from textual.widgets import TabbedContent, TabPane

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.errors import BilstmError, ConfigError
from bilstm_core.runs.run import Run

from ..form_data import FormData
from ..preferences import MOST_RECENT
from ..widgets.data_view import DataView
from ..widgets.dataset_field import DatasetField
from ..widgets.device_usage import DeviceUsage
from ..widgets.explain.pane import ExplainPane
from ..widgets.form import Form
from ..widgets.key_footer import KeyFooter, own_bindings
from ..widgets.network_sketch import NetworkSketch, observed_timings
from ..widgets.problem_line import ProblemLine
from ..widgets.steady_tabs import SteadyTabs
from .base import is_typing
from .dialogs import ask, in_lines
from .form_keys import FormKeysScreen
from .run_keys import RUN_KEYS

_SIDE_BY_SIDE_WIDTH = 120  # columns from which on the form is shown beside a run
_HIDDEN_SECONDS = 0.3  # from the first paint until widgets are made that are hidden at first
_READING_SECONDS = 0.3  # before the tab of a run is drawn, which slows the reading down

_LETTER_KEYS = (
    ("t", "train", "Train", "Train with the form's settings"),
    ("v", "switch_view", "View", "Show the next tab: network, data, run, explanation"),
    *RUN_KEYS[:3],
    ("f", "find_learning_rate", "Find rate", "Try learning rates for the form's settings"),
    *RUN_KEYS[3:-2],
    ("slash", "jump", "Setting", "Go to a setting by its name"),
    *RUN_KEYS[-2:],
)
"""Key, action, label and tooltip; they are characters while the user types text."""

_TABS = ("network", "data", "run", "explain")

CameFrom = Literal["runs", "sweep", "home", ""]
"""From where a run was opened, to which Escape leads back; empty for nowhere."""


class TrainScreen(FormKeysScreen):
    """The form, the sketch of its network, its data, and a run.

    Attributes:
        spec: The data of the form's configuration; None where there is none.
        recent_data: Paths of data that could be read, newest first.
        explanation: The tab that explains a network.
        came_from: Where Escape leads back to from the run.
    """

    @dataclass
    class ConfigChanged(Message):
        """Posted when `config` may have changed."""

    @dataclass
    class BackRequested(Message):
        """The user wants to go back to where a run was opened."""

        run: Run
        came_from: CameFrom

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                key,
                f"screen.{action}",
                label,
                tooltip=tooltip,
                priority=key != "x",  # which means something else on a chart that has the focus
            )
            for key, action, label, tooltip in _LETTER_KEYS
        ),
        Binding("escape", "screen.cancel_start", "Cancel", tooltip="Start nothing after reading"),
        Binding("escape", "screen.back", "Back", tooltip="Back to where the run was opened"),
        Binding("escape", "screen.leave_field", "Leave", tooltip="Leave the field", show=False),
    ]

    def __init__(
        self,
        config: RunConfig,
        preset: str,
        runs_dir: Path,
        redraws_per_second: float,
        data_dir: Path | None = None,
        recent_data: list[str] | None = None,
    ) -> None:
        super().__init__(config, preset, redraws_per_second)
        self.spec = describe(self.config) if self.config else None
        self.recent_data = recent_data or []
        self._data = FormData(data_dir)
        self._initial_config = config
        self._typed: RunConfig | None = config
        self._typed_problem = ""
        self._runs_dir = runs_dir
        self.came_from: CameFrom = ""
        self.explanation = ExplainPane(self.config, data_dir, redraws_per_second)
        self._view_added: AwaitMount | None = None

    def compose(self) -> ComposeResult:
        """Compose the form, the tabs, and the footer."""
        with Horizontal():
            yield Form(self._initial_config, self.preset, self.recent_data)
            with SteadyTabs(id="right"):
                with TabPane("Network", id="network"), VerticalScroll():
                    yield NetworkSketch()
                    yield DeviceUsage()
                with TabPane("Data", id="data"):
                    yield DataView()
                yield TabPane("Run", id="run")
                yield self.explanation
        yield ProblemLine()
        yield KeyFooter()

    def on_mount(self) -> None:
        """Draw the network."""
        self._use_settings()
        self.call_after_refresh(self.update_duration_estimate)
        self.call_after_refresh(self.set_timer, _HIDDEN_SECONDS, self._add_view)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable letter keys while text is typed; grey out what is not possible now."""
        if is_typing(self) and action in {letter[1] for letter in _LETTER_KEYS}:
            return False
        if action == "resume" and any(it.key == "e" for it in self._keys_of_focus):
            return False  # of the chart of accuracies
        if action == "cancel_start":
            return self._start_after_reading != ""
        if action == "leave_field":
            return self.focused is not None
        if action == "back":
            return self._can_go_back
        return None if self.why_not(action) else True

    @property
    def _keys_of_focus(self) -> list[Binding]:
        return own_bindings(self.focused) if self.focused else []

    @property
    def _can_go_back(self) -> bool:
        """Whether the run is in view that was opened from elsewhere."""
        if not self.came_from or is_typing(self):
            return False
        return self.query_one(TabbedContent).active in {"run", "explain"}

    async def _add_view(self) -> None:
        if not self.is_attached:  # the app is exiting
            return
        if self._view_added is None:
            self._view_added = self.query_one("#run", TabPane).mount(self.view)
        await self._view_added

    async def watch_run(self, run: Run, came_from: CameFrom = "") -> None:
        """Show a run, and follow it if it is live."""
        self.came_from = came_from
        await self._add_view()
        self.forget_orders()
        reading = asyncio.create_task(self.view.watch_run(run))
        try:
            await asyncio.wait({reading}, timeout=_READING_SECONDS)
            self.query_one(TabbedContent).active = "run"
            await reading
        finally:
            reading.cancel()
        if run == self.shown_run:  # another may have been opened meanwhile
            self.explanation.use_run(run)
        self.refresh_bindings()

    @work(exclusive=True, group="estimate")
    async def update_duration_estimate(self) -> None:
        """Estimate the duration of training from the latest runs."""
        timings = await asyncio.to_thread(observed_timings, self._runs_dir)
        self.query_one(NetworkSketch).set_timings(*timings)

    def action_switch_view(self) -> None:
        """Show the next tab."""
        tabs = self.query_one(TabbedContent)
        tabs.active = _TABS[(_TABS.index(tabs.active) + 1) % len(_TABS)]
        self.set_focus(None)  # of what is hidden by now, and need not be painted without focus
        if tabs.active == "network":
            self.query_one(Form).focus_last()
        else:
            self._focus_tab()

    def _focus_tab(self) -> None:
        """Focus what a tab shows beside the form, so that its keys work at once."""
        match self.query_one(TabbedContent).active:
            case "data":
                self.set_focus(self.query_one(DataView), scroll_visible=False)
            case "run":
                for charts in self.query("Dashboard"):  # none before a run was shown
                    self.set_focus(charts, scroll_visible=False)
            case "explain":
                self.explanation.focus_view()
            case _:
                pass

    def action_back(self) -> None:
        """Go back to where the run was opened."""
        if run := self.shown_run:
            self.post_message(self.BackRequested(run, self.came_from))
            self.came_from = ""
            self.refresh_bindings()

    def action_leave_field(self) -> None:
        """Remove the focus from the field, so that the letter keys work again."""
        self.set_focus(None)

    def show_settings(self, config: RunConfig, by_hand: Mapping[str, str]) -> None:
        """Fill the form with a configuration, and say what was set by hand in its run.

        Raises:
            ConfigError: This version does not know the data set.
        """
        self.query_one(Form).show(config, by_hand)
        self.query_one(TabbedContent).active = "network"

    @on(TabbedContent.TabActivated)
    @on(Resize)
    def _adapt_to_width(self) -> None:
        """Hide the form if data or a run are shown and there is no space for both."""
        is_network = self.query_one(TabbedContent).active == "network"
        is_shown = is_network or self.app.size.width >= _SIDE_BY_SIDE_WIDTH
        form = self.query_one(Form)
        if form.display != is_shown:  # else it would be laid out again for nothing
            had_focus = form.has_focus_within
            form.display = is_shown
            if had_focus and not is_shown:
                self._focus_tab()
            self._show_problem()
        self.refresh_bindings()

    @on(TabbedContent.TabActivated, pane="#data")
    def _look_at_data(self) -> None:
        """Read the data when they are shown: also again, if their files have changed."""
        if self._typed and not self._data.is_reading:
            self._read_data(self._typed)

    @on(DatasetField.PathWanted)
    def _choose_path(self) -> None:
        """Ask for a file or folder of data."""
        from .path_prompt import PathPrompt  # not needed for the first paint

        ask(self.app, PathPrompt(self.recent_data), self._use_path)

    def _use_path(self, path: str) -> None:
        with suppress(ConfigError):  # another field is wrong, and the form says so
            self.query_one(Form).set_dataset(path)

    @on(Form.Changed)
    def _apply_settings(self, event: Form.Changed) -> None:
        self._typed, self._typed_problem = event.config, event.problem
        self._start_after_reading = ""
        self.preset = self.query_one(Form).preset
        self._use_settings()

    def _use_settings(self) -> None:
        """Read the data of the form if that is necessary, and show what it says."""
        config = self._typed
        if config and self._data.expect(config):
            self.workers.cancel_group(self, "data")
            if config.is_own_data or self.query_one(TabbedContent).active == "data":
                self._read_data(config)
        self._show_form()

    @work(exclusive=True, group="data")
    async def _read_data(self, config: RunConfig) -> None:
        await self._data.read(config)
        if config.is_own_data and self._data.overview:
            others = [path for path in self.recent_data if path != config.dataset]
            self.recent_data[:] = [config.dataset, *others][:MOST_RECENT]
        self._show_form()

    def _show_form(self) -> None:
        """Show the network and the data of the form, or what is wrong with it."""
        config, problem, spec = self._typed, self._typed_problem, None
        form = self.query_one(Form)
        try:
            spec = self._data.spec_for(config) if config else None
            if config:
                form.show_problems({})
        except BilstmError as error:
            problem = in_lines(error)
            form.show_problems(error.problems, error.title)
        reading = f"Reading {Path(config.dataset).name} …" if config else ""
        self.spec = spec
        sketch = self.query_one(NetworkSketch)
        if config and spec:
            sketch.show(config, spec, self.preset)
        elif problem:
            sketch.show_problem(form.problem_in_brief)
        else:
            sketch.show_message(reading)
        self._show_data(reading)
        usable = config if spec else None
        words = "" if spec else problem.replace("\n", "  ") or reading
        self.explanation.use_form(usable, words)
        self.note_form(usable, words, is_reading=not (spec or problem))
        self.post_message(self.ConfigChanged())
        self.refresh_bindings()

    def _show_data(self, reading: str) -> None:
        view = self.query_one(DataView)
        if self._data.overview:
            view.show(self._data.overview)
        elif self._data.failure:
            view.show_message(in_lines(self._data.failure), "bold red")
        else:
            view.show_message(reading)

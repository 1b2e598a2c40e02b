"""The app: its screens, and how runs are started, stopped and resumed from them."""

import asyncio
import os
import select
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.filter import LineFilter
from textual.screen import Screen

from bilstm_core import events, paths
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError, DataError
from bilstm_core.files import is_missing
from bilstm_core.processes.protocol import FindLearningRate, ResumeRun, StartRun
from bilstm_core.processes.standby import StandbyWorker
from bilstm_core.processes.worker_client import WorkerClient, error_from_event, lost_run_error
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs

from .ascii import AsciiFilter
from .palette import KeyCommands
from .preferences import Preferences, PreferencesFile
from .screens.dialogs import Dialog, Question, ask, failure
from .screens.messages import Inspect
from .screens.train import TrainScreen, is_typing
from .textual_internals import ReportingApp
from .widgets.form import Form

if TYPE_CHECKING:
    from .screens.runs import Choice, RunsScreen
    from .widgets.run_view import RunView

_HANG_UP_SECONDS = 1.0
"""Between two checks that the terminal is still connected."""
_SETTLED_SECONDS = 0.5
"""How long the form is unchanged before the worker prepares to train with its settings."""


class BilstmApp(ReportingApp[int]):
    """The app in which networks are configured, trained and examined.

    Args:
        config: The settings that the form shows first.
        preset: The preset that they are based on.
        runs_dir: The folder of the runs.
        data_dir: The folder of the data sets.
        name: The readable part of the names of new runs.
        preferences: The preferences file; None to use the defaults and save nothing.
        redraws_per_second: The maximum redraw rate; None for the one in the preferences.
        is_ascii: Whether to draw with ASCII characters only.
        make_worker: Starts a worker process.
    """

    TITLE = "bilstm-tui"
    CSS_PATH = "app.tcss"
    COMMANDS = App.COMMANDS | {KeyCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "runs", "Runs", priority=True, tooltip="All runs, or back from them"),
        Binding("question_mark", "help", "Keys", priority=True, tooltip="These keys"),
        Binding(
            "q", "leave", "Quit", priority=True, tooltip="Quit; a run can continue without the app"
        ),
        Binding("ctrl+c", "quit_now", "Quit while typing", priority=True, show=False),
        Binding("ctrl+q", "quit_now", "Quit while typing", priority=True, show=False),
    ]

    def __init__(
        self,
        config: RunConfig,
        preset: str,
        runs_dir: Path,
        data_dir: Path | None = None,
        *,
        name: str | None = None,
        preferences: PreferencesFile | None = None,
        redraws_per_second: float | None = None,
        is_ascii: bool = False,
        make_worker: Callable[[], WorkerClient] = WorkerClient,
    ) -> None:
        super().__init__()
        self._runs_dir = runs_dir.absolute()
        self._data_dir = data_dir
        self._label = name
        self._preferences = preferences
        self._standby = StandbyWorker(make_worker)
        self._is_starting = self._has_typed = False
        self._is_ascii = is_ascii
        self._own_filters = [AsciiFilter()] if is_ascii else []
        kept = preferences.kept if preferences else Preferences()
        self._saved_redraw_rate = kept.redraws_per_second
        self._redraw_rate = redraws_per_second or self._saved_redraw_rate
        if "NO_COLOR" in os.environ:  # these themes would then draw black on black
            for theme in [name for name in self.available_themes if name.startswith("ansi")]:
                self.unregister_theme(theme)
        if kept.theme in self.available_themes:
            self.theme = kept.theme
        self.train_screen = TrainScreen(config, preset, self._runs_dir, self._redraw_rate)

    def on_mount(self) -> None:
        """Show the first screen, start a worker, and offer to watch a live run."""
        self.push_screen(self.train_screen)
        self.set_interval(_HANG_UP_SECONDS, self._end_if_hung_up)
        self.call_after_refresh(self._start_standby)
        self.call_after_refresh(self._offer_live_run)
        if self._preferences and self._preferences.problem:
            self.call_after_refresh(
                self.notify, self._preferences.problem, severity="warning", markup=False
            )

    async def on_event(self, event: Event) -> None:
        """Note whether any key was pressed."""
        self._has_typed = self._has_typed or isinstance(event, Key)
        await super().on_event(event)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and last the one that draws in ASCII."""
        return [*super().get_line_filters(), *self._own_filters]

    def get_key_display(self, binding: Binding) -> str:
        """The name of a key; in ASCII, without Textual's symbol for Enter."""
        if self._is_ascii and binding.key == "enter":
            return "enter"
        return super().get_key_display(binding)

    def on_unmount(self) -> None:
        """Save the preferences, and end the worker that waits for an order."""
        self._save_preferences()
        self._standby.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable letter keys in a text field, and other screens below a dialog."""
        if action in {"runs", "help", "leave"} and is_typing(self.screen):
            return False
        if action in {"runs", "help"}:
            return not isinstance(self.screen, Dialog)
        return True

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's commands, without those that the app has keys for, and the redraw rate."""
        bound = {"Quit", "Keys"}
        yield from (it for it in super().get_system_commands(screen) if it.title not in bound)
        yield SystemCommand(
            "Redraw rate",
            "Maximum rate at which charts and figures are redrawn; lower for slow connections",
            self._choose_redraw_rate,
        )

    @work
    async def _choose_redraw_rate(self) -> None:
        from .screens.prompts import redraws_prompt  # not needed for the first paint

        answer = await ask(self, redraws_prompt(self._saved_redraw_rate))
        if answer:
            self._saved_redraw_rate = self._redraw_rate = float(answer)
            self.train_screen.view.set_redraw_rate(self._saved_redraw_rate)
            self._save_preferences()

    def _save_preferences(self) -> None:
        """Save the current choices for the next start."""
        if not self._preferences:
            return
        form = self.train_screen.config
        kept = self._preferences.kept
        self._preferences.save(
            Preferences(
                theme=self.theme,
                redraws_per_second=self._saved_redraw_rate,
                preset=self.train_screen.preset if form else kept.preset,
                settings=form.model_dump() if form else kept.settings,
            )
        )

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from .screens.key_help import KeyHelp  # not needed for the first paint

        self.push_screen(KeyHelp(self.screen))

    def action_quit_now(self) -> None:
        """Quit, also from a text field or a dialog."""
        self.action_leave()

    @work
    async def action_leave(self) -> None:
        """Quit; ask first if a run is live."""
        if isinstance(self.screen, Dialog) or not self.train_screen.view.is_training:
            self.exit(0)
            return
        answers = {"leave": "Leave it running", "stop": "Stop it", "cancel": "Cancel"}
        words = "The run continues without the app. Start the app again to watch it."
        answer = await self.push_screen_wait(Question("A run is live", words, answers))
        if answer == "stop":
            self.train_screen.order("stop")
        if answer in {"leave", "stop"}:
            self.exit(0)

    @on(TrainScreen.Begin)
    def _start_requested_run(self, event: TrainScreen.Begin) -> None:
        self._start_run(event.config)

    def _start_run(self, config: RunConfig) -> None:
        self._save_preferences()
        order = StartRun(
            config=config, runs_dir=self._runs_dir, name=self._label, data_dir=self._data_folder
        )
        self._open_run(order)

    def _resume(self, run: Run, changes: Mapping[str, Any]) -> None:
        order = ResumeRun(run=run.path, changes=dict(changes), data_dir=self._data_folder)
        self._open_run(order)

    @on(TrainScreen.LearningRateRequested)
    @work(exclusive=True, group="rate")
    async def _find_learning_rate(self, event: TrainScreen.LearningRateRequested) -> None:
        """Find a learning rate, and put it into the form if the user accepts it."""
        from .screens.learning_rate import LearningRateScreen  # not needed for the first paint

        if isinstance(self.screen, Dialog):  # the key was pressed twice
            return
        try:
            worker = self._standby.take()
        except BilstmError as error:
            self.push_screen(failure(error))
            return
        order = FindLearningRate(config=event.config, data_dir=self._data_folder)
        screen = LearningRateScreen(lambda: worker.find_learning_rate(order), worker.cancel)
        answer = await self.push_screen_wait(screen)
        self._start_standby()
        if answer == "take" and screen.curve and screen.curve.suggestion:
            self.train_screen.query_one(Form).choose_learning_rate(screen.curve.suggestion)

    @on(Inspect)
    def _inspect(self, event: Inspect) -> None:
        from .screens.inspect import InspectScreen  # not needed for the first paint

        try:
            screen = InspectScreen(event.run, paths.data_dir(self._data_dir).absolute())
        except BilstmError as error:
            self.push_screen(failure(error))
        else:
            self.push_screen(screen)

    def action_runs(self) -> None:
        """Show all runs, or leave that screen."""
        from .screens.runs import RunsScreen  # not needed for the first paint

        if isinstance(self.screen, RunsScreen):
            self.screen.dismiss(None)
        else:
            shown = self.train_screen.view.shown_run
            screen = RunsScreen(self._runs_dir, shown.name if shown else "", self._redraw_rate)
            self.push_screen(screen, self._apply_choice)

    def on_runs_screen_renamed(self, event: "RunsScreen.Renamed") -> None:
        """Follow the run that is shown under its new name."""
        shown = self.train_screen.view.shown_run
        if shown and shown.path == event.before.path:
            self._watch(event.after)

    @property
    def _data_folder(self) -> Path | None:
        return self._data_dir.absolute() if self._data_dir else None

    @work
    async def _watch(self, run: Run) -> None:
        """Show a run; reading a long one takes a second, during which keys still work."""
        await self.train_screen.watch_run(run)

    def _apply_choice(self, answer: "Choice | None") -> None:
        from .screens.runs import Choice

        match answer:
            case Choice("open", run):
                self._watch(run)
            case Choice("resume", run, changes):
                self._resume(run, changes)
            case Choice("copy", run):
                try:
                    self.train_screen.show_settings(run.config)
                except BilstmError as error:
                    self.push_screen(failure(error))
                else:
                    self.notify(f"The form has the settings of {run.name}.", markup=False)
            case _:
                pass

    @work
    async def _open_run(self, order: StartRun | ResumeRun) -> None:
        """Have a worker start or resume a run, and show it."""
        if self._is_starting:
            return
        self._is_starting = True
        try:
            worker = self._standby.take()
            run = await asyncio.to_thread(worker.open_run, order)
            await self.train_screen.watch_run(run)
        except BilstmError as error:
            self.train_screen.view.show_message()
            self.push_screen(failure(error))
        finally:
            self._is_starting = False
        if not self.train_screen.view.is_training:
            self._start_standby()

    def on_run_view_ended(self, event: "RunView.Ended") -> None:
        """Prepare for the next run, and show what went wrong with this one."""
        self.train_screen.refresh_bindings()
        self.train_screen.update_duration_estimate()
        self._start_standby()
        match event.ending:
            case events.Failed(exit_code=DataError.exit_code) as failed:
                self._offer_digits(error_from_event(failed))
            case events.Failed() as failed:
                self.push_screen(failure(error_from_event(failed)))
            case None:
                self._offer_resume(event.run)
            case _:
                pass

    @work
    async def _offer_digits(self, error: BilstmError) -> None:
        """Show that the data are unavailable; offer the digits, which need no download."""
        answers = {"": "Close", "digits": "Train digits instead"}
        answer = await self.push_screen_wait(failure(error, answers))
        if answer and self.train_screen.config:
            self._start_run(self.train_screen.query_one(Form).choose_dataset(answer))

    @work
    async def _offer_resume(self, run: Run) -> None:
        """Show that a run's process exited without reporting a result; offer to resume it."""
        answers = {"": "Close"} if is_missing(run.path) else {"resume": "Resume it", "": "Close"}
        if await self.push_screen_wait(failure(lost_run_error(run), answers)):
            self._resume(run, {})

    def _start_standby(self) -> None:
        if not self._is_starting:  # else two workers could load PyTorch at the same time
            with suppress(BilstmError):  # reported when an order needs the worker
                self._standby.start(self.train_screen.config)

    @on(Form.Changed)
    @work(exclusive=True, group="prepare")
    async def _prepare_standby(self, event: Form.Changed) -> None:
        await asyncio.sleep(_SETTLED_SECONDS)
        self._standby.prepare(event.config)

    async def _offer_live_run(self) -> None:
        try:
            live = await asyncio.to_thread(_live_runs, self._runs_dir)
        except BilstmError:
            return
        if not live or self._is_starting or self.train_screen.view.shown_run:
            return

        if self._has_typed:  # the next key is not meant for a dialog that just opened
            self.notify(f"Being trained now: {live[-1].name}. r lists it.", markup=False)
            return

        def watch(answer: str | None) -> None:
            if answer == "watch":
                self._watch(live[-1])

        answers = {"watch": "Watch it", "no": "Not now"}
        names = "\n".join(run.name for run in live[-5:])
        self.push_screen(Question("Being trained now", names, answers), watch)

    def _end_if_hung_up(self) -> None:
        """Exit if the terminal is disconnected, even where SIGHUP is ignored."""
        if self.is_headless or not sys.__stdin__:
            return
        poll = select.poll()
        poll.register(sys.__stdin__.fileno(), select.POLLHUP)
        if any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll(0)):
            self._standby.close()
            os._exit(129)


def _live_runs(runs_dir: Path) -> list[Run]:
    return [run for run in list_runs(runs_dir) if run.is_live]

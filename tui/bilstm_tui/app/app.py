"""The app: its screens, and how runs are started, stopped and resumed from them."""

import asyncio
import os
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
from bilstm_core.compute.garbage import collect_in_small_pieces
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError, DataError
from bilstm_core.files import is_missing
from bilstm_core.processes.protocol import FindLearningRate, ResumeRun, StartRun
from bilstm_core.processes.standby import StandbyWorker
from bilstm_core.processes.worker_client import WorkerClient, error_from_event, lost_run_error
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs

from ..text.console import is_disconnected
from .ascii import AsciiFilter
from .lists import ListingApp
from .palette import KeyCommands
from .preferences import Preferences, PreferencesFile
from .screens.base import ExportRequested, InspectRequested, is_typing
from .screens.dialogs import Dialog, Question, ask, error_dialog
from .screens.train import TrainScreen
from .sixteen_colours import SixteenColours, has_sixteen_colours
from .widgets.form import Form

if TYPE_CHECKING:
    from .widgets.run_view import RunView

_SYMBOLS = {"enter", "up", "down", "left", "right"}
"""Keys that Textual shows as symbols."""
_CONNECTION_CHECK_SECONDS = 1.0
_START_SECONDS = 3.0  # after which nearly all is imported
_PREPARE_DELAY_SECONDS = 0.5  # after the last change of the form, before the worker prepares


class BilstmApp(ListingApp):
    """The app in which networks are configured, trained and examined.

    Args:
        config: The configuration that the form shows first; it is based on `preset`.
        name: The readable part of the names of new runs.
        preferences: The preferences file; None to use the defaults and save nothing.
        redraws_per_second: The maximum redraw rate; None for the one in the preferences.
        at_home: Whether it starts at Home instead of with the form.
        sweep: The sweep whose leaderboard is shown above the first screen; empty for none.
        make_worker: Starts a worker process.

    Attributes:
        left_run: The run that was being trained when the app was quit, and was not stopped.
    """

    TITLE = "bilstm-tui"
    CSS_PATH = "app.tcss"
    COMMANDS = App.COMMANDS | {KeyCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "runs", "Runs", priority=True, tooltip="All runs, or back from them"),
        Binding("w", "sweeps", "Sweeps", priority=True, tooltip="All sweeps, or back from them"),
        Binding("question_mark", "help", "Keys", priority=True, tooltip="List the keys"),
        Binding("q", "leave", "Quit", priority=True, tooltip="Quit; a live run can continue"),
        Binding("h", "home", "Home", priority=True, tooltip="The first screen, with recent runs"),
        Binding("ctrl+c,ctrl+q", "quit_now", "Quit while typing", priority=True, show=False),
        Binding(
            "ctrl+z",
            "suspend_process",
            "Suspend",
            show=False,
            tooltip="Suspend the app; fg continues",
        ),
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
        at_home: bool = False,
        sweep: str = "",
        make_worker: Callable[[], WorkerClient] = WorkerClient,
    ) -> None:
        super().__init__()
        self._runs_dir = runs_dir.absolute()
        self._data_dir = data_dir and data_dir.absolute()
        self._label = name
        self._preferences = preferences
        self._standby = StandbyWorker(make_worker)
        self._was_key_pressed = False
        self._has_started = asyncio.Event()  # not set while a worker starts or resumes a run
        self._has_started.set()
        self.left_run: Run | None = None
        self._is_ascii = is_ascii
        self._own_filters: list[LineFilter] = [AsciiFilter()] if is_ascii else []
        if has_sixteen_colours(self):
            self._own_filters.insert(0, SixteenColours())
        saved = preferences.saved if preferences else Preferences()
        self._at_home, self.starts_at_home = at_home, saved.starts_at_home
        self._first_sweep = sweep
        self._saved_redraw_rate = saved.redraws_per_second
        self._redraw_rate = redraws_per_second or self._saved_redraw_rate
        if "NO_COLOR" in os.environ:  # these themes would then draw black on black
            for theme in [name for name in self.available_themes if name.startswith("ansi")]:
                self.unregister_theme(theme)
        if saved.theme in self.available_themes:
            self.theme = saved.theme
        self.train_screen = TrainScreen(
            config,
            preset,
            self._runs_dir,
            self._redraw_rate,
            self._data_dir,
            [*saved.recent_data],
        )
        self.install_screen(self.train_screen, "train")  # stays as it is where Home is below it

    def get_default_screen(self) -> Screen[Any]:
        """The first screen, instead of a blank one below it."""
        return self.first_screen(at_home=self._at_home)

    def on_mount(self) -> None:
        """Start a worker, and ask whether to watch a live run."""
        if self._first_sweep:
            self.show_sweep(self._first_sweep)
        self.set_interval(_CONNECTION_CHECK_SECONDS, self._exit_if_disconnected)
        self.call_after_refresh(self._start_standby)
        if not self.is_headless:  # tests have several apps in one process
            self.set_timer(_START_SECONDS, collect_in_small_pieces)
        if not self._at_home and not self._first_sweep:  # where live runs are listed
            self.call_after_refresh(self._suggest_live_run)
        if self._preferences and self._preferences.problem:
            self.call_after_refresh(self.notify, self._preferences.problem, severity="warning")

    async def on_event(self, event: Event) -> None:
        """Note whether any key was pressed."""
        self._was_key_pressed = self._was_key_pressed or isinstance(event, Key)
        await super().on_event(event)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and last those for terminals that cannot show everything."""
        return [*super().get_line_filters(), *self._own_filters]

    def get_key_display(self, binding: Binding) -> str:
        """The name of a key; in ASCII, without Textual's symbols."""
        if self._is_ascii and binding.key in _SYMBOLS:
            return binding.key
        return super().get_key_display(binding)

    def on_unmount(self) -> None:
        """Save the preferences, and end the standby worker."""
        self._save_preferences()
        self._standby.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable letter keys in a text field, and other screens below a dialog."""
        if action in {"runs", "sweeps", "help", "leave", "home"} and is_typing(self.screen):
            return False
        if action == "home":
            return self.screen is self.train_screen
        return action not in {"runs", "sweeps", "help"} or not isinstance(self.screen, Dialog)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's commands, without those that the app has keys for, and the redraw rate."""
        bound = {"Quit", "Keys"}
        yield from self.start_commands()
        yield from (it for it in super().get_system_commands(screen) if it.title not in bound)
        yield SystemCommand(
            "Redraw rate",
            "Maximum rate at which charts and figures are redrawn; lower for slow connections",
            self._choose_redraw_rate,
        )

    def _choose_redraw_rate(self) -> None:
        from .screens.prompts import redraws_prompt  # not needed for the first paint

        ask(self, redraws_prompt(self._saved_redraw_rate), self._set_redraw_rate)

    def _set_redraw_rate(self, typed: str) -> None:
        self._saved_redraw_rate = self._redraw_rate = float(typed)
        self.train_screen.view.set_redraw_rate(self._saved_redraw_rate)
        self._save_preferences()

    def _save_preferences(self) -> None:
        """Save the current choices for the next start."""
        if not self._preferences:
            return
        form = self.train_screen.config
        saved = self._preferences.saved
        self._preferences.save(
            Preferences(
                theme=self.theme,
                redraws_per_second=self._saved_redraw_rate,
                preset=self.train_screen.preset if form else saved.preset,
                settings=form.model_dump() if form else saved.settings,
                recent_data=self.train_screen.recent_data,
                starts_at_home=self.starts_at_home,
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
        """Quit; ask first if a run is being trained, or is just starting."""
        view = self.train_screen.view
        run = view.shown_run if view.is_training else None
        if not (run or self._is_starting) or isinstance(self.screen, Dialog):
            self.left_run = run
            self.exit(0)
            return
        answers = {"leave": "Leave it running", "stop": "Stop it", "cancel": "Cancel"}
        message = "The run continues without the app. Start the app again to watch it."
        answer = await self.push_screen_wait(Question("Training in progress", message, answers))
        if answer not in {"leave", "stop"}:
            return
        if not run:
            self.notify("The app quits when the run has started.")
            before = view.shown_run
            await self._has_started.wait()
            run = view.shown_run
            if run == before and not view.is_training:  # a dialog says why it did not start
                return
        if answer == "stop" and run:
            self.train_screen.order(run, "stop")
        is_left = answer == "leave" and run is not None and run.is_live  # it may have ended
        self.left_run = run if is_left else None
        self.exit(0)

    @property
    def _is_starting(self) -> bool:
        return not self._has_started.is_set()

    @on(TrainScreen.StartRequested)
    def _start_run(self, event: TrainScreen.StartRequested) -> None:
        self._save_preferences()
        order = StartRun(
            config=event.config, runs_dir=self._runs_dir, name=self._label, data_dir=self._data_dir
        )
        self._open_run(order)

    def resume_run(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Resume a run with some settings changed, and show it."""
        self._open_run(ResumeRun(run=run.path, changes=dict(changes), data_dir=self._data_dir))

    @on(TrainScreen.ResumeRequested)
    def _resume_shown_run(self, event: TrainScreen.ResumeRequested) -> None:
        self.resume_run(event.run, event.changes)

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
            self.push_screen(error_dialog(error))
            return
        order = FindLearningRate(config=event.config, data_dir=self._data_dir)
        screen = LearningRateScreen(lambda: worker.find_learning_rate(order), worker.cancel)
        answer = await self.push_screen_wait(screen)
        self._start_standby()
        if answer == "use" and screen.curve and screen.curve.suggestion:
            self.train_screen.query_one(Form).set_learning_rate(screen.curve.suggestion)
            rate = f"{screen.curve.suggestion:.2g}"
            self.notify(f"learning_rate is {rate} in the form; t trains with it.")

    @on(InspectRequested)
    def _inspect(self, event: InspectRequested) -> None:
        from .screens.inspect import InspectScreen  # not needed for the first paint

        try:
            screen = InspectScreen(event.run, paths.data_dir(self._data_dir).absolute())
        except BilstmError as error:
            self.push_screen(error_dialog(error))
        else:
            self.push_screen(screen)

    @on(ExportRequested)
    def _export(self, event: ExportRequested) -> None:
        from .screens.export import ExportScreen  # not needed for the first paint

        data_dir = paths.data_dir(self._data_dir).absolute()
        ask(self, ExportScreen(event.run, data_dir), lambda _: None)

    @work
    async def _open_run(self, order: StartRun | ResumeRun) -> None:
        """Have a worker start or resume a run, and show it."""
        if self._is_starting:
            self.notify("Another run is just starting: try again in a moment.", timeout=4)
            return
        self._has_started.clear()
        try:
            await self.show_train_screen()
            worker = self._standby.take()
            run = await asyncio.to_thread(worker.open_run, order)
            await self.train_screen.watch_run(run)
        except BilstmError as error:
            self.train_screen.view.show_message()
            self.push_screen(error_dialog(error))
        finally:
            self._has_started.set()
        if not self.train_screen.view.is_training:
            self._start_standby()

    def on_run_view_ended(self, event: "RunView.Ended") -> None:
        """Prepare for the next run, and show what went wrong with this one."""
        self.train_screen.refresh_bindings()
        self.train_screen.update_duration_estimate()
        self.train_screen.explanation.explain_again()  # with what the run has learned
        self._start_standby()
        match event.ending:
            case events.Failed(exit_code=DataError.exit_code) as failed:
                self._suggest_digits(error_from_event(failed))
            case events.Failed() as failed:
                self.push_screen(error_dialog(error_from_event(failed)))
            case None:
                self._suggest_resuming(event.run)

    @work
    async def _suggest_digits(self, error: BilstmError) -> None:
        """Show that the data are unavailable; suggest the digits, which need no download."""
        answers = {"": "Close", "digits": "Train digits instead"}
        answer = await self.push_screen_wait(error_dialog(error, answers))
        if answer and self.train_screen.config:
            config = self.train_screen.query_one(Form).set_dataset(answer)
            self.post_message(TrainScreen.StartRequested(config))

    @work
    async def _suggest_resuming(self, run: Run) -> None:
        """Show that a run's process exited without reporting a result; suggest to resume it."""
        answers = {"": "Close"} if is_missing(run.path) else {"resume": "Resume it", "": "Close"}
        if await self.push_screen_wait(error_dialog(lost_run_error(run), answers)):
            self.resume_run(run, {})

    def _start_standby(self) -> None:
        if not self._is_starting:  # else two workers could load PyTorch at the same time
            with suppress(BilstmError):  # reported when an order needs the worker
                self._standby.start(self.train_screen.config)

    @on(TrainScreen.ConfigChanged)
    @work(exclusive=True, group="prepare")
    async def _prepare_standby(self) -> None:
        await asyncio.sleep(_PREPARE_DELAY_SECONDS)
        self._standby.prepare(self.train_screen.config)

    @work
    async def _suggest_live_run(self) -> None:
        """Ask whether to watch a live run."""
        try:
            live = await asyncio.to_thread(
                lambda: [run for run in list_runs(self._runs_dir) if run.is_live]
            )
        except BilstmError:
            return
        if not live or self._is_starting or self.train_screen.view.shown_run:
            return
        if self._was_key_pressed:  # the next key is not meant for a dialog that just opened
            self.notify(f"{live[-1].name} is being trained: press r to see it.")
            return
        answers = {"watch": "Watch it", "no": "Not now"}
        names = "\n".join(run.name for run in live[-5:])
        question = Question("Being trained now", names, answers)
        if await self.push_screen_wait(question) == "watch":
            self.show_run(live[-1])

    def _exit_if_disconnected(self) -> None:
        """Exit if the terminal is disconnected, even where SIGHUP is ignored."""
        if not self.is_headless and is_disconnected():
            self._standby.close()
            os._exit(129)

"""The app: which screens there are, and how runs are begun, stopped and taken up."""

import asyncio
import os
import select
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.screen import Screen
from textual.worker import WorkerFailed

from bilstm_core import events, paths
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError, DataError
from bilstm_core.files import is_missing
from bilstm_core.processes.protocol import FindLearningRate, ResumeRun, StartRun
from bilstm_core.processes.standby import StandbyWorker, SupportsOrders
from bilstm_core.processes.worker_client import WorkerClient, error_from_event, lost_run_error
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs

from .ascii import AsciiFilter
from .palette import KeyCommands
from .preferences import Preferences, PreferencesFile
from .screens.dialogs import Dialog, Question, ask, failure
from .screens.messages import Inspect
from .screens.train import TrainScreen, is_typing
from .teardown import is_teardown_error
from .widgets.form import Form

if TYPE_CHECKING:
    from .screens.runs import Choice, RunsScreen
    from .widgets.run_view import RunView

_HANG_UP_SECONDS = 1.0
_SETTLED_SECONDS = 0.5
"""Without a change, after which the form is taken to be as it will be trained."""


class BilstmApp(App[int]):
    """Choose, train, watch.

    Args:
        config: What the form shows at first.
        preset: The preset that it came from.
        runs_dir: The folder of the runs.
        data_dir: The folder of the data sets.
        name: The readable part of new runs' names.
        preferences: What is remembered, and where.
        redraws_per_second: How often at most a run is drawn; as remembered where None.
        is_ascii: Whether to draw in ASCII alone.
        make_worker: Makes what trains.
    """

    TITLE = "bilstm-tui"
    CSS_PATH = "app.tcss"
    COMMANDS = App.COMMANDS | {KeyCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "runs", "Runs", priority=True, tooltip="All runs, or back from them"),
        Binding("question_mark", "help", "Keys", priority=True, tooltip="These keys"),
        Binding(
            "q", "leave", "Quit", priority=True, tooltip="Quit; a run may go on without the app"
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
        make_worker: Callable[[], SupportsOrders] = WorkerClient,
    ) -> None:
        super().__init__()
        self._runs_dir = runs_dir.absolute()
        self._data_dir = data_dir
        self._label = name
        self._preferences = preferences
        self._spare = StandbyWorker(make_worker)
        self._is_starting = self._has_typed = False
        self._is_ascii = is_ascii
        if is_ascii:
            self._filters.append(AsciiFilter())
        kept = preferences.kept if preferences else Preferences()
        self._redraws = kept.redraws_per_second
        self._redraws_now = redraws_per_second or self._redraws
        if "NO_COLOR" in os.environ:  # these then draw black on black
            for theme in [name for name in self.available_themes if name.startswith("ansi")]:
                self.unregister_theme(theme)
        if kept.theme in self.available_themes:
            self.theme = kept.theme
        self.train_screen = TrainScreen(config, preset, self._runs_dir, self._redraws_now)

    def on_mount(self) -> None:
        """Show the first screen; load PyTorch elsewhere; offer what is live."""
        self.push_screen(self.train_screen)
        self.set_interval(_HANG_UP_SECONDS, self._end_if_hung_up)
        self.call_after_refresh(self._warm_up)
        self.call_after_refresh(self._offer_live_run)
        if self._preferences and self._preferences.problem:
            self.call_after_refresh(
                self.notify, self._preferences.problem, severity="warning", markup=False
            )

    async def on_event(self, event: Event) -> None:
        """Remember that somebody has begun to type."""
        self._has_typed = self._has_typed or isinstance(event, Key)
        await super().on_event(event)

    def get_key_display(self, binding: Binding) -> str:
        """A key's name; the sign for Enter has no likeness in ASCII."""
        is_told = self._is_ascii and binding.key == "enter"
        return "enter" if is_told else super().get_key_display(binding)

    def on_unmount(self) -> None:
        """Let the worker go that got no order; remember the form."""
        self._remember()
        self._spare.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are letters while a word is typed, and a dialog is answered first."""
        if action in {"runs", "help", "leave"} and is_typing(self.screen):
            return False
        if action in {"runs", "help"}:
            return not isinstance(self.screen, Dialog)
        return True

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What no key does: theme, picture, and how often to draw."""
        ours = {"Quit", "Keys"}  # keys of ours do that
        yield from (it for it in super().get_system_commands(screen) if it.title not in ours)
        yield SystemCommand(
            "Redraw rate",
            "How often curves and figures are drawn at most; less on slow links",
            self._choose_redraws,
        )

    @work
    async def _choose_redraws(self) -> None:
        from .screens.prompts import redraws_prompt  # not needed for the first paint

        answer = await ask(self, redraws_prompt(self._redraws))
        if answer:
            self._redraws = self._redraws_now = float(answer)
            self.train_screen.view.set_redraw_rate(self._redraws)
            self._remember()

    def _remember(self) -> None:
        """Keep the choices for the next start."""
        if not self._preferences:
            return
        form = self.train_screen.config
        kept = self._preferences.kept
        self._preferences.save(
            Preferences(
                theme=self.theme,
                redraws_per_second=self._redraws,
                preset=self.train_screen.preset if form else kept.preset,
                settings=form.model_dump() if form else kept.settings,
            )
        )

    def action_help(self) -> None:
        """The keys of this screen."""
        from .screens.key_help import KeyHelp  # not needed for the first paint

        self.push_screen(KeyHelp(self.screen))

    def action_quit_now(self) -> None:
        """Quit, whatever is being typed or asked."""
        self.action_leave()

    @work
    async def action_leave(self) -> None:
        """Quit; ask first where a run is live."""
        if isinstance(self.screen, Dialog) or not self.train_screen.view.is_training:
            self.exit(0)
            return
        answers = {"leave": "Leave it running", "stop": "Stop it", "cancel": "Cancel"}
        words = "The run goes on without this app; start it again to watch, here or elsewhere."
        answer = await self.push_screen_wait(Question("A run is live", words, answers))
        if answer == "stop":
            self.train_screen.order("stop")
        if answer in {"leave", "stop"}:
            self.exit(0)

    @on(TrainScreen.Begin)
    def _begin_shown(self, event: TrainScreen.Begin) -> None:
        self._begin(event.config)

    def _begin(self, config: RunConfig) -> None:
        self._remember()
        order = StartRun(
            config=config, runs_dir=self._runs_dir, name=self._label, data_dir=self._data_folder
        )
        self._open_run(order)

    def _resume(self, run: Run, changes: Mapping[str, Any]) -> None:
        order = ResumeRun(run=run.path, changes=dict(changes), data_dir=self._data_folder)
        self._open_run(order)

    @on(TrainScreen.LearningRateRequested)
    @work(exclusive=True, group="rate")
    async def _find_rate(self, event: TrainScreen.LearningRateRequested) -> None:
        """Try learning rates, and fill the form's field if that is wanted."""
        from .screens.learning_rate import LearningRateScreen  # not needed for the first paint

        if isinstance(self.screen, Dialog):  # the key was pressed twice
            return
        try:
            worker = self._spare.take()
        except BilstmError as error:
            self.push_screen(failure(error))
            return
        order = FindLearningRate(config=event.config, data_dir=self._data_folder)
        screen = LearningRateScreen(lambda: worker.find_learning_rate(order), worker.cancel)
        answer = await self.push_screen_wait(screen)
        self._warm_up()
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
        """All runs, or back from them."""
        from .screens.runs import RunsScreen  # not needed for the first paint

        if isinstance(self.screen, RunsScreen):
            self.screen.dismiss(None)
        else:
            shown = self.train_screen.view.shown_run
            screen = RunsScreen(self._runs_dir, shown.name if shown else "", self._redraws_now)
            self.push_screen(screen, self._carry_out)

    def on_runs_screen_renamed(self, event: "RunsScreen.Renamed") -> None:
        """The run that is shown goes on under its other name."""
        shown = self.train_screen.view.shown_run
        if shown and shown.path == event.before.path:
            self._watch(event.after)

    @property
    def _data_folder(self) -> Path | None:
        return self._data_dir.absolute() if self._data_dir else None

    @work
    async def _watch(self, run: Run) -> None:
        """Show a run, and take keys meanwhile: a long one takes a second to read."""
        await self.train_screen.watch_run(run)

    def _carry_out(self, answer: "Choice | None") -> None:
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
            worker = self._spare.take()
            run = await asyncio.to_thread(worker.open_run, order)
            await self.train_screen.watch_run(run)
        except BilstmError as error:
            self.train_screen.view.show_message()
            self.push_screen(failure(error))
        finally:
            self._is_starting = False
        if not self.train_screen.view.is_training:
            self._warm_up()

    def on_run_view_ended(self, event: "RunView.Ended") -> None:
        """Make ready for the next run, and say what went wrong."""
        self.train_screen.refresh_bindings()
        self.train_screen.update_duration_estimate()
        self._warm_up()
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
        """Without the data, offer those that are always there."""
        answers = {"": "Close", "digits": "Train digits instead"}
        answer = await self.push_screen_wait(failure(error, answers))
        if answer and self.train_screen.config:
            self._begin(self.train_screen.query_one(Form).choose_dataset(answer))

    @work
    async def _offer_resume(self, run: Run) -> None:
        """A run that was lost can be gone on with at once, unless its folder is lost, too."""
        answers = {"": "Close"} if is_missing(run.path) else {"resume": "Resume it", "": "Close"}
        if await self.push_screen_wait(failure(lost_run_error(run), answers)):
            self._resume(run, {})

    def _warm_up(self) -> None:
        if not self._is_starting:  # with a key at the first paint: two would load PyTorch at once
            with suppress(BilstmError):  # told when an order needs it
                self._spare.start(self.train_screen.config)

    @on(Form.Changed)
    @work(exclusive=True, group="expected")
    async def _expect(self, event: Form.Changed) -> None:
        await asyncio.sleep(_SETTLED_SECONDS)
        self._spare.prepare(event.config)

    async def _offer_live_run(self) -> None:
        try:
            live = await asyncio.to_thread(_live_runs, self._runs_dir)
        except BilstmError:
            return
        if not live or self._is_starting or self.train_screen.view.shown_run:
            return

        if self._has_typed:  # a dialog would take the next key, which is meant for something else
            self.notify(f"Being trained now: {live[-1].name}. r lists it.", markup=False)
            return

        def watch(answer: str | None) -> None:
            if answer == "watch":
                self._watch(live[-1])

        answers = {"watch": "Watch it", "no": "Not now"}
        names = "\n".join(run.name for run in live[-5:])
        self.push_screen(Question("Being trained now", names, answers), watch)

    def _handle_exception(self, error: Exception) -> None:
        if not is_teardown_error(error, self):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Without Textual's traceback: whoever started the app says it in words."""
        self._close_messages_no_wait()

    @property
    def defect(self) -> Exception | None:
        """What ended the app, if nobody wanted it to end."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error  # pyright: ignore

    def _end_if_hung_up(self) -> None:
        """A terminal that is gone ends the app, also where the signal is ignored."""
        if self.is_headless or not sys.__stdin__:
            return
        poll = select.poll()
        poll.register(sys.__stdin__.fileno(), select.POLLHUP)
        if any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll(0)):
            self._spare.close()
            os._exit(129)


def _live_runs(runs_dir: Path) -> list[Run]:
    return [run for run in list_runs(runs_dir) if run.is_live]

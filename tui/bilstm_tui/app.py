"""The app: which screens there are, and how runs are begun, stopped and taken up."""

import asyncio
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType

from bilstm_core import events, paths
from bilstm_core.config import RunConfig
from bilstm_core.control import Command, give_order
from bilstm_core.errors import BilstmError
from bilstm_core.runs import Run, list_runs

from .launcher import Worker, lost, relayed
from .screens.dialogs import Question, failure
from .screens.inspect import InspectScreen
from .screens.runs import RunsScreen
from .screens.train import TrainScreen, is_typing
from .widgets.form import Form
from .widgets.run_view import RunView

_HANG_UP_SECONDS = 1.0
_LETTERS = {
    *("runs", "help", "leave"),
    *("begin", "pause_shown", "stop_shown", "inspect_shown"),
}
"""Actions whose keys are letters."""


class Trains(Protocol):
    """What carries out an order in a process of its own; see `launcher.Worker`."""

    def order(self, order: dict[str, Any]) -> Run:
        """Begin or resume a run."""
        ...

    def dismiss(self) -> None:
        """Not needed any more."""
        ...


class BilstmApp(App[int]):
    """Choose, train, watch.

    Args:
        config: What the form shows at first.
        preset: The preset that it came from.
        runs_dir: The folder of the runs.
        data_dir: The folder of the data sets.
        name: The readable part of new runs' names.
        make_worker: Makes what trains.
    """

    TITLE = "bilstm-tui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "runs", "Runs", priority=True),
        Binding("question_mark", "help", "Keys", priority=True),
        Binding("q", "leave", "Quit", priority=True),
        Binding("ctrl+c", "quit_now", "Quit", priority=True, show=False),
        Binding("ctrl+q", "quit_now", "Quit", priority=True, show=False),
    ]

    def __init__(
        self,
        config: RunConfig,
        preset: str,
        runs_dir: Path,
        data_dir: Path | None = None,
        *,
        name: str | None = None,
        make_worker: Callable[[], Trains] = Worker,
    ) -> None:
        super().__init__()
        self._runs_dir = runs_dir.absolute()
        self._data_dir = data_dir
        self._label = name
        self._make_worker = make_worker
        self._spare: Trains | None = None
        self._is_starting = False
        self.train_screen = TrainScreen(config, preset)

    def on_mount(self) -> None:
        """Show the first screen; load PyTorch elsewhere; offer what is live."""
        self.push_screen(self.train_screen)
        self.set_interval(_HANG_UP_SECONDS, self._end_if_hung_up)
        self.call_after_refresh(self._warm_up)
        self.call_after_refresh(self._offer_live_run)

    def on_unmount(self) -> None:
        """Let the worker go that got no order."""
        if self._spare:
            self._spare.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are letters while a word is typed, and a dialog is answered first."""
        if action in _LETTERS and is_typing(self.screen):
            return False
        view = self.train_screen.view if self.train_screen.is_mounted else None
        match action:
            case "runs" | "help":
                return not isinstance(self.screen, Question)
            case "begin":
                return (
                    None if not view or view.is_training or not self.train_screen.config else True
                )
            case "pause_shown" | "stop_shown":
                return True if view and view.is_training else None
            case "inspect_shown":
                return True if view and view.shown_run and not view.is_training else None
            case _:
                return True

    def action_help(self) -> None:
        """The keys of this screen, or no longer."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def action_quit_now(self) -> None:
        """Quit, whatever is being typed or asked."""
        self.action_leave()

    def action_leave(self) -> None:
        """Quit; ask first where a run is live."""
        if isinstance(self.screen, Question) or not self.train_screen.view.is_training:
            self.exit(0)
            return
        answers = {"leave": "Leave it running", "stop": "Stop it", "cancel": "Cancel"}
        words = "The run goes on without this app; start it again to watch, here or elsewhere."
        self.push_screen(Question("A run is live", words, answers), self._quit)

    def _quit(self, answer: str | None) -> None:
        if answer == "stop":
            self.action_stop_shown()
        if answer in {"leave", "stop"}:
            self.exit(0)

    def action_begin(self) -> None:
        """Begin a run with the form's settings."""
        config = self.train_screen.config
        if config:
            self.train_screen.show_run_tab()
            order = {"command": "begin", "config": config.model_dump(), "name": self._label}
            self._order({**order, "runs_dir": str(self._runs_dir), "data_dir": self._data_folder})

    def action_stop_shown(self) -> None:
        """Ask the run on the screen to stop in good order."""
        if self._give_order("stop"):
            self.notify("Asked to stop: it finishes the step and saves a checkpoint.")

    def action_pause_shown(self) -> None:
        """Ask the run on the screen to wait, or to go on."""
        self._give_order("go_on" if self.train_screen.view.history.is_paused else "pause")

    def action_inspect_shown(self) -> None:
        """Look into the network of the run on the screen."""
        if self.train_screen.view.shown_run:
            self._inspect(self.train_screen.view.shown_run)

    def _inspect(self, run: Run) -> None:
        try:
            screen = InspectScreen(run, paths.data_dir(self._data_dir).absolute())
        except BilstmError as error:
            self.push_screen(failure(error))
        else:
            self.push_screen(screen)

    def _give_order(self, command: Command) -> bool:
        """Order the run on the screen; whether there was one to take it."""
        view = self.train_screen.view
        run = view.shown_run
        if run is None or not view.is_training:
            return False
        try:
            give_order(run.commands_file, command)
        except BilstmError as error:
            self.push_screen(failure(error))
            return False
        return True

    def action_runs(self) -> None:
        """All runs, or back from them."""
        if isinstance(self.screen, RunsScreen):
            self.screen.dismiss(None)
        else:
            self.push_screen(RunsScreen(self._runs_dir), self._carry_out)

    @property
    def _data_folder(self) -> str | None:
        return str(self._data_dir.expanduser().absolute()) if self._data_dir else None

    async def _carry_out(self, answer: tuple[str, Run] | None) -> None:
        match answer:
            case ("open", run):
                await self.train_screen.watch_run(run)
            case ("resume", run):
                order = {"command": "resume", "run": str(run.path), "changes": {}}
                self._order({**order, "data_dir": self._data_folder})
            case ("inspect", run):
                self._inspect(run)
            case ("copy", run):
                try:
                    self.train_screen.query_one(Form).show(run.config)
                except BilstmError as error:
                    self.push_screen(failure(error))
            case _:
                pass

    @work
    async def _order(self, order: dict[str, Any]) -> None:
        """Have a worker begin or resume a run, and show it."""
        if self._is_starting:
            return
        self._is_starting = True
        try:
            worker, self._spare = self._spare or self._make_worker(), None
            run = await asyncio.to_thread(worker.order, order)
            await self.train_screen.watch_run(run)
        except BilstmError as error:
            self.push_screen(failure(error))
            self._warm_up()
        finally:
            self._is_starting = False

    @on(RunView.Ended)
    def _after_run(self, event: RunView.Ended) -> None:
        self.train_screen.refresh_bindings()
        self._warm_up()
        match event.ending:
            case events.Failed() as failed:
                self.push_screen(failure(relayed(failed)))
            case None:
                self.push_screen(failure(lost(event.run)))
            case _:
                pass

    def _warm_up(self) -> None:
        self._spare = self._spare or self._make_worker()

    async def _offer_live_run(self) -> None:
        try:
            live = await asyncio.to_thread(_live_runs, self._runs_dir)
        except BilstmError:
            return
        if not live or self._is_starting or self.train_screen.view.shown_run:
            return

        async def watch(answer: str | None) -> None:
            if answer == "watch":
                await self.train_screen.watch_run(live[-1])

        answers = {"watch": "Watch it", "no": "Not now"}
        names = "\n".join(run.name for run in live[-5:])
        self.push_screen(Question("Being trained now", names, answers), watch)

    def _end_if_hung_up(self) -> None:
        """A terminal that is gone ends the app, also where the signal is ignored."""
        if self.is_headless or not sys.__stdin__:
            return
        poll = select.poll()
        poll.register(sys.__stdin__.fileno(), select.POLLHUP)
        if any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll(0)):
            if self._spare:
                self._spare.dismiss()
            os._exit(129)


def _live_runs(runs_dir: Path) -> list[Run]:
    return [run for run in list_runs(runs_dir) if run.is_live]

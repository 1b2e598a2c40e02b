"""The keys that change a sweep or a trial of it: pause, stop, add, train, copy, resume."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from bilstm_core.errors import BilstmError
from bilstm_core.runs.orders import send_order
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.sweeps.choices import MOST_TRIALS

from ..widgets.sweep.reading import Seen, SweepReader
from .base import BaseScreen
from .dialogs import Question, ask, error_dialog
from .prompts import ask_epochs, trials_prompt
from .runs import Choice

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Row
    from bilstm_core.sweeps.study import Study

_WHERE = ("device", "threads", "lanes")
"""Settings that a trial has from the process that trains it."""


class SweepKeysScreen(BaseScreen[Choice | None]):
    """A screen that shows a sweep, and has keys for it.

    Args:
        folder: The folder of the sweep; None if there is no sweep.
        data_dir: Folder of the data sets, for processes that are started here.

    Attributes:
        reader: Reads the sweep; None if there is none.
        seen: The sweep as it was last read.
    """

    def __init__(self, folder: Path | None, data_dir: Path | None) -> None:
        super().__init__()
        self.runs_dir = folder and folder.parent.parent
        self.reader = SweepReader(folder) if folder else None
        self.seen: Seen | None = None
        self._data_dir = data_dir

    @property
    @abstractmethod
    def selected(self) -> "Row | None":
        """The trial under the cursor."""

    @abstractmethod
    def run_of(self, row: "Row") -> Run | None:
        """The run of a trial; says so where there is none."""

    @abstractmethod
    def update_soon(self) -> None:
        """Read the sweep again, and show what has changed."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what is not possible now."""
        seen = self.seen
        match action:
            case "pause" | "add" | "train" | "stop" if not seen:
                return None
            case "copy" | "resume" if not self.selected:
                return None
            case "open_best" if not (seen and seen.board.best):
                return None
            case _:
                return True

    async def _change(self, change: "Callable[[Study], None]") -> bool:
        """Change the sweep beside the keys; returns whether that was possible."""
        if not self.reader:
            return False
        try:
            await asyncio.to_thread(self.reader.change, change)
        except BilstmError as error:
            self.app.push_screen(error_dialog(error))
            return False
        self.update_soon()
        return True

    @work(exclusive=True, group="pause")
    async def action_pause(self) -> None:
        """Pause the sweep everywhere, or continue it."""
        if not self.seen:
            return
        is_paused = not self.seen.board.is_paused
        if is_paused and self.seen.board.is_over:
            self.notify("All trials have ended: there is nothing to pause.", timeout=4)
            return

        def pause(study: "Study") -> None:
            from bilstm_core.sweeps.orders import set_paused

            set_paused(study, is_paused)

        if await self._change(pause):
            name = self.seen.name
            self.notify(f"{name} is paused on all machines." if is_paused else f"{name} continues.")

    def action_stop(self) -> None:
        """Stop the trial under the cursor, or the whole sweep, after a confirmation."""
        row, seen = self.selected, self.seen
        if not seen:
            return
        if not seen.board.count("training"):
            self.notify("No trial is being trained.", timeout=4)
            return
        answers = {"": "Cancel", "sweep": "Stop the sweep"}
        message = "The sweep stops on all machines; its trials can be resumed exactly there."
        title = "Stop the sweep?"
        if row and row.state == "training":
            title = f"Stop trial {row.number}?"
            message = (
                "The trial ends with what it has reached, and the next one starts. Or the sweep "
                "stops on all machines; its trials can then be resumed exactly there."
            )
            answers = {"": "Cancel", "trial": "Stop the trial", "sweep": "Stop the sweep"}

        def use(answer: str) -> None:
            if answer == "trial" and row:
                self._stop_trial(row)
            else:
                self._stop_sweep(seen.name)

        ask(self.app, Question(title, message, answers), use)

    @work
    async def _stop_sweep(self, name: str) -> None:
        if await self._change(_stop_helpers):
            self.notify(f"{name} stops; t trains it again.")

    def _stop_trial(self, row: "Row") -> None:
        run = self.run_of(row)
        if not run or not run.is_live:
            return
        try:
            send_order(run.commands_file, "stop_at_once")
        except BilstmError as error:
            self.app.push_screen(error_dialog(error))

    def action_add(self) -> None:
        """Add trials; where no process trains the sweep, suggest to start one."""
        seen = self.seen
        if not seen:
            return
        wanted = seen.board.wanted
        most = (MOST_TRIALS if seen.combinations is None else seen.combinations) - wanted
        if most <= 0:
            self.notify("All combinations have been tried.", timeout=4)
        else:
            prompt = trials_prompt(seen.name, wanted, most)
            ask(self.app, prompt, lambda typed: self._add(int(typed)))

    @work
    async def _add(self, more: int) -> None:
        is_done = await self._change(lambda study: study.want_trials(study.trials_wanted + more))
        if is_done and self.seen and not self.seen.board.count("training"):
            self._suggest_training()

    def _suggest_training(self) -> None:
        """Suggest to start a process that trains trials."""
        answers = {"start": "Train here", "": "Not now"}
        message = (
            "Start a process on this machine that trains them in the background? It continues "
            "without this terminal."
        )
        question = Question("No trial is being trained", message, answers)
        ask(self.app, question, lambda _: self._start_helper())

    def action_train(self) -> None:
        """Train trials on this machine, in the background."""
        seen = self.seen
        if not seen:
            return
        if seen.board.is_over:
            self.notify("All trials have ended: a adds more.", timeout=4)
            return
        if seen.board.is_paused:
            self.notify("The sweep is paused: p continues it.", timeout=4)
            return
        if training := seen.board.count("training"):
            answers = {"start": "Train here, too", "": "Cancel"}
            message = f"Trials that are trained at the moment, on all machines: {training}."
            question = Question("Train here, too?", message, answers)
            ask(self.app, question, lambda _: self._start_helper())
        else:
            self._start_helper()

    @work(exclusive=True, group="train")
    async def _start_helper(self) -> None:
        data_dir = self._data_dir

        def start(study: "Study") -> None:
            from bilstm_core.sweeps.helper import start_in_background

            start_in_background(study, "auto", 0, data_dir)

        if await self._change(start):
            self.notify("A process trains trials here, in the background; the first starts soon.")

    @work(exclusive=True, group="copy")
    async def action_copy(self) -> None:
        """Copy the settings of the trial; where it was trained is as in the sweep's settings."""
        row, seen = self.selected, self.seen
        if row and seen and (run := self.run_of(row)):
            base = seen.plan.base
            changes = {name: getattr(base, name) for name in _WHERE}
            self.dismiss(Choice("copy", run, changes))

    def action_resume(self) -> None:
        """Resume the run of the trial; a finished one for more epochs."""
        row = self.selected
        if not row or not (run := self.run_of(row)):
            return
        if run.is_live:
            self.notify(f"{run.name} is being trained: stop it first.", timeout=4)
            return
        overview = read_overview(run)
        if overview.problem:
            self.notify(overview.problem, timeout=4)
        else:
            ask_epochs(self.app, overview, lambda it: self.dismiss(Choice("resume", run, it)))


def _stop_helpers(study: "Study") -> None:
    from bilstm_core.sweeps import orders

    orders.stop(study)

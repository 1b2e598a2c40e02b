"""The keys that act on the run that is shown: pause, stop, change, resume, inspect, copy."""

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.message import Message

from bilstm_core.config.resolve import problem_with
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS
from bilstm_core.errors import BilstmError
from bilstm_core.files import is_missing
from bilstm_core.runs.orders import Command, send_order
from bilstm_core.runs.run import Run

from ...text.command_line import command_for
from ..clipboard import copy
from .base import BaseScreen, ExportRequested, InspectRequested
from .dialogs import Prompt, Question, ask, error_dialog

if TYPE_CHECKING:
    from ..widgets.run_view import RunView

_ORDER_SECONDS = 1.0  # within which a run obeys an order

RUN_KEYS = (
    ("p", "pause", "Pause", "Pause or resume the run"),
    ("s", "stop", "Stop", "Stop the run, with or without evaluation"),
    ("l", "learning_rate", "Rate", "Change the learning rate of the run"),
    ("i", "inspect", "Inspect", "Inspect the network of the run"),
    ("C", "compare", "Compare", "Compare the run with the marked runs, or the run before it"),
    ("e", "resume", "Resume", "Resume the run, or train a finished one for longer"),
    ("x", "export", "Export", "Export the run's network or curves"),
    ("c", "copy_command", "Copy", "Copy the command that trains the same without the app"),
)
"""Key, action, label and tooltip."""


class RunKeysScreen(BaseScreen[None]):
    """A screen that shows a run, and has keys for it.

    Args:
        redraws_per_second: The maximum redraw rate of the run.
    """

    @dataclass
    class ResumeRequested(Message):
        """The user wants to resume a run, with some settings changed."""

        run: Run
        changes: dict[str, Any]

    @dataclass
    class CompareRequested(Message):
        """The user wants to compare the run that is shown with others."""

        run: Run

    def __init__(self, redraws_per_second: float) -> None:
        super().__init__()
        self._redraws_per_second = redraws_per_second
        self._view: RunView | None = None
        self._is_pause_ordered = False
        self._ordered_at = 0.0

    @property
    def view(self) -> "RunView":
        """The view of the run; made after the first paint, because its charts need NumPy."""
        if self._view is None:
            from ..widgets.run_view import RunView

            self._view = RunView(self._redraws_per_second)
        return self._view

    @property
    def shown_run(self) -> Run | None:
        """The run that is shown, if there is one."""
        return self._view.shown_run if self._view else None

    def why_not(self, action: str) -> str:
        """Why an action on the run is not possible now; empty if it is."""
        run = self.shown_run
        is_training = run is not None and self.view.is_training
        match action:
            case "pause" | "stop" | "learning_rate" if not is_training:
                return "No run is being trained: press t to train."
            case "inspect" | "compare" | "resume" | "export" if not run:
                return "No run is shown: press t to train, or r to list all runs."
            case "inspect" | "compare" | "resume" | "export" if run and is_missing(run.path):
                return "The run's folder was deleted or moved."
            case "inspect" if is_training:
                return "The network can be inspected after training; s stops the run."
            case "resume" if is_training:
                return "The run is being trained; s stops it, then e resumes it."
            case _:
                return ""

    def forget_orders(self) -> None:
        """Forget the orders to the run that was shown before."""
        self._ordered_at = 0.0

    def action_pause(self) -> None:
        """Order the run to pause or to resume; the latest order counts until it is obeyed."""
        run, history = self.shown_run, self.view.history
        if run is None:
            return
        is_obeyed = history.last_time > self._ordered_at + _ORDER_SECONDS
        is_paused = history.is_paused if is_obeyed else self._is_pause_ordered
        self._is_pause_ordered, self._ordered_at = not is_paused, time.time()
        self.order(run, "resume" if is_paused else "pause")

    def action_stop(self) -> None:
        """Stop the run after a confirmation."""
        run = self.shown_run  # another may be shown when the question is answered
        if run is None:
            return
        message = "It finishes the step and saves a checkpoint; it can be resumed exactly there."
        answers = {"stop": "Stop, check accuracy", "stop_at_once": "Stop now", "": "Cancel"}
        question = Question("Stop the run?", message, answers)
        ask(self.app, question, lambda answer: self.order(run, cast(Command, answer)))

    def action_learning_rate(self) -> None:
        """Change the learning rate of the run."""
        run, history = self.shown_run, self.view.history
        if run is None or not history.started:
            return
        # a newer version may have more settings
        known = {name: value for name, value in history.started.config.items() if name in SETTINGS}
        config = RunConfig.model_validate(known)
        changes = history.learning_rate_changes
        value = f"{changes[-1].learning_rate if changes else config.learning_rate:g}"
        message = "From the next step on"
        if config.schedule != "constant":
            message += f"; the {config.schedule} schedule continues, with this as its peak"
        prompt = Prompt(
            "Learning rate",
            f"{message}.",
            value,
            lambda typed: problem_with(config, {"learning_rate": typed}),
        )

        def change(typed: str) -> None:
            if typed != value:
                self.order(run, "change_learning_rate", learning_rate=float(typed))

        ask(self.app, prompt, change)

    def action_resume(self) -> None:
        """Resume the run; a finished one for more epochs."""
        from bilstm_core.runs.overview import read_overview  # not needed for the first paint

        from .prompts import ask_epochs

        if run := self.shown_run:
            # not in a thread: that would be too late for a number that is typed right after the key
            resume = partial(self._request_resume, run)
            ask_epochs(self.app, read_overview(run), resume)

    def _request_resume(self, run: Run, changes: dict[str, Any]) -> None:
        self.post_message(self.ResumeRequested(run, changes))

    def action_inspect(self) -> None:
        """Inspect the network of the run."""
        if self.shown_run:
            self.post_message(InspectRequested(self.shown_run))

    def action_compare(self) -> None:
        """Compare the run with the marked ones, or with the run before it."""
        if self.shown_run:
            self.post_message(self.CompareRequested(self.shown_run))

    def action_export(self) -> None:
        """Export the run's network or curves."""
        if self.shown_run:
            self.post_message(ExportRequested(self.shown_run))

    def copy_command(self, config: RunConfig, preset: str) -> None:
        """Copy the command that trains a configuration, and say where else it is."""
        copy(self.app, command_for(config, preset))

    def copy_command_of(self, run: Run) -> None:
        """Copy the command that trains the configuration of a run."""
        try:
            self.copy_command(run.config, "default")
        except BilstmError as error:
            self.app.push_screen(error_dialog(error))

    def order(self, run: Run, command: Command, learning_rate: float | None = None) -> None:
        """Send an order to a run, or say that it has ended."""
        is_live = self.view.is_training if run == self.shown_run else run.is_live
        if not is_live:
            self.notify(f"{run.name} has ended: nothing was changed.", timeout=4)
            return
        try:
            send_order(run.commands_file, command, learning_rate)
        except BilstmError as error:
            self.app.push_screen(error_dialog(error))

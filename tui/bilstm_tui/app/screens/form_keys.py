"""The keys that act on the form's settings: train, find a learning rate, copy, go to a setting."""

from dataclasses import dataclass
from typing import Literal

from textual import on
from textual.events import Key, ScreenSuspend
from textual.message import Message
from textual.widgets import TabbedContent

from bilstm_core.config.schema import RunConfig

from ..widgets.form import Form
from ..widgets.problem_line import ProblemLine
from .dialogs import ask
from .run_keys import RunKeysScreen

Start = Literal["train", "find_learning_rate", ""]
"""What is started with the form's settings; empty for nothing."""


class FormKeysScreen(RunKeysScreen):
    """A screen with the form, and keys for what it says.

    Attributes:
        config: What the form says; None if it is wrong, or its data are not known yet.
        preset: On which the form is based.
    """

    @dataclass
    class StartRequested(Message):
        """The user wants to train with the form's settings."""

        config: RunConfig

    @dataclass
    class LearningRateRequested(Message):
        """The user wants to find a learning rate for the form's settings."""

        config: RunConfig

    def __init__(self, config: RunConfig, preset: str, redraws_per_second: float) -> None:
        super().__init__(redraws_per_second)
        self.config: RunConfig | None = None if config.is_own_data else config
        self.preset = preset
        self._is_reading = config.is_own_data
        self._problem = ""
        self._start_after_reading: Start = ""

    def note_form(self, config: RunConfig | None, problem: str, *, is_reading: bool) -> None:
        """Note what the form says, and start what was asked for while its data were read."""
        self.config, self._problem, self._is_reading = config, problem, is_reading
        self._show_problem()
        if not is_reading:
            self._start_now()

    def why_not(self, action: str) -> str:
        """Why an action is not possible now; empty if it is."""
        match action:
            case "train" | "find_learning_rate" if self.shown_run and self.view.is_training:
                return "A run is being trained: stop it first, with s."
            case "train" | "find_learning_rate" if not (self.config or self._is_reading):
                return self._problem
            case "copy_command" if not (self.config or self.shown_run):
                return self._problem
            case _:
                return super().why_not(action)

    def on_key(self, event: Key) -> None:
        """Show why a greyed-out key is disabled."""
        active = self.active_bindings.get(event.key)
        if active and not active.enabled and active.node is self:
            self._say_why_not(active.binding.action.removeprefix("screen."))

    def _say_why_not(self, action: str) -> None:
        self.app.clear_notifications()
        why = self.why_not(action)
        if why == self._problem:  # a message in the corner would cover it
            self.query_one(ProblemLine).point_out()
        else:
            self.notify(why, timeout=4)

    @on(Form.Explained)
    def _show_problem(self) -> None:
        """Say what is wrong: in full, unless the form's hint does."""
        form = self.query_one(Form)
        words = form.problem_in_brief if form.explains_problem else self._problem
        if self._start_after_reading:
            words += "  It starts then; Esc cancels."
        line = self.query_one(ProblemLine)
        line.show(words, is_wrong=not self._is_reading)
        if self._start_after_reading:
            line.point_out()

    def action_train(self) -> None:
        """Train with the form's settings."""
        if self.config:
            self.query_one(TabbedContent).active = "run"
            self.view.show_message("Starting …")
            self.post_message(self.StartRequested(self.config))
        else:
            self._start_later("train")

    def action_find_learning_rate(self) -> None:
        """Try learning rates with the form's settings."""
        if self.config:
            self.post_message(self.LearningRateRequested(self.config))
        else:
            self._start_later("find_learning_rate")

    def _start_later(self, action: Start) -> None:
        """Start something when the data have been read; say so, or what is wrong with them."""
        if self._is_reading:
            self._set_start(action)
        else:
            self.query_one(ProblemLine).point_out()

    def _start_now(self) -> None:
        action, self._start_after_reading = self._start_after_reading, ""
        if action and self.why_not(action):
            self._say_why_not(action)
        elif action == "train":
            self.action_train()
        elif action:
            self.action_find_learning_rate()

    def action_cancel_start(self) -> None:
        """Start nothing when the data have been read."""
        self._set_start("")

    def _set_start(self, action: Start) -> None:
        self._start_after_reading = action
        self._show_problem()
        self.refresh_bindings()

    @on(ScreenSuspend)
    def _cancel_if_left(self) -> None:
        if self._start_after_reading:
            self.action_cancel_start()
            self.notify("Nothing is started: the form was left while its data were being read.")

    def action_copy_command(self) -> None:
        """Copy the command of the run, or of the form where its network or data are shown."""
        run = self.shown_run if self.query_one(TabbedContent).active == "run" else None
        if run:
            self.copy_command_of(run)
        elif self.config:
            self.copy_command(self.config, self.preset)

    def action_jump(self) -> None:
        """Ask for a setting by its name, and go to it."""
        from .setting_prompt import SettingPrompt  # not needed for the first paint

        ask(self.app, SettingPrompt(), self._jump_to)

    async def _jump_to(self, name: str) -> None:
        await self._uncovered_form().go_to(name)

    def show_form(self) -> None:
        """Go to the form."""
        self._uncovered_form().focus_last()

    def _uncovered_form(self) -> Form:
        """The form, on the tab of the network where it is hidden beside the others."""
        form = self.query_one(Form)
        if not form.display:
            self.query_one(TabbedContent).active = "network"
        return form

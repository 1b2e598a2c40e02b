"""Asks for the path of a file or folder of data."""

import asyncio
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bilstm_core.errors import BilstmError

from ..path_completion import chosen_path, completed, completions, existing
from .dialogs import Answer, TextDialog, in_lines


class PathPrompt(TextDialog):
    """Lets the user type a path or choose one; its result is the absolute path.

    Args:
        recent: Paths that were chosen before, newest first; listed until something is typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "screen.complete", "Complete", priority=True),
        Binding("up", "screen.move(-1)", "Choose", priority=True),
        Binding("down", "screen.move(1)", "Choose", priority=True),
    ]

    def __init__(self, recent: list[str]) -> None:
        super().__init__("Data of your own", "A file of sequences, or a folder per class.")
        self._recent = recent
        self._suggested: list[str] = []

    def compose_body(self) -> ComposeResult:
        """Compose the text field, and below it what is wrong and the list."""
        yield Answer(placeholder="path of a file or folder")
        matches = OptionList(id="matches", compact=True)
        matches.can_focus = False  # the arrow keys move in it while the field has the focus
        with Vertical(id="below"):  # of one height: the list makes room for what is wrong
            yield Static(id="prompt-problem")
            yield matches

    def on_mount(self) -> None:
        """List the recent paths."""
        self._suggest("")

    @on(Input.Changed)
    def _follow(self, event: Input.Changed) -> None:
        self._show_problem("")
        self.query_one(OptionList).highlighted = None  # what was chosen does not fit any more
        self._suggest(event.value)

    @work(exclusive=True, group="suggestions")
    async def _suggest(self, typed: str) -> None:
        """List what the text may become; a folder on a network may take long."""
        recent = [] if typed else await asyncio.to_thread(existing, self._recent)
        self._suggested = recent or await asyncio.to_thread(completions, typed)
        start = 0 if recent else typed.rfind("/") + 1
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(Text(path[start:])) for path in self._suggested)

    def action_complete(self) -> None:
        """Complete what is typed as far as it is unambiguous."""
        field = self.query_one(Input)
        if field.value:
            self._type(completed(field.value, self._suggested))

    def action_move(self, by: int) -> None:
        """Move in the list; above its first line, nothing in it is chosen."""
        options = self.query_one(OptionList)
        last = options.option_count - 1
        position = min(last, (-1 if options.highlighted is None else options.highlighted) + by)
        options.highlighted = position if position >= 0 else None

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is None:
            self._accept(event.value)
        else:
            self._choose(highlighted)

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def _choose(self, position: int) -> None:
        """Open a folder, or accept a file."""
        path = self._suggested[position]
        if path.endswith("/"):
            self._type(path)
        else:
            self._accept(path)

    def _type(self, text: str) -> None:
        field = self.query_one(Input)
        field.value = text
        field.cursor_position = len(text)

    @work(exclusive=True, group="accept")
    async def _accept(self, typed: str) -> None:
        if not typed.strip():
            self._show_problem("Type the path of a file or folder.")
            return
        try:
            path = await asyncio.to_thread(chosen_path, typed)
        except BilstmError as error:
            self._show_problem(in_lines(error))
            return
        self.dismiss(path)

    def _show_problem(self, problem: str) -> None:
        shown = self.query_one("#prompt-problem", Static)
        shown.update(Text(problem))
        shown.display = bool(problem)

"""All runs: a table that filters as you type, beside or above what is in them."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.message import Message
from textual.widgets import DataTable, Input, Label, Static

from bilstm_core.cleaning import one_line
from bilstm_core.errors import BilstmError
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.history import History
from bilstm_core.runs.notes import read_notes, rename_run, write_notes
from bilstm_core.runs.overview import Overview, read_overviews
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import remove_run

from ..widgets.key_footer import KeyFooter
from ..widgets.marks import Marks
from ..widgets.run_details import RunDetails
from .base import BaseScreen, ExportRequested, InspectRequested, TrainRequested
from .dialogs import Question, ask, error_dialog
from .prompts import ask_epochs, label_prompt, note_prompt
from .run_rows import NO_RUNS, SORT_KEYS, Filter, RunsTable, row_of, searchable_text, sort_runs

_POLL_SECONDS = 2.0
_SCROLLBAR = 1  # columns
_OTHER_LINES = 2  # of the screen: the filter and the keys
_LEAST_LINES = 3  # of the table
_BESIDE_WIDTH = 160  # columns from which on many runs are beside what is in them
_WITH_PRIORITY = {"filter", "resume", "note", "rename"}
_OF_RUNS = _WITH_PRIORITY | {"mark", "next_order", "inspect", "export", "copy", "pin", "delete"}


@dataclass(frozen=True)
class Choice:
    """What to do with a run; `changes` are settings to resume it with, or to copy besides."""

    action: Literal["open", "resume", "copy"]
    run: Run
    changes: dict[str, Any] = field(default_factory=dict)


class RunsScreen(BaseScreen[Choice | None]):
    """All runs; the one named `initial_run` is selected first. Its result is a `Choice`.

    The marked runs are kept in `marks`.
    """

    @dataclass
    class Renamed(Message):
        """Posted when a run was renamed."""

        before: Run
        after: Run

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "train", "Train", tooltip="Train with the form's settings"),
        Binding("space", "mark", "Mark", tooltip="Mark it; marked runs are compared"),
        Binding("v", "other_chart", "View", tooltip="The other chart: losses or accuracies"),
        # those with priority open a text field, into which go letters that are typed right after
        Binding("slash", "screen.filter", "Filter", priority=True, tooltip="Filter the rows"),
        Binding("o", "next_order", "Sort", tooltip="Sort by the next column"),
        Binding("i", "inspect", "Inspect", tooltip="Inspect its network"),
        Binding("x", "export", "Export", tooltip="Export its network or its curves"),
        Binding(
            "e",
            "screen.resume",
            "Resume",
            priority=True,
            tooltip="Resume it; a finished one: longer",
        ),
        Binding("c", "copy", "Copy", tooltip="Copy its settings into the form"),
        Binding("p", "pin", "Pin", tooltip="Pin it to the top, or unpin it"),
        Binding("n", "screen.note", "Note", priority=True, tooltip="Edit its note"),
        Binding("R", "screen.rename", "Rename", priority=True, tooltip="Rename it"),
        Binding("d", "delete", "Delete", tooltip="Delete it, or all marked runs"),
        Binding("escape", "back", "Back", tooltip="Back, one step at a time"),
    ]

    AUTO_FOCUS = "DataTable"

    def __init__(
        self,
        runs_dir: Path,
        initial_run: str = "",
        redraws_per_second: float = 1 / _POLL_SECONDS,
        marks: Marks | None = None,
    ) -> None:
        super().__init__()
        self._poll_interval = max(_POLL_SECONDS, 1 / redraws_per_second)
        self._initial_run = initial_run
        self._renamed: dict[str, str] = {}  # new names by old ones
        self._runs_dir = runs_dir
        self._overviews: dict[str, Overview] = {}
        self._details = RunDetails(marks)
        self._room = 80
        self._update_lock = asyncio.Lock()
        self._order = "run"
        self._is_reversed = self._is_none = False
        self._why_none = "The runs are still being read."

    def compose(self) -> ComposeResult:
        """Compose the filter, the table, what is in the runs, and the footer."""
        with Horizontal(id="filter-line"):
            yield Filter(placeholder="/ to filter", compact=True, id="filter")
            yield Label(id="order")
        with Container(id="runs-body"):
            with Vertical(id="runs-list", classes="-empty"):
                yield RunsTable(cursor_type="row", zebra_stripes=True, cell_padding=0)
                yield Static("Reading the runs …", id="empty", markup=False)
            yield self._details
        yield KeyFooter()

    def on_mount(self) -> None:
        """Fill the table, and update it regularly."""
        self._table = self.query_one(RunsTable)
        self.set_interval(self._poll_interval, self._update_in_background)
        self._update_in_background()

    def on_resize(self) -> None:
        """Fit the columns into another width."""
        self._arrange()
        if self._overviews:
            self._fill_table()

    def _arrange(self) -> None:
        """Put the table beside or above what is in the runs."""
        width, height = self.app.size
        body, lines = height - _OTHER_LINES, len(self._overviews) + 1
        is_beside = width >= _BESIDE_WIDTH and lines > body // 2
        self.set_class(is_beside, "-beside")
        details = width * 2 // 5 if is_beside else width
        self._room = (width - details if is_beside else width) - _SCROLLBAR
        below = max(body - max(lines, _LEAST_LINES) - 1, body // 2)
        self._details.take_place(details, body if is_beside else below)

    def _update_in_background(self) -> None:
        """Update the table while keys are handled: many runs take a while to read."""
        if not self._update_lock.locked():
            self.run_worker(self._update())

    async def _update(self, changed: str = "") -> None:
        """Read the runs that may have changed, and `changed` in any case; show what is new."""
        async with self._update_lock:  # an earlier update would overwrite newer overviews
            known = {name: it for name, it in self._overviews.items() if name != changed}
            marked = self._details.marked
            try:
                overviews = await asyncio.to_thread(read_overviews, self._runs_dir, known)
            except BilstmError as error:
                self._why_none = error.message
                self.query_one("#empty", Static).update(error.message)
                return
            if deleted := {*marked} - {*overviews} - {*self._renamed}:
                await self._details.forget(*deleted)
            has_changed = overviews != self._overviews
            self._overviews = overviews
            self._arrange()
        if has_changed or changed or not overviews:  # to fill the table takes time and scrolls it
            self._fill_table()
        await self._details.update(overviews)

    @on(Input.Changed, "#filter")
    def _fill_table(self) -> None:
        words = self.query_one("#filter", Input).value.lower()
        shown = [it for it in self._overviews.values() if words in searchable_text(it)]
        shown = sort_runs(shown, self._order, is_reversed=self._is_reversed)
        marker = self._details.marker
        rows = [(it.run.name, row_of(it, marker(it.run.name))) for it in shown]
        name, *others = self._table.names() or [self._initial_run]
        self._table.fill(rows, self._room)
        # the cursor stays at its run, or where that is gone, at the nearest one
        others = [] if name in self._overviews else [self._renamed.get(name, ""), *others]
        self._table.go_to(name, *others)
        self._look_at_selected()
        self._is_none = not self._overviews
        none = NO_RUNS if self._is_none else f"No run contains '{one_line(words)}'."
        self._why_none = "No run here yet." if self._is_none else none
        self.query_one("#empty", Static).update(none)
        self.query_one("#runs-list").set_class(not shown, "-empty")
        self.refresh_bindings()  # most are those of a run
        arrow = "↑" if self._is_reversed else "↓"
        self.query_one("#order", Label).update(
            f"{len(shown)} of {len(self._overviews)}, by {self._order} {arrow}"
        )

    @property
    def _selected(self) -> Overview | None:
        """The run under the cursor."""
        return self._overviews.get(self._table.selected)

    def _run_for_key(self) -> Overview | None:
        """The run under the cursor, for a key that needs one: says why there is none."""
        if not (selected := self._selected):
            self.notify(self._why_none, timeout=4)
        return selected

    @on(DataTable.RowHighlighted)
    def _look_at_selected(self) -> None:
        self._details.look_at(self._selected)

    @on(Input.Submitted, "#filter")
    def _focus_table(self) -> None:
        self._table.focus()

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        """Show the selected run."""
        if overview := self._run_for_key():
            self.dismiss(Choice("open", overview.run))

    @on(DataTable.HeaderSelected)
    def _sort_by_header(self, event: DataTable.HeaderSelected) -> None:
        column = event.column_key.value
        if column in SORT_KEYS:
            self._is_reversed = column == self._order and not self._is_reversed
            self._order = column
            self._fill_table()

    def action_next_order(self) -> None:
        """Sort by the next column."""
        columns = [*SORT_KEYS]
        self._order = columns[(columns.index(self._order) + 1) % len(columns)]
        self._is_reversed = False
        self._fill_table()

    @work(exclusive=True, group="copy")
    async def action_copy(self) -> None:
        """Copy the settings of the selected run, and the learning rate that was set by hand."""
        if not (overview := self._run_for_key()):
            return
        run = overview.run
        history = (await asyncio.to_thread(Follower, run, History())).state
        rates = [change.learning_rate for change in history.learning_rate_changes]
        self.dismiss(Choice("copy", run, {"learning_rate": rates[-1]} if rates else {}))

    def action_inspect(self) -> None:
        """Inspect the network of the selected run."""
        if (overview := self._run_for_key()) and self._is_none_live(overview.run):
            self.post_message(InspectRequested(overview.run))

    def action_export(self) -> None:
        """Export the selected run."""
        if overview := self._run_for_key():
            self.post_message(ExportRequested(overview.run))

    def _is_none_live(self, *runs: Run) -> bool:
        """Whether no run is being trained; shows a message if one is."""
        live = [run.name for run in runs if run.is_live]
        if live:
            self.notify(f"{live[0]} is being trained: stop it first.", timeout=4)
        return not live

    def why_nothing(self, letter: str) -> str:
        """Where there is no run, say that of the keys that need one."""
        is_key = letter in self._bindings.key_to_bindings
        return self._why_none if is_key and not self._selected else super().why_nothing(letter)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys with priority in the filter, where they are characters."""
        if action == "other_chart":
            is_there = self.is_mounted and self._details.has_other_chart
            return is_there and not isinstance(self.focused, Input)
        if action == "train":
            return self._is_none
        if action in _OF_RUNS and self._is_none:
            return False
        return action not in _WITH_PRIORITY or not isinstance(self.focused, Input)

    def action_other_chart(self) -> None:
        """Show the accuracies where the losses are, or the losses again."""
        self._details.show_other_chart()

    def action_train(self) -> None:
        """Train with the form's settings."""
        self.post_message(TrainRequested())

    def action_filter(self) -> None:
        """Focus the filter."""
        self.set_focus(self.query_one("#filter"))

    def action_back(self) -> None:
        """Leave the filter, or clear it, or close the screen."""
        text_filter = self.query_one("#filter", Input)
        if isinstance(self.focused, Input):
            self._table.focus()
        elif text_filter.value:
            text_filter.value = ""
        else:
            self.dismiss(None)

    def action_mark(self) -> None:
        """Add the selected run to the comparison, or remove it."""
        if overview := self._run_for_key():
            self._details.toggle(overview.run)
            self._arrange()
            self._fill_table()

    def action_resume(self) -> None:
        """Resume the selected run; a finished one for more epochs."""
        if not (overview := self._run_for_key()) or not self._is_none_live(overview.run):
            return
        run = overview.run
        if overview.problem:
            self.notify(overview.problem, timeout=4)
        else:
            ask_epochs(self.app, overview, lambda it: self.dismiss(Choice("resume", run, it)))

    def action_pin(self) -> None:
        """Pin the selected run to the top, or unpin it."""
        if overview := self._run_for_key():
            run = overview.run  # whose row may not show yet what is written
            self._write_notes(run, pinned=not read_notes(run).pinned)

    def action_note(self) -> None:
        """Edit the note on the selected run."""
        if overview := self._run_for_key():
            ask(self.app, note_prompt(overview), partial(self._use_note, overview.run))

    def _use_note(self, run: Run, note: str) -> None:
        self._write_notes(run, note=note.strip()[:500])

    def _write_notes(self, run: Run, **changes: Any) -> None:
        try:
            write_notes(run, read_notes(run).model_copy(update=changes))
        except BilstmError as error:
            self.app.push_screen(error_dialog(error))
        self.run_worker(self._update(changed=run.name))

    def action_rename(self) -> None:
        """Rename the selected run."""
        if overview := self._run_for_key():
            ask(self.app, label_prompt(overview.run), partial(self._rename, overview.run))

    @work
    async def _rename(self, run: Run, label: str) -> None:
        try:
            # beside the keys: a run of another machine is watched for seconds
            async with self._update_lock:  # an update would find it under an unknown name
                renamed = await asyncio.to_thread(rename_run, run, label)
                self._renamed[run.name] = renamed.name
                self._renamed.pop(renamed.name, None)
        except BilstmError as error:
            self.app.push_screen(error_dialog(error))
            return
        self.post_message(self.Renamed(run, renamed))
        await self._details.rename(run.name, renamed)
        await self._update()

    def action_delete(self) -> None:
        """Delete the marked runs, or the selected one, after a confirmation."""
        marked = [self._overviews[it].run for it in self._details.marked if it in self._overviews]
        runs = marked or ([it.run] if (it := self._run_for_key()) else [])
        if not runs or not self._is_none_live(*runs):
            return
        title = "Delete this run?" if len(runs) == 1 else f"Delete these {len(runs)} runs?"
        names = "\n".join(run.name for run in runs)
        answers = {"keep": "Keep", "delete": "Delete"}

        def use(answer: str) -> None:
            if answer == "delete":
                self._delete(runs)

        ask(self.app, Question(title, names, answers), use)

    @work
    async def _delete(self, runs: list[Run]) -> None:
        for run, remaining in (await asyncio.to_thread(_remove, runs)).items():
            if isinstance(remaining, BilstmError):
                self.app.push_screen(error_dialog(remaining))
                continue
            if remaining:
                kept = ", ".join(map(one_line, remaining))
                message = f"The folder of {run.name} was kept: it also contains {kept}"
                self.notify(message, severity="warning")
            await self._details.forget(run.name)
        await self._update()


def _remove(runs: list[Run]) -> dict[Run, list[str] | BilstmError]:
    """Delete runs; what else is in each one's folder, or why it was not deleted."""
    remaining: dict[Run, list[str] | BilstmError] = {}
    for run in runs:
        try:
            remaining[run] = remove_run(run)
        except BilstmError as error:
            remaining[run] = error
    return remaining

"""All runs: a table that filters as you type, and a comparison of those that are marked."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import DataTable, Input, Label, Static

from bilstm_core.config.resolve import revise
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.history import History
from bilstm_core.runs.notes import read_notes, rename_run, write_notes
from bilstm_core.runs.overview import Overview, read_overviews
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import remove_run

from ...text.console import sanitize
from ..widgets.charts.chart import COLOURS, MARKERS, Chart
from ..widgets.charts.series import loss_series
from ..widgets.key_footer import KeyFooter
from ..widgets.ordered_input import OrderedInput
from .base import BaseScreen
from .comparison import differences
from .dialogs import Question, ask, failure
from .messages import Inspect
from .prompts import epochs_prompt, label_prompt, note_prompt
from .run_rows import RunsTable, as_row, in_order, line_of

_SECONDS = 2.0
_COLUMNS = ("", "run", "begun", "status", "data", "model", "epochs", "test %", "time", " note")
_ORDERS = ("run", "test %", "status", "data", "model", "epochs", "time")
"""What the table can be sorted by."""


@dataclass(frozen=True)
class Choice:
    """What was chosen on this screen.

    Attributes:
        what: What to do.
        run: With which run.
        changes: Settings to resume it with.
    """

    what: Literal["open", "resume", "copy"]
    run: Run
    changes: dict[str, Any] = field(default_factory=dict)


class RunsScreen(BaseScreen[Choice | None]):
    """Answers with what to do and with which run.

    Args:
        runs_dir: The folder of the runs.
        chosen: The name of the run to begin at; the first one where it is empty.
        redraws_per_second: How often at most it is drawn by itself.
    """

    class Renamed(Message):
        """A run has another name.

        Attributes:
            before: The run as it was called.
            after: As it is called now.
        """

        def __init__(self, before: Run, after: Run) -> None:
            super().__init__()
            self.before = before
            self.after = after

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", tooltip="Mark the run: marked ones are compared"),
        # with priority: letters typed at once after it go into the filter already
        Binding(
            "slash",
            "screen.filter",
            "Filter",
            priority=True,
            tooltip="Type what the rows are to contain",
        ),
        Binding("o", "next_order", "Sort", tooltip="Sort by the next column"),
        Binding("i", "inspect", "Inspect", tooltip="Look into its network"),
        Binding(
            "e", "resume", "Resume", tooltip="Go on with it, for more epochs if it is finished"
        ),
        Binding("c", "choose('copy')", "Copy", tooltip="Copy its settings into the form"),
        Binding("p", "pin", "Pin", tooltip="Keep it above the others, or no longer"),
        Binding("n", "note", "Note", tooltip="Write a note on it"),
        Binding("R", "rename", "Rename", tooltip="Give it another name"),
        Binding("d", "delete", "Delete", tooltip="Delete it, or all that are marked"),
        Binding("escape", "leave", "Back", tooltip="Back, one step after another"),
    ]

    AUTO_FOCUS = "DataTable"

    def __init__(
        self, runs_dir: Path, chosen: str = "", redraws_per_second: float = 1 / _SECONDS
    ) -> None:
        super().__init__()
        self._pace = max(_SECONDS, 1 / redraws_per_second)
        self._begin_at = chosen
        self._runs_dir = runs_dir
        self._seen: dict[str, Overview] = {}
        self._marked: dict[str, Follower[History]] = {}
        self._turn = asyncio.Lock()
        self._order = _ORDERS[0]
        self._is_reversed = False

    def compose(self) -> ComposeResult:
        """Filter, table, comparison, footer."""
        with Horizontal(id="above"):
            yield OrderedInput(placeholder="/ to filter", compact=True, id="filter")
            yield Label(id="order")
        yield RunsTable(cursor_type="row", zebra_stripes=True, cell_padding=0)
        yield Static("Looking for runs …", id="nothing")
        with Horizontal(id="comparison"):
            yield Chart("training loss", id="overlay")
            with VerticalScroll():
                yield Static(id="differences")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Fill the table, and keep what is live up to date."""
        self._table: DataTable[Text] = self.query_one(DataTable)
        self.query_one("#comparison").display = False
        self.set_interval(self._pace, self._look_beside)
        self._look_beside()

    def _look_beside(self) -> None:
        """See what is new while keys are taken: of many runs it takes a while."""
        if not self._turn.locked():
            self.run_worker(self._look())

    async def _look(self, changed: str = "") -> None:
        """See what is new.

        Args:
            changed: A run that is to be looked at again although it was over.
        """
        async with self._turn:  # or what an earlier look saw would replace what is true by now
            self._seen.pop(changed, None)
            try:
                seen = await asyncio.to_thread(read_overviews, self._runs_dir, self._seen)
            except BilstmError as error:
                self.query_one("#nothing", Static).update(sanitize(error.message))
                return
            new_events = [follower.poll() for follower in self._marked.values()]
            is_new = seen != self._seen
            self._seen = seen
        if is_new or changed or not seen:  # a table filled anew costs time and jumps
            self._fill()
        if any(new_events) or (self._marked and is_new):
            self._compare()

    def _fill(self) -> None:
        words = self.query_one("#filter", Input).value.lower()
        chosen = self.chosen.name if self.chosen else self._begin_at
        shown = [o for o in self._seen.values() if words in line_of(o)]
        shown = in_order(shown, self._order, is_reversed=self._is_reversed)
        rows = [as_row(overview, self._marker(overview.run.name)) for overview in shown]
        self._table.clear(columns=True)
        for name, *column in zip(_COLUMNS, *rows, strict=True):
            # widths of its own measuring come late, and at times not at all
            width = 1 + max(len(name), *(cell.cell_len for cell in column), 0)
            self._table.add_column(name, key=name, width=width)
        for overview, row in zip(shown, rows, strict=True):
            self._table.add_row(*row, key=overview.run.name)
        if chosen in self._table.rows:
            self._table.move_cursor(row=self._table.get_row_index(chosen))
        nothing = self.query_one("#nothing", Static)
        nothing.display = not shown
        nothing.update(
            f"No run has {sanitize(words)} in its line."
            if self._seen
            else "No runs here yet: go back and press t to train."
        )
        arrow = "↑" if self._is_reversed else "↓"
        self.query_one("#order", Label).update(
            f"{len(shown)} of {len(self._seen)}, by {self._order} {arrow}"
        )

    def _marker(self, name: str) -> Text:
        """The shape and colour of a marked run's curve."""
        if name not in self._marked:
            return Text(" ")
        number = list(self._marked).index(name)
        return Text(MARKERS[number % len(MARKERS)], COLOURS[number % len(COLOURS)])

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        overview = self._overview
        return overview.run if overview else None

    @property
    def _overview(self) -> Overview | None:
        if not self._table.row_count:
            return None
        key = self._table.coordinate_to_cell_key(self._table.cursor_coordinate).row_key.value
        return self._seen.get(key or "")

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self._fill()

    @on(Input.Submitted, "#filter")
    def _to_table(self) -> None:
        self._table.focus()

    @on(DataTable.RowSelected)
    def _open(self) -> None:
        """Enter, or a click on the row under the cursor."""
        self.action_choose("open")

    @on(DataTable.HeaderSelected)
    def _sort_by_header(self, event: DataTable.HeaderSelected) -> None:
        name = event.column_key.value
        if name in _ORDERS:
            self._is_reversed = name == self._order and not self._is_reversed
            self._order = name
            self._fill()

    def action_next_order(self) -> None:
        """Sort by the next column."""
        self._order = _ORDERS[(_ORDERS.index(self._order) + 1) % len(_ORDERS)]
        self._is_reversed = False
        self._fill()

    def action_choose(self, what: Literal["open", "copy"]) -> None:
        """Leave with an order for the run under the cursor."""
        if self.chosen:
            self.dismiss(Choice(what, self.chosen))

    def action_inspect(self) -> None:
        """Look into the network of the run under the cursor."""
        if self.chosen and self._are_over(self.chosen):
            self.post_message(Inspect(self.chosen))

    def _are_over(self, *runs: Run) -> bool:
        """Whether no run is being trained; if one is, that is said."""
        live = [run.name for run in runs if run.is_live]
        if live:
            self.notify(f"{live[0]} is being trained: stop it first.", timeout=4, markup=False)
        return not live

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash is a slash while a word is typed."""
        return action != "filter" or not isinstance(self.focused, Input)

    def action_filter(self) -> None:
        """Type into the filter."""
        self.set_focus(self.query_one("#filter"))

    def action_leave(self) -> None:
        """One layer out: from the filter to the table, to all runs, to the form."""
        words = self.query_one("#filter", Input)
        if isinstance(self.focused, Input):
            self._table.focus()
        elif words.value:
            words.value = ""
        else:
            self.dismiss(None)

    async def action_mark(self) -> None:
        """Take a run into the comparison, or out of it."""
        run = self.chosen
        if run is None:
            return
        if run.name in self._marked:
            del self._marked[run.name]
        else:
            self._marked[run.name] = await asyncio.to_thread(Follower, run, History())
        self._fill()
        self._compare()

    @work
    async def action_resume(self) -> None:
        """Go on with the run under the cursor; with a finished one for longer."""
        overview = self._overview
        if not overview or overview.problem or not self._are_over(overview.run):
            return
        answer = await ask(self.app, epochs_prompt(overview))
        if answer:
            epochs = revise(RunConfig(), {"num_epochs": answer}).num_epochs  # "2e3", too
            changes = {} if epochs == overview.num_epochs else {"num_epochs": epochs}
            self.dismiss(Choice("resume", overview.run, changes))

    async def action_pin(self) -> None:
        """Keep the run under the cursor above the others, or no longer."""
        if overview := self._overview:
            await self._write_notes(overview.run, pinned=not overview.notes.pinned)

    @work
    async def action_note(self) -> None:
        """Write a line on the run under the cursor."""
        overview = self._overview
        if not overview:
            return
        answer = await ask(self.app, note_prompt(overview))
        if answer:
            await self._write_notes(overview.run, note=answer.strip()[:500])

    async def _write_notes(self, run: Run, **changes: Any) -> None:
        try:
            write_notes(run, read_notes(run).model_copy(update=changes))
        except BilstmError as error:
            self.app.push_screen(failure(error))
        await self._look(changed=run.name)

    @work
    async def action_rename(self) -> None:
        """Give the run under the cursor another name."""
        run = self.chosen
        if not run:
            return
        answer = await ask(self.app, label_prompt(run))
        if not answer:
            return
        try:
            renamed = rename_run(run, answer)
        except BilstmError as error:
            self.app.push_screen(failure(error))
            return
        self.post_message(self.Renamed(run, renamed))
        if run.name in self._marked:
            self._marked[renamed.name] = self._marked.pop(run.name)
        await self._look()
        self._compare()
        if renamed.name in self._table.rows:
            self._table.move_cursor(row=self._table.get_row_index(renamed.name))

    @work
    async def action_delete(self) -> None:
        """Delete the marked runs, or the one under the cursor, once that was confirmed."""
        marked = [self._seen[name].run for name in self._marked if name in self._seen]
        runs = marked or ([self.chosen] if self.chosen else [])
        if not runs or not self._are_over(*runs):
            return
        title = "Delete this run?" if len(runs) == 1 else f"Delete these {len(runs)} runs?"
        names = "\n".join(run.name for run in runs)
        answers = {"keep": "Keep", "delete": "Delete"}
        if await ask(self.app, Question(title, names, answers)) != "delete":
            return
        for run in runs:
            try:
                rest = remove_run(run)
            except BilstmError as error:
                self.app.push_screen(failure(error))
                continue
            if rest:
                kept = ", ".join(path.name for path in rest)
                words = f"{run.name} stays, for it holds what is not ours: {kept}"
                self.notify(words, severity="warning", markup=False)
            self._marked.pop(run.name, None)
        await self._look()
        self._compare()

    def _compare(self) -> None:
        self.query_one("#comparison").display = bool(self._marked)
        series = [
            loss_series(follower.state, name.rpartition("_")[2], is_live=self._is_running(name))
            for name, follower in self._marked.items()
        ]
        self.query_one("#overlay", Chart).show(series)
        runs = [
            (self._marker(name), self._seen[name]) for name in self._marked if name in self._seen
        ]
        self.query_one("#differences", Static).update(differences(runs))

    def _is_running(self, name: str) -> bool:
        return name in self._seen and self._seen[name].status == "running"

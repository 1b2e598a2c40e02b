"""All runs: a table that filters as you type, and a comparison of those that are marked."""

import asyncio
from pathlib import Path
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Input, Static

from bilstm_core.errors import BilstmError, ConfigError
from bilstm_core.history import History
from bilstm_core.log import open_log
from bilstm_core.overview import Overview, look_at
from bilstm_core.runs import Run, list_runs, remove_run

from ..narration import percent
from ..output import harmless
from ..runs_table import STATUS_STYLES, cells
from ..widgets.chart import Chart
from ..widgets.run_view import loss_series
from .dialogs import Question, failure

_SECONDS = 2.0
_COLUMNS = ("", "run", "status", "data", "model", "epochs", "test %", "time")


class RunsScreen(Screen[tuple[str, Run] | None]):
    """Answers with what to do and with which run: 'open', 'inspect', 'resume' or 'copy'.

    Args:
        runs_dir: The folder of the runs.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose('open')", "Open"),
        Binding("space", "mark", "Mark"),
        Binding("i", "choose('inspect')", "Inspect"),
        Binding("e", "choose('resume')", "Resume"),
        Binding("c", "choose('copy')", "Copy settings"),
        Binding("d", "delete", "Delete"),
        Binding("slash", "filter", "Filter"),
        Binding("escape", "leave", "Back"),
    ]

    def __init__(self, runs_dir: Path) -> None:
        super().__init__()
        self._runs_dir = runs_dir
        self._seen: dict[str, Overview] = {}
        self._marked: dict[str, History] = {}

    def compose(self) -> ComposeResult:
        """Filter, table, comparison, footer."""
        yield Input(placeholder="type to filter", compact=True, id="filter")
        yield DataTable(cursor_type="row", zebra_stripes=True)
        yield Static("No runs here yet: go back and press t to train.", id="nothing")
        with Horizontal(id="comparison"):
            yield Chart("training loss", id="overlay")
            with VerticalScroll():
                yield Static(id="differences")
        yield Footer()

    def on_mount(self) -> None:
        """Fill the table, and keep what is live up to date."""
        self._table: DataTable[Text] = self.query_one(DataTable)
        self._table.add_columns(*_COLUMNS)
        self._table.focus()
        self.query_one("#comparison").display = False
        self.set_interval(_SECONDS, self._look)
        self.call_later(self._look)

    async def _look(self) -> None:
        try:
            seen = await asyncio.to_thread(_look_at_all, self._runs_dir, self._seen)
        except BilstmError as error:
            self.query_one("#nothing", Static).update(harmless(error.message))
            return
        if seen != self._seen or not seen:  # a table filled anew costs time and jumps
            self._seen = seen
            self._fill()

    def _fill(self) -> None:
        words = self.query_one("#filter", Input).value.lower()
        chosen = self.chosen
        self._table.clear()
        for name, overview in reversed(self._seen.items()):
            if words in " ".join(cells(overview)).lower():
                self._table.add_row(*_row(overview, is_marked=name in self._marked), key=name)
        if chosen and chosen.name in self._table.rows:
            self._table.move_cursor(row=self._table.get_row_index(chosen.name))
        self.query_one("#nothing").display = not self._table.row_count

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        if not self._table.row_count:
            return None
        key = self._table.coordinate_to_cell_key(self._table.cursor_coordinate).row_key.value
        seen = self._seen.get(key or "")
        return seen.run if seen else None

    @on(Input.Changed)
    def _filter(self) -> None:
        self._fill()

    @on(Input.Submitted)
    def _to_table(self) -> None:
        self._table.focus()

    @on(DataTable.RowSelected)
    def _open(self) -> None:
        self.action_choose("open")

    def action_choose(self, what: str) -> None:
        """Leave with an order for the run under the cursor."""
        if self.chosen:
            self.dismiss((what, self.chosen))

    def action_filter(self) -> None:
        """Type into the filter."""
        self.query_one("#filter").focus()

    def action_leave(self) -> None:
        """One layer out: from the filter to the table, from the table to the form."""
        if isinstance(self.focused, Input):
            self._table.focus()
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
            past, _ = await asyncio.to_thread(open_log, run.log_file)
            self._marked[run.name] = history = History()
            for event in past:
                history.add(event)
        self._fill()
        self._compare()

    def action_delete(self) -> None:
        """Delete the run under the cursor, once that was confirmed."""
        run = self.chosen
        if run is None:
            return

        async def delete(answer: str | None) -> None:
            if answer == "delete":
                try:
                    remove_run(run)
                except BilstmError as error:
                    self.app.push_screen(failure(error))
                self._marked.pop(run.name, None)
                await self._look()

        answers = {"keep": "Keep it", "delete": "Delete"}
        self.app.push_screen(Question("Delete this run?", run.name, answers), delete)

    def _compare(self) -> None:
        self.query_one("#comparison").display = bool(self._marked)
        series = [loss_series(history, name) for name, history in self._marked.items()]
        self.query_one("#overlay", Chart).show(series)
        runs = [self._seen[name] for name in self._marked if name in self._seen]
        self.query_one("#differences", Static).update(_differences(runs))


def _look_at_all(runs_dir: Path, known: dict[str, Overview]) -> dict[str, Overview]:
    """Every run at a glance; those that were over and still are need no second look."""
    return {
        run.name: overview
        if (overview := known.get(run.name)) and overview.status != "running" and not run.is_live
        else look_at(run)
        for run in list_runs(runs_dir)
    }


def _row(overview: Overview, *, is_marked: bool) -> list[Text]:
    name, status, *words, epochs, accuracy, time = cells(overview)
    return [
        Text("●" if is_marked else " "),
        Text(name),
        Text(status, STATUS_STYLES[status]),
        *map(Text, words),
        *(Text(number, justify="right") for number in (epochs, accuracy, time)),
    ]


def _differences(runs: list[Overview]) -> Table:
    """The settings in which runs differ, a column a run, and what they came to."""
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", style="dim")
    configs = []
    for overview in runs:
        table.add_column(harmless(overview.run.name.rpartition("_")[2]), justify="right")
        try:
            configs.append(overview.run.config.model_dump())
        except ConfigError:
            configs.append({})
    for name in dict.fromkeys(name for config in configs for name in config):
        values = [str(config.get(name, "?")) for config in configs]
        if len(set(values)) > 1:
            table.add_row(name, *values)
    accuracies = ["-" if run.accuracy is None else percent(run.accuracy) for run in runs]
    table.add_row("test %", *accuracies, style="bold")
    return table

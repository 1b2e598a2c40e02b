"""The leaderboard of a sweep: its trials as they are trained, here or on other machines."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from bilstm_core.errors import BilstmError
from bilstm_core.runs.run import Run

from ..widgets.key_footer import KeyFooter
from ..widgets.sweep.board import Board
from ..widgets.sweep.caption import NO_SWEEP, NO_TRIAL, caption, trial_line
from ..widgets.sweep.reading import Seen
from .dialogs import in_lines
from .runs import Choice
from .sweep_keys import SweepKeysScreen

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Row

_POLL_SECONDS = 1.5
_DRAW_SECONDS = 0.05  # after the cursor moved; a key that is held down moves it more often
_MARGIN = 2  # columns beside the lines of text
_TALL = 30  # rows from which on the caption also says how the sweep searches


class SweepScreen(SweepKeysScreen):
    """A sweep; its result is what to do with a run of it.

    Args:
        folder: The folder of the sweep; None if there is no sweep.
        data_dir: Folder of the data sets, for processes that are started here.
        redraws_per_second: The maximum redraw rate.
        initial_run: The name of the run whose trial is selected first.
    """

    FIRST_KEYS = (
        "select_cursor",
        "open_best",
        "copy",
        "stop",
        "pause",
        "screen.add",
        "screen.resume",
        "train",
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "open_best", "Best", tooltip="Show the run of the best trial"),
        Binding("c", "copy", "Copy", tooltip="Copy the trial's settings into the form"),
        Binding("s", "stop", "Stop", tooltip="Stop the trial, or the whole sweep"),
        Binding("p", "pause", "Pause", tooltip="Pause the sweep everywhere, or continue it"),
        Binding("a", "screen.add", "Add", priority=True, tooltip="Add trials to the sweep"),
        Binding("v", "switch_view", "View", tooltip="Charts instead of the table, or the table"),
        Binding(
            "e",
            "screen.resume",
            "Resume",
            priority=True,
            tooltip="Resume the trial's run, for more epochs",
        ),
        Binding("t", "train", "Train", tooltip="Train trials on this machine, in the background"),
        Binding("left", "choose_setting(-1)", show=False, tooltip="The setting before"),
        Binding("right", "choose_setting(1)", show=False, tooltip="The next setting"),
        Binding("escape", "back", "Back", tooltip="Back"),
    ]

    AUTO_FOCUS = "TrialsTable"

    def __init__(
        self,
        folder: Path | None,
        data_dir: Path | None = None,
        redraws_per_second: float = 1.0,
        *,
        initial_run: str = "",
    ) -> None:
        super().__init__(folder, data_dir)
        self._poll_interval = max(_POLL_SECONDS, 1 / redraws_per_second)
        self._initial_run = initial_run
        self._update_lock = asyncio.Lock()
        self._finished = 0

    def compose(self) -> ComposeResult:
        """Compose the caption, the trials with their charts, and the footer."""
        yield Static(id="sweep-caption", markup=False)
        yield Static(id="sweep-problem", markup=False)
        yield Static(
            "Reading the sweep …" if self.reader else NO_SWEEP, id="sweep-empty", markup=False
        )
        yield Board()
        yield Static(id="sweep-trial", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the sweep, and again while it changes."""
        self.query_one("#sweep-problem").display = False
        self.query_one(Board).display = self.reader is not None
        if self.reader:
            self.set_interval(self._poll_interval, self.update_soon)
            self.update_soon()

    def on_screen_resume(self) -> None:
        """Show at once what has changed while another screen was above."""
        self.update_soon()

    def update_soon(self) -> None:
        """Read the sweep beside the keys, if it is in view."""
        if self.reader and self.is_current and not self._update_lock.locked():
            self.run_worker(self._update())

    async def _update(self) -> None:
        if not self.reader:
            return
        async with self._update_lock:
            try:
                seen = await asyncio.to_thread(self.reader.poll)
            except BilstmError as error:
                self._show_problem(error)
                return
            self._show_problem(None)
            is_new = seen is not self.seen
            self.seen = seen
            if is_new:
                await self._show(seen)
            elif seen.board.count("training"):
                await self.query_one(Board).show_times()
        finished = seen.board.count("finished")
        if finished != self._finished:
            self._finished = finished
            self._weigh(seen)

    @work(exclusive=True, group="importance")
    async def _weigh(self, seen: Seen) -> None:
        """Find out how important each setting is: the first time libraries are imported."""
        if not self.reader:
            return
        try:
            parts = await asyncio.to_thread(self.reader.importances, seen)
        except BilstmError:  # which the next update shows
            return
        self.query_one(Board).show_importances(parts)

    async def _show(self, seen: Seen) -> None:
        await self.query_one(Board).show(seen)
        initial, self._initial_run = self._initial_run, ""
        for row in seen.board.rows:
            if initial and row.run == initial:
                self.query_one(Board).table.select(row.number)
        self._show_words()

    def _show_words(self) -> None:
        """Show what is said above and below the trials."""
        if not self.seen:
            return
        width, height = self.app.size
        text = caption(self.seen, width - _MARGIN, is_tall=height >= _TALL)
        self.query_one("#sweep-caption", Static).update(text)
        empty = self.query_one("#sweep-empty", Static)
        empty.display = not self.seen.board.rows
        empty.update(NO_TRIAL)
        self._show_trial()

    def _show_trial(self) -> None:
        line = trial_line(self.selected, self.app.size.width - _MARGIN)
        self.query_one("#sweep-trial", Static).update(line, layout=False)
        self.refresh_bindings()

    def _show_problem(self, error: BilstmError | None) -> None:
        """Say why the sweep cannot be read; what was read before stays in view."""
        line = self.query_one("#sweep-problem", Static)
        if error:
            line.update(in_lines(error))
            self.query_one("#sweep-empty").display = False
        if line.display != bool(error):
            line.display = bool(error)

    @property
    def selected(self) -> "Row | None":
        """The trial under the cursor."""
        boards = self.query(Board)  # of none, as the footer may ask while the screen is left
        number = boards.first(Board).selected if boards else None
        return self.seen.row(number) if self.seen and number is not None else None

    def on_resize(self) -> None:
        """Cut the lines of text to the new width."""
        self._show_words()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what needs a sweep, a trial, or a small terminal."""
        if action in {"back", "switch_view"} or not action.isidentifier():
            is_useful = action != "switch_view" or any(it.is_small for it in self.query(Board))
            return True if is_useful else None
        return super().check_action(action, parameters)

    @on(DataTable.RowHighlighted)
    def _follow_cursor(self) -> None:
        self._show_trial()
        self._draw_soon()

    @work(exclusive=True, group="cursor")
    async def _draw_soon(self) -> None:
        await asyncio.sleep(_DRAW_SECONDS)
        self.query_one(Board).draw()

    @on(DataTable.RowSelected)
    def _open(self) -> None:
        if (row := self.selected) and (run := self.run_of(row)):
            self.dismiss(Choice("open", run))

    def action_open_best(self) -> None:
        """Show the run of the best trial."""
        best = self.seen.board.best if self.seen else None
        if best and (run := self.run_of(best)):
            self.dismiss(Choice("open", run))

    def action_choose_setting(self, by: int) -> None:
        """Choose the setting whose scatter is shown."""
        self.query_one(Board).choose(by)

    def action_switch_view(self) -> None:
        """Show the charts instead of the table, or the table again."""
        board = self.query_one(Board)
        board.switch()
        self.set_focus(None if board.shows_charts else board.table)

    def action_back(self) -> None:
        """Close the screen."""
        self.dismiss(None)

    def run_of(self, row: "Row") -> Run | None:
        """The run of a trial; says so where it has none, or its folder was deleted."""
        run = Run(self.runs_dir / row.run) if row.run and self.runs_dir else None
        if run is None:
            self.notify(row.problem or f"Trial {row.number} has no run yet.", timeout=4)
        elif not run.config_file.exists():
            self.notify(f"The folder of {run.name} was deleted or moved.", timeout=4)
            run = None
        return run

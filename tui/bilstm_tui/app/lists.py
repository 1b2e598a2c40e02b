"""All runs and all sweeps, and what is chosen there."""

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.screen import Screen

from bilstm_core.errors import BilstmError
from bilstm_core.files import is_missing
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import run_before
from bilstm_core.sweeps.folders import list_sweeps, sweep_folder

from .screens.dialogs import ask, error_dialog
from .screens.run_keys import RunKeysScreen
from .screens.train import CameFrom, TrainScreen
from .start import StartingApp

if TYPE_CHECKING:
    from .screens.runs import Choice, RunsScreen


class ListingApp(StartingApp):
    """An app that lists runs and sweeps; the lists are made when they are first needed."""

    _redraw_rate: float
    _last_sweep: str = ""

    @abstractmethod
    def resume_run(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Resume a run with some settings changed, and show it."""

    async def action_runs(self) -> None:
        """Show all runs, or leave that screen; above a list of them, go back to it."""
        from .screens.runs import RunsScreen  # not needed for the first paint

        if not await self._leave(RunsScreen):
            shown = self.train_screen.view.shown_run
            name = shown.name if shown else ""
            screen = RunsScreen(self._runs_dir, name, self._redraw_rate, self._marked_runs)
            self.push_screen(screen, partial(self._apply_choice, "runs"))

    async def _leave(self, kind: type[Screen[Any]]) -> bool:
        """Leave a list, so that lists do not pile up; returns whether it was one of this kind.

        A list of this kind that is below other screens is shown again.
        """
        from .screens.runs import RunsScreen
        from .screens.sweep import SweepScreen

        screen = self.screen
        if isinstance(screen, RunsScreen | SweepScreen):
            await self.pop_screen()
            return isinstance(screen, kind)
        if any(isinstance(it, RunsScreen | SweepScreen) for it in self.screen_stack):
            await self._close_above(RunsScreen, SweepScreen)
            is_there = isinstance(self.screen, kind)
            if not is_there:
                await self.pop_screen()
            return is_there
        return False

    async def action_sweeps(self) -> None:
        """Show the sweep, or a list if there are several; or leave that screen."""
        from .screens.sweep import SweepScreen  # not needed for the first paint
        from .screens.sweep_list import SweepList

        if await self._leave(SweepScreen):
            return
        names = list_sweeps(self._runs_dir)
        if len(names) > 1:
            ask(self, SweepList(self._runs_dir, names, self._last_sweep), self.show_sweep)
        else:
            self.show_sweep(names[0] if names else "")

    def show_sweep(self, name: str, run: Run | None = None) -> None:
        """Show the leaderboard of a sweep, at the trial of a run; unnamed, what a sweep is."""
        from .screens.sweep import SweepScreen  # not needed for the first paint

        self._last_sweep = name
        folder = sweep_folder(self._runs_dir, name) if name else None
        at = run.name if run else ""
        screen = SweepScreen(folder, self._data_dir, self._redraw_rate, initial_run=at)
        self.push_screen(screen, partial(self._apply_choice, "sweep"))

    async def on_train_screen_back_requested(self, event: TrainScreen.BackRequested) -> None:
        """Show again the list or Home from which a run was opened, at that run."""
        match event.came_from:
            case "sweep":
                self.show_sweep(self._last_sweep, event.run)
            case "home":
                await self.show_home(event.run)
            case _:
                await self.action_runs()

    @on(RunKeysScreen.CompareRequested)
    @work(exclusive=True, group="compare")
    async def _compare(self, event: RunKeysScreen.CompareRequested) -> None:
        """Mark a run and show all marked ones; if there are none, the run before it, too."""
        marks = self._marked_runs
        for name in marks:
            if await asyncio.to_thread(is_missing, self._runs_dir / name):
                marks.remove(name)
        if not {*marks} - {event.run.name}:
            try:
                before = await asyncio.to_thread(run_before, event.run)
            except BilstmError as error:
                self.push_screen(error_dialog(error))
                return
            if before is None:
                self.notify("No earlier run on the same data: mark others in the list, with space.")
                return
            marks.add(before.name)
        if event.run.name not in marks:
            marks.add(event.run.name)
        if self.screen is self.train_screen:  # nothing else was opened meanwhile
            await self.action_runs()

    def on_runs_screen_renamed(self, event: "RunsScreen.Renamed") -> None:
        """Follow the run that is shown under its new name."""
        shown = self.train_screen.view.shown_run
        if shown and shown.path == event.before.path:
            train = self.train_screen
            self.run_worker(train.watch_run(event.after, train.came_from))

    def _apply_choice(self, came_from: CameFrom, answer: "Choice | None") -> None:
        from .screens.runs import Choice

        match answer:
            case Choice("open", run):
                self.show_run(run, came_from)
            case Choice("resume", run, changes):
                self.resume_run(run, changes)
            case Choice("copy", run, changes):
                self.copy_settings(run, changes)

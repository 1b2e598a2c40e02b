"""All runs and all sweeps, and what is chosen there."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import work

from bilstm_core.runs.run import Run
from bilstm_core.sweeps.folders import list_sweeps, sweep_folder

from .screens.dialogs import show_dialog
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

    def action_runs(self) -> None:
        """Show all runs, or leave that screen."""
        from .screens.runs import RunsScreen  # not needed for the first paint

        if not self._leave(RunsScreen):
            shown = self.train_screen.view.shown_run
            screen = RunsScreen(self._runs_dir, shown.name if shown else "", self._redraw_rate)
            self.push_screen(screen, self._apply_choice)

    def _leave(self, kind: type) -> bool:
        """Leave a list, so that lists do not pile up; returns whether it was one of this kind."""
        from .screens.runs import RunsScreen
        from .screens.sweep import SweepScreen

        screen = self.screen
        if isinstance(screen, RunsScreen | SweepScreen):
            screen.dismiss(None)
        return isinstance(screen, kind)

    @work
    async def action_sweeps(self) -> None:
        """Show the sweep, or a list if there are several; or leave that screen."""
        from .screens.sweep import SweepScreen  # not needed for the first paint
        from .screens.sweep_list import SweepList

        if self._leave(SweepScreen):
            return
        names = list_sweeps(self._runs_dir)
        name: str | None = names[0] if names else ""
        if len(names) > 1:
            name = await show_dialog(self, SweepList(self._runs_dir, names, self._last_sweep))
        if name or not names:
            self.show_sweep(name or "")

    def show_sweep(self, name: str) -> None:
        """Show the leaderboard of a sweep; without a name, what a sweep is."""
        from .screens.sweep import SweepScreen  # not needed for the first paint

        self._last_sweep = name
        folder = sweep_folder(self._runs_dir, name) if name else None
        screen = SweepScreen(folder, self._data_dir, self._redraw_rate)
        self.push_screen(screen, self._apply_choice)

    def on_runs_screen_renamed(self, event: "RunsScreen.Renamed") -> None:
        """Follow the run that is shown under its new name."""
        shown = self.train_screen.view.shown_run
        if shown and shown.path == event.before.path:
            self.show_run(event.after)

    def _apply_choice(self, answer: "Choice | None") -> None:
        from .screens.runs import Choice

        match answer:
            case Choice("open", run):
                self.show_run(run)
            case Choice("resume", run, changes):
                self.resume_run(run, changes)
            case Choice("copy", run, changes):
                self.copy_settings(run, changes)

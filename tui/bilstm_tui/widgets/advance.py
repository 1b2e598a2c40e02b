"""How far a run is: a bar for what is being done now, and one for the whole run."""

from rich.progress_bar import ProgressBar
from rich.table import Table
from textual.widget import Widget

from bilstm_core import events
from bilstm_core.catalog import CATALOG
from bilstm_core.events import Event
from bilstm_core.history import History

_END_WIDTH = 31


class Advance(Widget):
    """The epoch and the run on one line; before them, the data that arrive."""

    def __init__(self) -> None:
        super().__init__()
        self._download: events.Download | None = None
        self._history = History()
        self._end = ""

    def take(self, event: Event) -> None:
        """Note what is being done."""
        match event:
            case events.Download():
                self._download = event
            case events.RunStarted() | events.Failed() | events.Stopped():
                self._download = None
            case _:
                pass

    def show(self, history: History, end: str) -> None:
        """Draw both.

        Args:
            history: The run so far.
            end: When it will be over, in words.
        """
        self._history, self._end = history, end
        self.refresh()

    def render(self) -> Table:
        """One line; each of its parts stays where it is."""
        line = Table.grid(padding=(0, 1, 0, 0), expand=True)
        if self._download:
            download = self._download
            line.add_column(no_wrap=True)
            line.add_column(ratio=1)
            line.add_column(width=5)
            line.add_row(
                f"Fetching {CATALOG[download.dataset].title}: {download.file}, "
                f"{download.received / 1e6:,.1f} MB",
                self._bar(download.received, download.total),
                _share(download.received, download.total),
            )
            return line
        started, progress = self._history.started, self._history.progress
        words, done, steps_per_epoch = "epoch", 0, 1
        if started:
            at = progress or started
            steps_per_epoch = started.steps_per_epoch
            done = at.step - (at.epoch - 1) * steps_per_epoch
            words = f"epoch {at.epoch}/{started.config['num_epochs']}"
        step, total = self._history.step, started.total_steps if started else 0
        line.add_column(width=15, no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(width=3)
        line.add_column(ratio=1)
        line.add_column(width=_END_WIDTH, no_wrap=True)
        line.add_row(
            words,
            self._bar(done, steps_per_epoch),
            "run",
            self._bar(step, total),
            f"{_share(step, total)} {self._end}",
        )
        return line

    def _bar(self, done: int, total: int) -> ProgressBar:
        """A bar in the theme's colours; nothing is done yet where the whole is not known."""
        colours = self.app.theme_variables
        return ProgressBar(
            total=total or 1,
            completed=done if total else 0,
            style=colours["surface-lighten-1"],
            complete_style=colours["primary"],
            finished_style=colours["success"],
        )


def _share(done: int, total: int) -> str:
    return f"{done / total:4.0%}" if total else ""

"""How far a run is: a bar for what is being done now, and one for the whole run.

Everything here has a fixed width: a word that changed its place would have the whole screen laid
out and drawn anew, several times a second.
"""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Label, ProgressBar

from bilstm_core import events
from bilstm_core.catalog import CATALOG
from bilstm_core.events import Event
from bilstm_core.history import History


class Advance(Horizontal):
    """The epoch and the run; before them, the data that arrive."""

    def __init__(self) -> None:
        super().__init__()
        self._download: events.Download | None = None

    def compose(self) -> ComposeResult:
        """Two bars with their names."""
        yield Label("epoch", id="now")
        yield ProgressBar(id="now-bar", show_eta=False, show_percentage=False)
        yield Label("run", id="whole")
        yield ProgressBar(id="whole-bar", show_eta=False, show_percentage=False)
        yield Label(id="end")

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
        done, total = history.step, history.started.total_steps if history.started else 0
        if self._download:
            done, total = self._download.received, self._download.total
        share = f"{done / total:4.0%} " if total else ""
        self.query_one("#end", Label).update(f"{share}{end}", layout=False)
        self.set_class(self._download is not None, "-download")
        if self._download:
            self._show_download(self._download)
        else:
            self._show_epoch(history)

    def _show_download(self, download: events.Download) -> None:
        self.query_one("#now", Label).update(
            f"Fetching {CATALOG[download.dataset].title}: {download.file}, "
            f"{download.received / 1e6:,.1f} MB",
            layout=False,
        )
        bar = self.query_one("#now-bar", ProgressBar)
        bar.update(total=download.total or None, progress=download.received)

    def _show_epoch(self, history: History) -> None:
        now = self.query_one("#now-bar", ProgressBar)
        whole = self.query_one("#whole-bar", ProgressBar)
        started, progress = history.started, history.progress
        if not started:
            self.query_one("#now", Label).update("epoch", layout=False)
            for bar in (now, whole):
                bar.update(total=1, progress=0)
            return
        epoch, step = (progress.epoch, progress.step) if progress else (started.epoch, started.step)
        done = step - (epoch - 1) * started.steps_per_epoch
        words = f"epoch {epoch}/{started.config['num_epochs']}"
        self.query_one("#now", Label).update(words, layout=False)
        now.update(total=started.steps_per_epoch, progress=done)
        whole.update(total=started.total_steps, progress=step)

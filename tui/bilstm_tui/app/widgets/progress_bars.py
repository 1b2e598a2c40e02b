"""How far a run is: a bar for what is being done now, and one for the whole run."""

from typing import ClassVar

from rich.text import Text
from textual.widget import Widget

from bilstm_core import events
from bilstm_core.data.catalog import CATALOG
from bilstm_core.runs.history import History

_WORDS_WIDTH = 16
_END_WIDTH = 31


class ProgressBars(Widget):
    """The epoch and the run on one line; before them, the data that arrive."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"progress--done", "progress--whole", "progress--rest"}

    def __init__(self) -> None:
        super().__init__()
        self._download: events.Download | None = None
        self._history = History()
        self._end = ""

    def show(self, history: History, download: events.Download | None, end: str) -> None:
        """Draw both.

        Args:
            history: The run so far.
            download: The data that arrive, while they do.
            end: When it will be over, in words; empty where it goes on no longer.
        """
        self._history, self._download, self._end = history, download, end
        self.refresh()

    def render(self) -> Text:
        """One line; each of its parts stays where it is."""
        if self._download:
            download = self._download
            words = f"Fetching {CATALOG[download.dataset].title}: {download.file}, "
            words += f"{download.received / 1e6:,.1f} MB "
            share = _share(download.received, download.total)
            width = self.size.width - len(words) - len(share) - 1
            bar = self._bar(download.received, download.total, width)
            return Text.assemble(words, bar, f" {share}")
        started, progress = self._history.started, self._history.progress
        words, done, steps_per_epoch = "epoch", 0, 1
        if started:
            at = progress or started
            steps_per_epoch = started.steps_per_epoch
            done = at.step - (at.epoch - 1) * steps_per_epoch
            words = f"epoch {at.epoch}/{started.config['num_epochs']}"
        step, total = self._history.step, started.total_steps if started else 0
        width = (self.size.width - _WORDS_WIDTH - _END_WIDTH - len(" run ")) // 2
        return Text.assemble(
            f"{words:<{_WORDS_WIDTH}}",
            self._bar(done, steps_per_epoch, width),
            " run ",
            self._bar(step, total, width),
            f" {_share(step, total)} {self._end}"[:_END_WIDTH],
        )

    def _bar(self, done: int, total: int, width: int) -> Text:
        """A bar in the theme's colours, told apart without them too."""
        share = min(1.0, done / total) if total else 0.0
        kind = "progress--whole" if share == 1 else "progress--done"
        filled = int(share * width)
        bar = Text("━" * filled, self.get_component_rich_style(kind, partial=True))
        rest = self.get_component_rich_style("progress--rest", partial=True)
        return bar.append("─" * (width - filled), rest)


def _share(done: int, total: int) -> str:
    return f"{min(1.0, done / total):4.0%}" if total else ""

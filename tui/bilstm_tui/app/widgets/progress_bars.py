"""Progress of a run: a bar for the epoch or the download, and one for the whole run."""

from typing import ClassVar

from rich.text import Text
from textual.widget import Widget

from bilstm_core import events
from bilstm_core.runs.history import History

_LABEL_WIDTH = 16
_TIME_LEFT_WIDTH = 31


class ProgressBars(Widget):
    """The epoch and the run on one line; during a download, the file instead."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"progress--done", "progress--full", "progress--rest"}

    def __init__(self) -> None:
        super().__init__()
        self._download: events.Download | None = None
        self._history = History()
        self._time_left = ""

    def show(self, history: History, download: events.Download | None, time_left: str) -> None:
        """Draw the bars of a run, or of the download in progress; the time left is in words."""
        self._history, self._download, self._time_left = history, download, time_left
        self.refresh()

    def render(self) -> Text:
        """Render one line, whose parts keep their positions as the run proceeds."""
        if download := self._download:
            label = f"Downloading {download.title}: {download.file}, "
            label += f"{download.received / 1e6:,.1f} MB "
            share = _share(download.received, download.total)
            width = self.size.width - len(label) - len(share) - 1
            bar = self._bar(download.received, download.total, width)
            return Text.assemble(label, bar, f" {share}")
        started, progress = self._history.started, self._history.progress
        label, done, steps_per_epoch = "epoch", 0, 1
        if started:
            latest = progress or started
            steps_per_epoch = started.steps_per_epoch
            done = latest.step - (latest.epoch - 1) * steps_per_epoch
            label = f"epoch {latest.epoch}/{started.config['num_epochs']}"
        step, total = self._history.step, started.total_steps if started else 0
        width = (self.size.width - _LABEL_WIDTH - _TIME_LEFT_WIDTH - len(" run ")) // 2
        return Text.assemble(
            f"{label:<{_LABEL_WIDTH}}",
            self._bar(done, steps_per_epoch, width),
            " run ",
            self._bar(step, total, width),
            f" {_share(step, total)} {self._time_left}"[:_TIME_LEFT_WIDTH],
        )

    def _bar(self, done: int, total: int, width: int) -> Text:
        """A bar whose two parts differ in colour and, for terminals without colours, in shape."""
        share = min(1.0, done / total) if total else 0.0
        kind = "progress--full" if share == 1 else "progress--done"
        filled = int(share * width)
        bar = Text("━" * filled, self.get_component_rich_style(kind, partial=True))
        rest = self.get_component_rich_style("progress--rest", partial=True)
        return bar.append("─" * (width - filled), rest)


def _share(done: int, total: int) -> str:
    return f"{min(1.0, done / total):4.0%}" if total else ""

"""A run as it trains, or as it trained: curves, figures, log, and the two lines at the end."""

import asyncio
from datetime import timedelta

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import ProgressBar, RichLog, Static

from bilstm_core import events
from bilstm_core.events import Event
from bilstm_core.history import History
from bilstm_core.log import LogReader, open_log
from bilstm_core.overview import Status, status_after
from bilstm_core.runs import Run

from ..narration import Narrator, got, percent
from ..output import harmless
from ..progress import Estimate
from ..runs_table import STATUS_STYLES
from .chart import Chart, Series

_TALL = 40
"""Rows from which on the charts stand one above the other."""


class RunView(Vertical):
    """Follows one run; redraws at most as often as it was told to.

    Args:
        redraws_per_second: How often at most.
    """

    class Ended(Message):
        """The run that is shown goes on no longer.

        Attributes:
            run: Which.
            ending: Its last word; None where it went without one.
        """

        def __init__(
            self, run: Run, ending: events.Finished | events.Stopped | events.Failed | None
        ) -> None:
            super().__init__()
            self.run = run
            self.ending = ending

    def __init__(self, redraws_per_second: float = 5) -> None:
        super().__init__()
        self.shown_run: Run | None = None
        self.history = History()
        self._is_followed = False
        self._pace = 1 / redraws_per_second
        self._reader: LogReader | None = None
        self._estimate = Estimate()
        self._figures = ""
        self._download = ""

    def compose(self) -> ComposeResult:
        """Headline, charts, figures, result, log."""
        yield Static("No run yet: press t to train.", id="headline")
        yield ProgressBar(id="progress", show_eta=False)
        yield Static(id="figures")
        yield Static(id="result")
        with Container(id="charts"):
            yield Chart("training loss", id="loss")
            yield Chart("accuracy %", id="accuracy")
        yield RichLog(id="log", wrap=True, max_lines=1000)

    def on_mount(self) -> None:
        """Look for news on a timer: its rate never follows the run's."""
        self._log = self.query_one(RichLog)
        self.set_interval(self._pace, self._look)

    def on_resize(self) -> None:
        """Where there is little height, the charts stand side by side."""
        self.set_class(self.app.size.height < _TALL, "-low")

    async def watch_run(self, run: Run) -> None:
        """Show a run from its first word on."""
        self.shown_run, self._reader = None, None
        past, reader = await asyncio.to_thread(open_log, run.log_file)
        self.history, self._estimate = History(), Estimate()
        self._figures = self._download = ""
        self._log.clear()
        self._narrator = Narrator(self._say, self._warn)
        for event in past:
            self._take(event)
        for event in self.history.story():
            self._narrator.tell(event)
        self.shown_run, self._reader, self._is_followed = run, reader, True
        self._show(self._status())
        await self._look()

    async def _look(self) -> None:
        run, reader = self.shown_run, self._reader
        if run is None or reader is None or not self._is_followed:
            return
        is_live = run.is_live  # asked before reading: its last words come before it lets go
        new = reader.read()
        for event in new:
            self._take(event)
            self._narrator.tell(event)
            if isinstance(event, events.Failed):
                self._warn(f"{event.title}: {event.message}")
        self._is_followed = is_live or bool(new)
        if new or not self._is_followed:
            self._show(self._status())
        if not self._is_followed:
            self.post_message(self.Ended(run, self.history.ending))

    def _take(self, event: Event) -> None:
        self.history.add(event)
        match event:
            case events.RunStarted():
                self._estimate.start(event)
                self._download = ""
            case events.Progress():
                self._figures = f"{self._estimate.update(event)}  lr {event.learning_rate:.3g}"
            case events.WentOn():
                self._estimate.go_on(event)
            case events.Download():
                share = f" of {event.total / 1e6:,.1f}" if event.total else ""
                self._download = f"Fetching {event.file}: {event.received / 1e6:,.1f}{share} MB"
            case _:
                pass

    @property
    def is_training(self) -> bool:
        """Whether a process trains the run that is shown, and has not said its last word."""
        run = self.shown_run
        return run is not None and self.history.ending is None and run.is_live

    def _status(self) -> Status:
        return "running" if self.is_training else status_after(self.history.ending)

    def _show(self, status: Status) -> None:
        history, run = self.history, self.shown_run
        words = Text(harmless(run.name if run else ""))
        is_paused = status == "running" and history.is_paused
        words.append("  paused" if is_paused else f"  {status}", f"bold {STATUS_STYLES[status]}")
        if history.started:
            words.append(f"  {history.started.model.title}, {history.started.device.name}", "dim")
        self.query_one("#headline", Static).update(words)
        total = history.started.total_steps if history.started else None
        self.query_one(ProgressBar).update(total=total or None, progress=history.step)
        self.query_one("#figures", Static).update(self._figures_at(status))
        result = "\n".join(got(check) for check in history.final.values())
        self.query_one("#result", Static).update(Text(result, style="bold green"))
        self.query_one("#result").display = bool(result)
        self.query_one("#loss", Chart).show([loss_series(history, "loss")])
        self.query_one("#accuracy", Chart).show(accuracy_series(history))

    def _figures_at(self, status: Status) -> str:
        if status == "running":
            return self._download or self._figures or "Loading …"
        if isinstance(self.history.ending, events.Finished):
            took = timedelta(seconds=round(self.history.ending.seconds))
            return f"{self.history.step:,} steps in {took}"
        return self._figures

    def _say(self, line: str) -> None:
        self._log.write(Text(harmless(line)))

    def _warn(self, line: str) -> None:
        self._log.write(Text(f"! {harmless(line)}", style="yellow"))


def loss_series(history: History, label: str) -> Series:
    """The loss of each step."""
    steps, low, high, mean = history.losses.points()
    return Series(label, steps.astype(np.float64), low, high, mean)


def accuracy_series(history: History) -> list[Series]:
    """Training accuracy of each epoch, and that of the check after it."""
    checked = next(iter(history.watched.values()), None)
    rows = [("train", history.epochs), (checked.split if checked else "test", history.watched)]
    series = []
    for label, by_epoch in rows:
        epochs = sorted(by_epoch)
        values = np.array([by_epoch[epoch].accuracy * 100 for epoch in epochs])
        if epochs:
            label = f"{label} {percent(by_epoch[epochs[-1]].accuracy)}"  # noqa: PLW2901
        x = np.array(epochs, np.float64)
        series.append(Series(label, x, values, values, values, is_noisy=False))
    return series

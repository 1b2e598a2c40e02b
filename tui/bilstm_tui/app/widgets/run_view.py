"""A run as it trains, or as it trained: curves, figures, log, and the two lines at the end."""

import asyncio
import time
from datetime import datetime, timedelta

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from bilstm_core import events
from bilstm_core.runs.event_log import LogReader
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import Status, status_from_ending
from bilstm_core.runs.run import Run

from ...text.console import sanitize
from ...text.narration import Narrator
from ...text.run_cells import STATUS_STYLES
from .charts.chart import Chart
from .charts.series import accuracy_series, loss_series
from .device_usage import DeviceUsage
from .progress_bars import ProgressBars
from .result import Result
from .run_log import RunLog
from .run_state import RunState, read_account

_LOOK_SECONDS = 0.1
"""Between two looks for news: cheap, so that the first point and the end are shown at once."""
_SILENT_SECONDS = 10.0
"""Without a word from a run, from which on nothing is foretold: its process may be stopped."""
_SILENT_STEPS = 3
"""The same for a slow one, in steps of the usual length: it speaks after each."""
_TALL = 40
"""Rows from which on the charts stand one above the other."""
_ROOMY = 34
"""Rows from which on the accuracies are shown in large digits."""
_CHART_SHARE = 1 / 15
"""Of the time that a run has trained: so much of its width a curve may lack. With a sixtieth, a
column, a run on two cores lost 5 % of its speed to them, with this less than 1 %."""
_CHART_SECONDS = 5.0
"""But never less often than this."""
_NO_RUN = "No run yet: press t to train."
_TOLD_EPOCHS = 200
"""Epochs that the log tells of when a run is opened; the charts show all."""


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

    def __init__(self, redraws_per_second: float) -> None:
        super().__init__()
        self.shown_run: Run | None = None
        self._account = RunState()
        self._opening: Run | None = None
        self._is_followed = False
        self._pace = 1 / redraws_per_second
        self._drawn = self._charted = 0.0
        self._heard = 0.0
        self._are_charts_stale = self._was_training = self._was_silent = False
        self._reader: LogReader | None = None
        self._lines: list[Text] = []
        """What is not in the log yet."""

    def compose(self) -> ComposeResult:
        """Headline, progress, figures, result, charts, log."""
        with Horizontal(id="top"):
            yield Static(_NO_RUN, id="headline")
            yield DeviceUsage(is_short=True)
        yield ProgressBars()
        yield Static(id="figures")
        yield Result()
        with Container(id="charts"):
            yield Chart("training loss", id="loss")
            yield Chart("accuracy %", id="accuracy", axis="epoch")
        yield RunLog(id="log")

    def on_mount(self) -> None:
        """Look for news on a timer: its rate never follows the run's."""
        self.on_resize()  # before it is shown: afterwards all would be laid out twice
        self.set_interval(_LOOK_SECONDS, self._look)

    def announce(self, words: str = "") -> None:
        """Say what comes before a run's first word; without words, what was there before."""
        if self.shown_run and not words:
            self._show(self._status())
        elif self.is_mounted:
            self.query_one("#headline", Static).update(words or _NO_RUN)

    def redraw(self, per_second: float) -> None:
        """From now on, redraw this often at most."""
        self._pace = 1 / per_second

    def on_resize(self) -> None:
        """Where there is little height, the charts stand side by side."""
        height = self.app.size.height
        self.set_class(height < _TALL, "-low")
        self.query_one(Result).set_class(height < _ROOMY, "-low")

    @property
    def history(self) -> History:
        """The run as it went so far."""
        return self._account.history

    async def watch_run(self, run: Run) -> None:
        """Show a run from its first word on; of two that are opened at a time the later one."""
        self.shown_run, self._reader, self._opening = None, None, run
        account, reader = await asyncio.to_thread(read_account, run)
        if self._opening is not run:
            return
        self._account, self._drawn, self._charted = account, 0.0, 0.0
        self._heard = time.monotonic()
        self.query_one(RunLog).clear()
        self._narrator = Narrator(self._say, self._warn)
        for chart in self.query(Chart):
            chart.start_anew()
        ending = self.history.ending
        if ending and run.is_live and run.locked_at > ending.time:
            self.history.ending = None  # the last word of the session before
        self._lines.clear()
        for event in self.history.story(_TOLD_EPOCHS):
            self._narrator.tell(event)
        self._write_lines()
        self.shown_run, self._reader, self._is_followed = run, reader, True
        self._show(self._status())
        await self._look()

    async def _look(self) -> None:
        run, reader = self.shown_run, self._reader
        if run is None or reader is None or not self._is_followed:
            return
        if time.monotonic() - self._drawn < self._pace:
            return
        is_live = run.is_live  # asked before reading: its last words come before it lets go
        new = reader.read()
        if new:
            self._heard = time.monotonic()
        for event in new:
            self._account.take(event)
            self._narrator.tell(event)
            if isinstance(event, events.Failed):
                self._warn(f"{event.title}: {event.message}")
        self._write_lines()
        self._is_followed = is_live or bool(new)
        has_changed = bool(new) or self._is_silent != self._was_silent
        if has_changed or not self._is_followed or self._are_charts_due:
            self._show(self._status())
        if not self._is_followed:
            self.post_message(self.Ended(run, self.history.ending))

    @property
    def is_training(self) -> bool:
        """Whether a process trains the run that is shown, and has not said its last word."""
        run = self.shown_run
        return run is not None and self.history.ending is None and run.is_live

    def _status(self) -> Status:
        return "running" if self.is_training else status_from_ending(self.history.ending)

    def _show(self, status: Status) -> None:
        if self.history.progress:  # the first point is worth a redraw out of turn
            self._drawn = time.monotonic()
        account, run = self._account, self.shown_run
        history = account.history
        if self._was_training != self.is_training:
            self._was_training = self.is_training
            self.screen.refresh_bindings()
        words = Text(sanitize(run.name if run else ""))
        words.append(f"  {self._status_word(status)}", f"bold {STATUS_STYLES[status]}")
        if history.started:
            words.append(f"  {history.started.model.title}, {history.started.device.name}", "dim")
        self.query_one("#headline", Static).update(words, layout=False)
        is_live = status == "running"
        end = account.end if is_live and not history.is_paused else ""
        self._was_silent = self._is_silent
        if end and self._was_silent:
            end = f"no news since {datetime.fromtimestamp(history.last_time).astimezone():%H:%M:%S}"
        download = account.download if is_live else None
        self.query_one(ProgressBars).show(history, download, end)
        self.query_one("#figures", Static).update(self._figures_at(status), layout=False)
        self.query_one(Result).show(list(history.final.values()))
        self._are_charts_stale = True
        if not is_live or self._are_charts_due:
            self._are_charts_stale = False
            self._charted = time.monotonic() if history.progress else 0.0
            self.query_one("#loss", Chart).show([loss_series(history, "loss", is_live=is_live)])
            self.query_one("#accuracy", Chart).show(accuracy_series(history, is_live=is_live))

    @property
    def _are_charts_due(self) -> bool:
        """Whether they lack something that came, and were left alone for long enough."""
        started = self.history.started
        trained = self.history.last_time - started.time if started else 0.0
        pace = max(self._pace, min(_CHART_SHARE * trained, _CHART_SECONDS))
        return self._are_charts_stale and time.monotonic() - self._charted >= pace

    @property
    def _is_silent(self) -> bool:
        """Whether nothing was heard of the run for long."""
        patience = max(_SILENT_SECONDS, _SILENT_STEPS * self._account.seconds_a_step)
        return time.monotonic() - self._heard > patience

    def _status_word(self, status: Status) -> str:
        if status != "running":
            return status
        if self.history.is_stopping:
            return "stopping"
        return "paused" if self.history.is_paused else status

    def _figures_at(self, status: Status) -> str:
        if status == "running":
            return self._account.figures or "Loading …"
        if isinstance(self.history.ending, events.Finished):
            took = timedelta(seconds=round(self.history.ending.seconds))
            return f"{self.history.step:,} steps in {took}"
        if isinstance(self.history.ending, events.Stopped):
            return f"{self.history.step:,} steps; it goes on with r, then e"
        return f"{self.history.step:,} steps"

    def _say(self, line: str) -> None:
        self._lines.append(Text(sanitize(line)))

    def _warn(self, line: str) -> None:
        self._lines.append(Text(f"! {sanitize(line)}", style="yellow"))

    def _write_lines(self) -> None:
        self.query_one(RunLog).write(*self._lines)
        self._lines.clear()

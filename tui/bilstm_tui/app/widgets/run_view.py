"""A run, live or past: progress, charts, log, and the final accuracies."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from bilstm_core import events
from bilstm_core.runs.event_log import Ending
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.overview import Status, status_from_ending
from bilstm_core.runs.run import Run

from ...text.narration import Narrator
from ...text.numbers import duration
from ...text.run_cells import STATUS_STYLES
from .dashboard import Dashboard
from .device_usage import DeviceUsage
from .progress_bars import ProgressBars
from .result import Result, short_accuracy
from .run_log import RunLog
from .run_state import RunState

_POLL_SECONDS = 0.1  # cheap, and often enough to show the first point and the end without delay
_SILENT_SECONDS = 10.0  # without events, until no time left is shown: a process may be suspended
_SILENT_STEPS = 3  # the same for slow steps, in steps: there is an event after each
_LARGE_DIGITS_HEIGHT = 60  # rows from which on the accuracies are shown in large digits
_LOG_HEIGHTS = ((60, 5), (44, 3), (30, 2), (0, 1))
"""Rows of the log, by the least number of rows of the terminal: the charts need them more."""
_MORE_LOG = 2  # rows, as long as there are charts only
_CHART_LAG = 1 / 15
"""The part of the training time that may be missing from a chart. With 1/60, the width of a
column, a run on two cores lost 5 % of its speed to drawing, with 1/15 less than 1 %."""
_MAX_CHART_LAG_SECONDS = 5.0
_NO_RUN = "No run yet: press t to train."
_LOGGED_EPOCHS = 200  # the latest, which the log lists when a run is opened; charts show all


class RunView(Vertical):
    """Shows a run and follows it; redraws at most `redraws_per_second`."""

    @dataclass
    class Ended(Message):
        """Posted when the run ends; `ending` is None if its process reported no result."""

        run: Run
        ending: Ending | None

    def __init__(self, redraws_per_second: float) -> None:
        super().__init__()
        self.shown_run: Run | None = None
        self.history = RunState()
        self._follower: Follower[RunState] | None = None
        self._opening: Run | None = None
        self._redraw_seconds = 1 / redraws_per_second
        self._drawn_at = self._charts_drawn_at = self._last_event_at = 0.0
        self._are_charts_outdated = self._was_training = self._was_silent = False
        self._new_lines: list[Text] = []

    def compose(self) -> ComposeResult:
        """Compose headline, progress, metrics, result, charts and log."""
        with Horizontal(id="top"):
            yield Static(_NO_RUN, id="headline")
            yield DeviceUsage(is_short=True)
        yield ProgressBars()
        yield Static(id="metrics")
        yield Result()
        yield Dashboard()
        yield RunLog(id="log")

    def on_mount(self) -> None:
        """Start polling, at a rate that does not depend on the run."""
        self.on_resize()  # before the first layout, which would be done twice otherwise
        self.set_interval(_POLL_SECONDS, self._poll_run)

    def show_message(self, message: str = "") -> None:
        """Show a message as the headline until the next redraw; without one, the run's own."""
        if self.shown_run and not message:
            self._show()
        elif self.is_mounted:
            self.query_one("#headline", Static).update(message or _NO_RUN)

    def set_redraw_rate(self, per_second: float) -> None:
        """Set how often at most the view is redrawn."""
        self._redraw_seconds = 1 / per_second

    def on_resize(self) -> None:
        """Keep log and result small if there is little height."""
        height = self.app.size.height
        self.query_one(Result).use_large_digits(height >= _LARGE_DIGITS_HEIGHT)
        rows = next(rows for least, rows in _LOG_HEIGHTS if height >= least)
        more = 0 if self.query_one(Dashboard).has_panels else _MORE_LOG
        self.query_one(RunLog).styles.height = rows + more

    async def watch_run(self, run: Run) -> None:
        """Show a run; if two are being opened at the same time, the later one."""
        self.shown_run, self._follower, self._opening = None, None, run
        follower = await asyncio.to_thread(Follower, run, RunState())
        if self._opening is not run:
            return
        self.history, self._drawn_at, self._charts_drawn_at = follower.state, 0.0, 0.0
        self._last_event_at = time.monotonic()
        self.query_one(RunLog).clear()
        self._narrator = Narrator(self._log_line, self._log_warning)
        self.query_one(Dashboard).reset()
        self._new_lines.clear()
        for event in self.history.as_events(_LOGGED_EPOCHS):
            self._narrator.narrate(event)
        self._write_lines()
        self.shown_run, self._follower = run, follower
        self._show()
        await self._poll_run()

    async def _poll_run(self) -> None:
        follower = self._follower
        if follower is None or follower.is_over:
            return
        if time.monotonic() - self._drawn_at < self._redraw_seconds:
            return
        new = follower.poll()
        if new:
            self._last_event_at = time.monotonic()
        for event in new:
            self._narrator.narrate(event)
            if isinstance(event, events.Failed):
                self._log_warning(f"{event.title}: {event.message}")
        self._write_lines()
        has_changed = bool(new) or self._is_silent != self._was_silent
        if has_changed or follower.is_over or self._are_charts_due:
            self._show()
        if follower.is_over:
            self.post_message(self.Ended(follower.run, self.history.ending))

    @property
    def is_training(self) -> bool:
        """Whether a process trains the run that is shown, and has not reported its end."""
        run = self.shown_run
        return run is not None and self.history.ending is None and run.is_live

    def _show(self) -> None:
        if self.history.progress:  # the first point is drawn at once
            self._drawn_at = time.monotonic()
        history, run = self.history, self.shown_run
        is_live = self.is_training
        if self._was_training != is_live:
            self._was_training = is_live
            self.screen.refresh_bindings()
        status = "running" if is_live else status_from_ending(history.ending)
        headline = Text(run.name if run else "")
        headline.append(f"  {self._status_text(status)}", f"bold {STATUS_STYLES[status]}")
        if history.started:
            model, device = history.started.model, history.started.device
            headline.append(f"  {model.title}, {device.name}", "dim")
        self.query_one("#headline", Static).update(headline, layout=False)
        time_left = history.time_left if is_live and not history.is_paused else ""
        self._was_silent = self._is_silent
        if time_left and self._was_silent:
            last = datetime.fromtimestamp(history.last_time).astimezone()
            time_left = f"no events since {last:%H:%M:%S}"
        download = history.download if is_live else None
        self.query_one(ProgressBars).show(history, download, time_left)
        self.query_one("#metrics", Static).update(self._metrics(status), layout=False)
        data = history.started.data if history.started else None
        self.query_one(Result).show(list(history.final.values()), data)
        self.query_one(Dashboard).show_predictions(history)
        self.on_resize()  # there may be less space for the log now
        self._are_charts_outdated = True
        if not is_live or self._are_charts_due:
            self._are_charts_outdated = False
            self._charts_drawn_at = time.monotonic() if history.progress else 0.0
            self.query_one(Dashboard).show_charts(history, is_live=is_live)

    @property
    def _are_charts_due(self) -> bool:
        """Whether the charts are outdated and were drawn long enough ago."""
        started = self.history.started
        trained = self.history.last_time - started.time if started else 0.0
        lag = max(self._redraw_seconds, min(_CHART_LAG * trained, _MAX_CHART_LAG_SECONDS))
        return self._are_charts_outdated and time.monotonic() - self._charts_drawn_at >= lag

    @property
    def _is_silent(self) -> bool:
        """Whether there was no event for a long time."""
        limit = max(_SILENT_SECONDS, _SILENT_STEPS * self.history.estimate.seconds_per_step)
        return time.monotonic() - self._last_event_at > limit

    def _status_text(self, status: Status) -> str:
        if status == "running" and self.history.is_stopping:
            return "stopping"
        return "paused" if status == "running" and self.history.is_paused else status

    def _metrics(self, status: Status) -> str:
        by_hand = self.history.rate_set_by_hand
        steps = f"{self.history.step:,} steps"
        match self.history.ending:
            case _ if status == "running":
                return self.history.metrics or "Loading …"
            case events.Finished(seconds=seconds):
                steps += f" in {duration(seconds)}"
            case events.Stopped():
                steps += "; e resumes it"
            case _:
                pass
        scores = map(short_accuracy, self.history.final.values())
        return "  ".join([*scores, *[f"lr {by_hand}"] * bool(by_hand), steps])

    def _log_line(self, line: str) -> None:
        self._new_lines.append(Text(line))

    def _log_warning(self, line: str) -> None:
        self._new_lines.append(Text(f"! {line}", style="yellow"))

    def _write_lines(self) -> None:
        self.query_one(RunLog).write(*self._new_lines)
        self._new_lines.clear()

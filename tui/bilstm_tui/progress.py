"""`--no-ui` on a terminal: lines above, a live line of progress below."""

from datetime import datetime, timedelta
from types import TracebackType

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
)
from rich.text import Text

from bilstm_core import events
from bilstm_core.catalog import CATALOG
from bilstm_core.events import Emit, Event

from .narration import Narrator
from .output import harmless, make_console, show_warning

_SMOOTHING = 0.98
_A_YEAR = 365.0 * 24 * 3600
_SLEEP_SECONDS = 10.0
_SLEEP_SHARE = 10
"""Steps of one epoch that take so long, and so many times as long as usual, did not train."""


class ProgressLine:
    """Shows a run's events on a terminal; a context manager that gives what takes them."""

    def __init__(self) -> None:
        self._console = make_console()
        self._narrator = Narrator(self._say, show_warning)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._file = ""
        self._estimate = Estimate()

    def __enter__(self) -> Emit:
        try:
            self._open(TextColumn("Loading PyTorch …", style="dim"), transient=True)  # for seconds
        except BaseException:  # a signal: nobody calls __exit__ for us yet
            self._close()
            raise
        return self._take

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _take(self, event: Event) -> None:
        match event:
            case events.Download():
                self._show_download(event)
                return
            case events.Progress():
                self._update(event.step, status="  ".join(self._estimate.update(event)))
                return
            case events.WentOn():
                self._estimate.go_on(event)
            case events.RunStarted() | events.EvaluationStarted() | events.Stopped():
                self._close()
        self._narrator.tell(event)
        if isinstance(event, events.RunStarted):
            self._estimate.start(event)
            words = TextColumn("{task.fields[status]}", markup=False)
            self._open(BarColumn(bar_width=None), words, transient=True)
            self._update(event.step, total=event.total_steps)

    def _show_download(self, event: events.Download) -> None:
        if event.file != self._file:
            self._file = event.file
            self._close()
            words = TextColumn(f"Fetching {CATALOG[event.dataset].title} {event.file}")
            self._open(words, BarColumn(), DownloadColumn(), transient=False)
        self._update(event.received, total=event.total or None)

    def _open(self, *columns: ProgressColumn, transient: bool) -> None:
        """Start a bar; a transient one goes when its work is done."""
        self._bar = Progress(
            *columns, console=self._console, auto_refresh=False, expand=True, transient=transient
        )
        self._task = self._bar.add_task("", total=None, status="")
        self._bar.start()

    def _update(self, completed: int, *, total: int | None = None, status: str = "") -> None:
        if self._bar:
            self._bar.update(
                self._task, completed=completed, total=total, status=status, refresh=True
            )

    def _close(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _say(self, line: str) -> None:
        self._console.print(Text(harmless(line)))


class Estimate:
    """The words beside the bar: epoch, step, smoothed loss, speed, time left, time of the end."""

    def __init__(self) -> None:
        self.total_steps = 0
        self._num_epochs = 0
        self._first_step = 0
        self._seconds = 0.0
        self.seconds_a_step = 0.0
        self._latest = 0.0
        self._at = (0, 0)
        self._loss = 0.0
        self._weight = 0.0

    def start(self, event: events.RunStarted) -> None:
        """Take the run's size; the clock runs from here, also where it goes on."""
        self.total_steps, self._num_epochs = event.total_steps, event.config["num_epochs"]
        self._first_step, self._at = event.step, (0, event.step)
        self._seconds = self.seconds_a_step = 0.0
        self._latest = event.time

    def go_on(self, event: events.WentOn) -> None:
        """Leave the time of a pause out of the pace."""
        self._latest = event.time

    def update(self, event: events.Progress) -> tuple[str, ...]:
        """The words after some more steps."""
        for loss in event.losses:
            if loss is not None:  # a moving average without its bias towards the initial 0
                self._loss = _SMOOTHING * self._loss + (1 - _SMOOTHING) * loss
                self._weight = _SMOOTHING * self._weight + (1 - _SMOOTHING)
        self._seconds += self._taken(event)
        self.seconds_a_step = self._seconds / max(1, event.step - self._first_step)
        self._latest, self._at = event.time, (event.epoch, event.step)
        seconds = min(self.seconds_a_step * (self.total_steps - event.step), _A_YEAR)
        left = timedelta(seconds=round(seconds))
        end = datetime.now().astimezone() + left
        shown = str(left).removeprefix("0:")
        return (
            f"epoch {event.epoch}/{self._num_epochs}",
            f"{event.step:,}/{self.total_steps:,}",
            f"loss {self._loss / (self._weight or 1):.4f}",
            f"{event.samples_per_second:,.0f} samples/s",
            f"{shown} left",
            f"ends {end:%H:%M}" if left < timedelta(days=1) else f"ends {end:%d %b %H:%M}",
        )

    def _taken(self, event: events.Progress) -> float:
        """Seconds that the latest steps took.

        Where the clock was set back, or the machine slept in the middle of an epoch, they took
        what those before them did.
        """
        epoch, step = self._at
        taken, usual = event.time - self._latest, self.seconds_a_step * (event.step - step)
        has_slept = event.epoch == epoch and taken > max(_SLEEP_SECONDS, _SLEEP_SHARE * usual)
        return usual if taken < 0 or has_slept else taken

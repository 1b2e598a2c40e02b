"""How fast a run trains and when it will end."""

import time
from collections import deque
from datetime import datetime, timedelta

from bilstm_core import events
from bilstm_core.events import Event

_SMOOTHING = 0.98
_SMOOTHED_LOSSES = 1000
"""How many of the latest losses are smoothed; the weight of earlier ones is below 1e-8."""
_A_YEAR = 365.0 * 24 * 3600
_SUSPENDED_SECONDS = 10.0
_SUSPENDED_FACTOR = 10
"""If steps within an epoch take this long and this many times as long as usual, the machine was
suspended."""


class ProgressEstimate:
    """Estimates the speed and the time left of a run from its events."""

    def __init__(self) -> None:
        self.seconds_per_step = 0.0  # mean duration
        self._total_steps = 0
        self._num_epochs = 0
        self._first_step = 0
        self._seconds = 0.0
        self._latest = 0.0
        self._position = (0, 0)
        self._losses: deque[float | None] = deque(maxlen=_SMOOTHED_LOSSES)
        self._samples_per_second = 0.0
        self._updated = 0.0

    def add(self, event: Event) -> None:
        """Add the next event."""
        match event:
            case events.RunStarted():
                self._total_steps, self._num_epochs = event.total_steps, event.config["num_epochs"]
                self._first_step, self._position = event.step, (0, event.step)
                self._seconds = self.seconds_per_step = 0.0
                self._latest = event.time
            case events.Resumed():  # the pause does not count
                self._latest = event.time
            case events.Progress():
                self._add_progress(event)

    def _add_progress(self, event: events.Progress) -> None:
        self._losses.extend(event.losses)
        self._seconds += self._duration(event)
        self.seconds_per_step = self._seconds / max(1, event.step - self._first_step)
        self._latest, self._position = event.time, (event.epoch, event.step)
        self._samples_per_second = event.samples_per_second
        self._updated = time.time()

    def summary(self) -> tuple[str, ...]:
        """Epoch, step, smoothed loss, speed, time left, and time of the end."""
        return (f"epoch {self._position[0]}/{self._num_epochs}", *self.metrics(), *self.time_left())

    def metrics(self) -> tuple[str, ...]:
        """Step, smoothed loss, and speed."""
        return (
            f"{self._position[1]:,}/{self._total_steps:,}",
            f"loss {self._smoothed_loss():.4f}",
            f"{self._samples_per_second:,.0f} samples/s",
        )

    def time_left(self) -> tuple[str, ...]:
        """Time left, and time of the end."""
        seconds = min(self.seconds_per_step * (self._total_steps - self._position[1]), _A_YEAR)
        return (
            f"{_duration_in_words(timedelta(seconds=round(seconds)))} left",
            f"ends {_time_in_words(self._updated + seconds, self._updated)}",
        )

    def _smoothed_loss(self) -> float:
        """The exponential moving average, corrected for its start at 0, as in TensorBoard."""
        average = weight = 0.0
        for loss in self._losses:
            if loss is not None:
                average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
                weight = _SMOOTHING * weight + (1 - _SMOOTHING)
        return average / (weight or 1)

    def _duration(self, event: events.Progress) -> float:
        """The duration of the latest steps in seconds.

        If the clock was set back, or the machine was suspended during an epoch, it is unknown,
        and the mean duration of the earlier steps is used.
        """
        epoch, step = self._position
        elapsed, usual = event.time - self._latest, self.seconds_per_step * (event.step - step)
        limit = max(_SUSPENDED_SECONDS, _SUSPENDED_FACTOR * usual)
        was_suspended = event.epoch == epoch and elapsed > limit
        return usual if elapsed < 0 or was_suspended else elapsed


def _duration_in_words(left: timedelta) -> str:
    """`02:58`, `5:02:58` or `3 d 4 h`."""
    if left.days:
        return f"{left.days} d {left.seconds // 3600} h"
    return str(left).removeprefix("0:")


def _time_in_words(end: float, now: float) -> str:
    """The time of the end, with the date if it is more than a day from now."""
    words = "%H:%M" if end - now < timedelta(days=1).total_seconds() else "%d %b %H:%M"
    return f"{datetime.fromtimestamp(end).astimezone():{words}}"

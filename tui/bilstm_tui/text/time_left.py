"""How fast a run goes and when it will be over."""

import time
from collections import deque
from datetime import datetime, timedelta

from bilstm_core import events

_SMOOTHING = 0.98
_WEIGHED = 1000
"""Latest losses that the smoothed one is made of; what is further back weighs less than 1e-8."""
_A_YEAR = 365.0 * 24 * 3600
_SLEEP_SECONDS = 10.0
_SLEEP_SHARE = 10
"""Steps of one epoch that take so long, and so many times as long as usual, did not train."""


class Estimate:
    """Takes a run's events, as many and as fast as they come, and puts them into words when asked.

    Attributes:
        seconds_a_step: What a step takes, on average.
    """

    def __init__(self) -> None:
        self.seconds_a_step = 0.0
        self._total_steps = 0
        self._num_epochs = 0
        self._first_step = 0
        self._seconds = 0.0
        self._latest = 0.0
        self._at = (0, 0)
        self._losses: deque[float | None] = deque(maxlen=_WEIGHED)
        self._samples_per_second = 0.0
        self._heard = 0.0

    def start(self, event: events.RunStarted) -> None:
        """Take the run's size; the clock runs from here, also where it goes on."""
        self._total_steps, self._num_epochs = event.total_steps, event.config["num_epochs"]
        self._first_step, self._at = event.step, (0, event.step)
        self._seconds = self.seconds_a_step = 0.0
        self._latest = event.time

    def go_on(self, event: events.Resumed) -> None:
        """Leave the time of a pause out of the pace."""
        self._latest = event.time

    def take(self, event: events.Progress) -> None:
        """Take some more steps."""
        self._losses.extend(event.losses)
        self._seconds += self._taken(event)
        self.seconds_a_step = self._seconds / max(1, event.step - self._first_step)
        self._latest, self._at = event.time, (event.epoch, event.step)
        self._samples_per_second = event.samples_per_second
        self._heard = time.time()

    def words(self) -> tuple[str, ...]:
        """Epoch, figures, and end."""
        return (f"epoch {self._at[0]}/{self._num_epochs}", *self.figures(), *self.end())

    def figures(self) -> tuple[str, ...]:
        """Step, smoothed loss, and speed."""
        return (
            f"{self._at[1]:,}/{self._total_steps:,}",
            f"loss {self._smoothed_loss():.4f}",
            f"{self._samples_per_second:,.0f} samples/s",
        )

    def end(self) -> tuple[str, ...]:
        """Time left, and the time of the end."""
        seconds = min(self.seconds_a_step * (self._total_steps - self._at[1]), _A_YEAR)
        return (
            f"{_in_short(timedelta(seconds=round(seconds)))} left",
            f"ends {_when(self._heard + seconds, self._heard)}",
        )

    def _smoothed_loss(self) -> float:
        """A moving average without its bias towards the initial 0, as TensorBoard's."""
        average = weight = 0.0
        for loss in self._losses:
            if loss is not None:
                average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
                weight = _SMOOTHING * weight + (1 - _SMOOTHING)
        return average / (weight or 1)

    def _taken(self, event: events.Progress) -> float:
        """Seconds that the latest steps took.

        Where the clock was set back, or the machine slept in the middle of an epoch, they took
        what those before them did.
        """
        epoch, step = self._at
        taken, usual = event.time - self._latest, self.seconds_a_step * (event.step - step)
        has_slept = event.epoch == epoch and taken > max(_SLEEP_SECONDS, _SLEEP_SHARE * usual)
        return usual if taken < 0 or has_slept else taken


def _in_short(left: timedelta) -> str:
    """`02:58`, `5:02:58` or `3 d 4 h`."""
    if left.days:
        return f"{left.days} d {left.seconds // 3600} h"
    return str(left).removeprefix("0:")


def _when(end: float, now: float) -> str:
    """The clock time of the end, with the day where it is not within a day from now."""
    words = "%H:%M" if end - now < timedelta(days=1).total_seconds() else "%d %b %H:%M"
    return f"{datetime.fromtimestamp(end).astimezone():{words}}"

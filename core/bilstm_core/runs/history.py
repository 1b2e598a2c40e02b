"""What a run's events add up to: the one read-out that screens, tables and scripts share."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import events
from ..events import Event, Split

_CAPACITY = 1 << 16
_TAKEN_AT_ONCE = 1 << 12
_MOMENTS = 4096
_EPOCHS = 4096
LATEST_EPOCHS = 256
"""Epochs that are all remembered, however many there were."""


class Curve:
    """A number for each step of a run, in a fixed amount of memory, however long the run.

    Up to 65,536 steps each has a place of its own. Beyond that, neighbouring steps share one,
    which keeps the least, the greatest and the mean of them: no spike is lost.
    """

    def __init__(self) -> None:
        self.span = 1
        """Steps that share a place."""
        self._low = np.full(_CAPACITY, np.nan)
        self._high = np.full(_CAPACITY, np.nan)
        self._sum = np.zeros(_CAPACITY)
        self._count = np.zeros(_CAPACITY, np.int64)
        self._bad = np.zeros(_CAPACITY, np.int64)
        self._waiting_from = 1
        self._waiting: list[float | None] = []
        """Not in their places yet: many at a time get there faster."""

    def extend(self, first_step: int, values: list[float | None]) -> None:
        """Take the values of consecutive steps; None stands for one that was not finite."""
        if first_step != self._waiting_from + len(self._waiting):
            self._settle()
            self._waiting_from = first_step
        self._waiting += values
        if len(self._waiting) >= _TAKEN_AT_ONCE:
            self._settle()

    def _settle(self) -> None:
        """Bring what waits to its places."""
        first_step, values = self._waiting_from, self._waiting
        self._waiting_from, self._waiting = first_step + len(values), []
        while (first_step + len(values) - 2) // self.span >= _CAPACITY:
            self._halve()
        numbers = np.array(values, dtype=np.float64)  # None becomes nan
        places = (np.arange(len(values)) + (first_step - 1)) // self.span
        is_finite = np.isfinite(numbers)
        np.add.at(self._bad, places[~is_finite], 1)
        places, numbers = places[is_finite], numbers[is_finite]
        np.fmin.at(self._low, places, numbers)
        np.fmax.at(self._high, places, numbers)
        np.add.at(self._sum, places, numbers)
        np.add.at(self._count, places, 1)

    def cut_after(self, step: int) -> None:
        """Forget the values of later steps, as far as they do not share a place with others."""
        self._settle()
        start = -(-step // self.span)
        self._low[start:] = self._high[start:] = np.nan
        self._sum[start:] = self._count[start:] = self._bad[start:] = 0

    def points(self) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Steps with their least, greatest and mean value, in order."""
        self._settle()
        (places,) = np.nonzero(self._count)
        steps = places * self.span + 1
        mean = self._sum[places] / self._count[places]
        return steps, self._low[places], self._high[places], mean

    def bad_steps(self) -> NDArray[np.int64]:
        """Steps whose value was not finite; with shared places, the first of each place."""
        self._settle()
        return np.nonzero(self._bad)[0] * self.span + 1

    def __len__(self) -> int:
        """Number of values taken."""
        self._settle()
        return int(self._count.sum() + self._bad.sum())

    def _halve(self) -> None:
        half = _CAPACITY // 2
        self._low[:half] = np.fmin(self._low[::2], self._low[1::2])
        self._high[:half] = np.fmax(self._high[::2], self._high[1::2])
        for counts in (self._sum, self._count, self._bad):
            counts[:half] = counts[::2] + counts[1::2]
            counts[half:] = 0
        self._low[half:] = self._high[half:] = np.nan
        self.span *= 2


class Clock:
    """When each step was taken, in seconds of the run; pauses and interruptions do not count."""

    def __init__(self) -> None:
        self._steps = [0]
        self._seconds = [0.0]
        self._latest: float | None = None

    def start(self, time: float, step: int) -> None:
        """Begin, or go on from a step; what was known of later steps is forgotten."""
        kept = bisect_right(self._steps, step)
        del self._steps[kept:], self._seconds[kept:]
        self._latest = time

    def tick(self, time: float, step: int) -> None:
        """A step was taken."""
        if self._latest is None or step <= self._steps[-1]:
            return
        self._steps.append(step)
        self._seconds.append(self._seconds[-1] + max(0.0, time - self._latest))
        self._latest = time
        if len(self._steps) > _MOMENTS:  # half of them do, at half the resolution
            del self._steps[1:-1:2], self._seconds[1:-1:2]

    def go_on(self, time: float) -> None:
        """Leave out what passed since the last step."""
        self._latest = time

    def at(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds at these steps."""
        return np.interp(steps, self._steps, self._seconds)


class History:
    """A run as it went, in a fixed amount of memory; what was trained twice appears once.

    Attributes:
        started: The latest start, with configuration, model and sizes; None before it.
        losses: The loss of each step.
        clock: When each step was taken.
        progress: The latest progress report.
        epochs: What each epoch's training came to; of thousands the latest, and a part of the rest.
        watched: The check after each epoch, on validation or test data.
        final: The final accuracies by split.
        learning_rate_changes: Where somebody changed the learning rate.
        warnings: What the run warned of, oldest first.
        ending: How the latest session ended; None while it goes on, or if it went without a word.
        is_stopping: Whether it checks what there is before it stops.
        is_paused: Whether it waits for somebody to let it go on.
        last_time: When the latest event happened.
    """

    def __init__(self) -> None:
        self.started: events.RunStarted | None = None
        self.losses = Curve()
        self.clock = Clock()
        self.progress: events.Progress | None = None
        self.epochs: dict[int, events.EpochEnded] = {}
        self.watched: dict[int, events.Evaluation] = {}
        self.final: dict[Split, events.Evaluation] = {}
        self.learning_rate_changes: list[events.LearningRateChanged] = []
        self.warnings: list[str] = []
        self.ending: events.Finished | events.Stopped | events.Failed | None = None
        self.is_stopping = False
        self.is_paused = False
        self.last_time = 0.0
        self._checking: events.EvaluationStarted | None = None
        """A final check whose result is still to come."""

    @property
    def step(self) -> int:
        """The last step known of."""
        return self.progress.step if self.progress else 0

    def add(self, event: Event) -> None:
        """Take the next event."""
        self.last_time = event.time
        self.is_paused = isinstance(event, events.Paused)
        self._checking = event if isinstance(event, events.EvaluationStarted) else None
        self.is_stopping = isinstance(event, events.Stopping) or (
            self.is_stopping and isinstance(event, events.EvaluationStarted | events.Evaluation)
        )
        match event:
            case events.RunStarted():
                self._cut_after(event.step)
                self.clock.start(event.time, event.step)
                self.started = event
            case events.Resumed():
                self.clock.go_on(event.time)
            case events.Progress():
                self._take_progress(event)
            case events.EpochEnded():
                self.epochs[event.epoch] = event
                self._forget_some()
            case events.Evaluation(final=True):
                self.final[event.split] = event
            case events.Evaluation():
                self.watched[event.epoch] = event
            case events.LearningRateChanged():
                self.learning_rate_changes.append(event)
            case events.RunWarning():
                self.warnings.append(event.message)
            case events.Finished() | events.Stopped() | events.Failed():
                self.ending = event
            case _:
                pass

    def story(self, epochs: int = 2**53) -> Iterator[Event]:
        """The run so far as the events that tell it in lines, each epoch that is kept once.

        Args:
            epochs: How many of the last epochs to tell of.
        """
        if self.started:
            yield self.started
        for epoch, trained in sorted(self.epochs.items())[-epochs:]:
            yield trained
            if epoch in self.watched:
                yield self.watched[epoch]
        was_asked = self.is_stopping or isinstance(self.ending, events.Stopped)
        if was_asked and (self.final or self._checking):  # else it would be told as an early end
            at = self.ending if isinstance(self.ending, events.Stopped) else self.progress
            if at:
                yield events.Stopping(epoch=at.epoch, step=at.step)
        for split, check in self.final.items():
            yield events.EvaluationStarted(
                split=split, epoch=check.epoch, step=check.step, total=check.total
            )
            yield check
        if self._checking:
            yield self._checking
        if self.ending:
            yield self.ending

    def _take_progress(self, event: events.Progress) -> None:
        first = event.step - len(event.losses) + 1
        if first < 1:  # no run of ours says that
            return
        if first <= self.step:  # its start was in a part of the log that could not be read
            self._cut_after(first - 1)
        self.losses.extend(first, event.losses)
        self.clock.tick(event.time, event.step)
        self.progress = event

    def _forget_some(self) -> None:
        """Of very many epochs keep each eighth, say, and the latest: a picture shows no more."""
        if len(self.epochs) <= _EPOCHS:
            return
        apart = 1 << (max(self.epochs) // (_EPOCHS // 2)).bit_length()
        for epoch in sorted(self.epochs)[1:-LATEST_EPOCHS]:
            if epoch % apart:
                del self.epochs[epoch]
                self.watched.pop(epoch, None)

    def _cut_after(self, step: int) -> None:
        self.losses.cut_after(step)
        self.epochs = {key: event for key, event in self.epochs.items() if event.step <= step}
        self.watched = {key: event for key, event in self.watched.items() if event.step <= step}
        self.learning_rate_changes = [
            event for event in self.learning_rate_changes if event.step <= step
        ]
        self.final.clear()
        self.ending = None
        if self.step > step:
            self.progress = None

"""What a run's events amount to: the state that screens and commands show."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import events
from ..data.spec import Split
from ..events import Event
from .event_log import Ending

_MAX_BINS = 1 << 16
_FEW_BINS = 1 << 12
"""For values of which there are a few a second."""
_BUFFERED_VALUES = 1 << 12
_MAX_TIMES = 4096
_MAX_EPOCHS = 4096
_MAX_FINAL_EVENTS = 64
LATEST_EPOCHS = 256
"""Of the latest epochs all are kept, however many there were."""


class Curve:
    """A value for each step of a run, in a fixed amount of memory however long the run is.

    Each of the first 65,536 steps has its own bin. Of a longer run, neighbouring steps share a
    bin, which keeps their minimum, maximum and mean, so that no outlier is lost.

    Attributes:
        bin_size: Steps per bin.
    """

    def __init__(self, bins: int = 0) -> None:
        bins = self._bins = bins or _MAX_BINS
        self.bin_size = 1
        self._low = np.full(bins, np.nan)
        self._high = np.full(bins, np.nan)
        self._sum = np.zeros(bins)
        self._count = np.zeros(bins, np.int64)
        self._non_finite = np.zeros(bins, np.int64)
        self._buffer_start = 1
        self._buffer: list[float | None] = []
        """Values not in their bins yet: adding many at a time is faster."""

    def extend(self, first_step: int, values: list[float | None]) -> None:
        """Add the values of consecutive steps; None stands for a value that was not finite."""
        if first_step != self._buffer_start + len(self._buffer):
            self._flush()
            self._buffer_start = first_step
        self._buffer += values
        if len(self._buffer) >= _BUFFERED_VALUES:
            self._flush()

    def _flush(self) -> None:
        """Add the buffered values to their bins."""
        first_step, values = self._buffer_start, self._buffer
        self._buffer_start, self._buffer = first_step + len(values), []
        self._add(np.arange(first_step, first_step + len(values)), values)

    def _add(self, steps: NDArray[np.int64], values: list[float | None]) -> None:
        """Add the values of ascending steps to their bins."""
        if not values:
            return
        while (int(steps[-1]) - 1) // self.bin_size >= self._bins:
            self._double_bin_size()
        numbers = np.array(values, dtype=np.float64)  # None becomes nan
        bins = (steps - 1) // self.bin_size
        is_finite = np.isfinite(numbers)
        np.add.at(self._non_finite, bins[~is_finite], 1)
        bins, numbers = bins[is_finite], numbers[is_finite]
        np.fmin.at(self._low, bins, numbers)
        np.fmax.at(self._high, bins, numbers)
        np.add.at(self._sum, bins, numbers)
        np.add.at(self._count, bins, 1)

    def discard_after(self, step: int) -> None:
        """Discard the values of later steps, except those in the bin of this step."""
        self._flush()
        start = -(-step // self.bin_size)
        self._low[start:] = self._high[start:] = np.nan
        self._sum[start:] = self._count[start:] = self._non_finite[start:] = 0

    def points(self) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The first step of each bin, and the minimum, maximum and mean of its values."""
        self._flush()
        (bins,) = np.nonzero(self._count)
        steps = bins * self.bin_size + 1
        mean = self._sum[bins] / self._count[bins]
        return steps, self._low[bins], self._high[bins], mean

    def non_finite_steps(self) -> NDArray[np.int64]:
        """The first step of each bin that has a value which was not finite."""
        self._flush()
        return np.nonzero(self._non_finite)[0] * self.bin_size + 1

    def __len__(self) -> int:
        """Number of values."""
        self._flush()
        return int(self._count.sum() + self._non_finite.sum())

    def _double_bin_size(self) -> None:
        half = self._bins // 2
        self._low[:half] = np.fmin(self._low[::2], self._low[1::2])
        self._high[:half] = np.fmax(self._high[::2], self._high[1::2])
        for counts in (self._sum, self._count, self._non_finite):
            counts[:half] = counts[::2] + counts[1::2]
            counts[half:] = 0
        self._low[half:] = self._high[half:] = np.nan
        self.bin_size *= 2


class SparseCurve(Curve):
    """A value for some steps of a run."""

    def __init__(self) -> None:
        super().__init__(_FEW_BINS)
        self._buffer_steps: list[int] = []

    def add(self, step: int, value: float | None) -> None:
        """Add the value of a step, which comes after the others."""
        self._buffer_steps.append(step)
        self._buffer.append(value)
        if len(self._buffer) >= _BUFFERED_VALUES:
            self._flush()

    def _flush(self) -> None:
        steps, values = np.array(self._buffer_steps, np.int64), self._buffer
        self._buffer_steps, self._buffer = [], []
        self._add(steps, values)


class Clock:
    """The training time of each step in seconds; pauses and interruptions do not count."""

    def __init__(self) -> None:
        self._steps = [0]
        self._seconds = [0.0]
        self._latest: float | None = None

    def start(self, time: float, step: int) -> None:
        """Start at a step; the times of later steps are discarded."""
        kept = bisect_right(self._steps, step)
        del self._steps[kept:], self._seconds[kept:]
        self._latest = time

    def add(self, time: float, step: int) -> None:
        """Add the time at which a step ended."""
        if self._latest is None or step <= self._steps[-1]:
            return
        self._steps.append(step)
        self._seconds.append(self._seconds[-1] + max(0.0, time - self._latest))
        self._latest = time
        if len(self._steps) > _MAX_TIMES:  # halve the resolution
            del self._steps[1:-1:2], self._seconds[1:-1:2]

    def resume(self, time: float) -> None:
        """Skip the time since the latest step."""
        self._latest = time

    def seconds_at(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """The training time of these steps."""
        return np.interp(steps, self._steps, self._seconds)


class History:
    """A run so far, in a fixed amount of memory; a step that was trained twice counts once.

    Attributes:
        started: The latest start; None before it.
        losses: The loss of each step.
        learning_rates: Those of the reported steps, and so are the following three.
        gradient_norms: Before clipping.
        speeds: Sequences a second.
        device_usage: As a fraction.
        clock: The training time of each step.
        progress: The latest progress report.
        epochs: The training results by epoch; of thousands of epochs, the latest and some earlier.
        epoch_evaluations: The evaluation after each of these, on validation or test data, without
            its counts by class.
        by_class: The latest of them with counts, and the one before.
        examples: The sequences whose predictions are reported; None where a log has none.
        predictions: The latest predictions for them.
        final: The final evaluations by split.
        ending: How the run ended; None while it is trained, or if its process reported nothing.
        is_stopping: Whether the user asked it to stop and the final evaluation is running.
        last_time: Time of the latest event.
    """

    def __init__(self) -> None:
        self.started: events.RunStarted | None = None
        self.losses = Curve()
        self.learning_rates = SparseCurve()
        self.gradient_norms = SparseCurve()
        self.speeds = SparseCurve()
        self.device_usage = SparseCurve()
        self.clock = Clock()
        self.progress: events.Progress | None = None
        self.epochs: dict[int, events.EpochEnded] = {}
        self.epoch_evaluations: dict[int, events.Evaluation] = {}
        self.by_class: list[events.Evaluation] = []
        self.examples: events.Examples | None = None
        self.predictions: events.Predictions | None = None
        self.final: dict[Split, events.Evaluation] = {}
        self.learning_rate_changes: list[events.LearningRateChanged] = []
        self.warnings: list[str] = []
        self.ending: Ending | None = None
        self.is_stopping = False
        self.is_paused = False
        self.last_time = 0.0
        self._final_events: deque[Event] = deque(maxlen=_MAX_FINAL_EVENTS)
        """The events between the last epoch and the ending."""

    @property
    def step(self) -> int:
        """The last step that was reported."""
        return self.progress.step if self.progress else 0

    def add(self, event: Event) -> None:
        """Add the next event."""
        self.last_time = event.time
        self.is_paused = isinstance(event, events.Paused)
        match event:
            case events.RunStarted():
                self._discard_after(event.step)
                self.clock.start(event.time, event.step)
                self.started = event
            case events.Resumed():
                self.clock.resume(event.time)
            case events.Progress():
                self._add_progress(event)
            case events.EpochEnded():
                self.epochs[event.epoch] = event
                self._thin_out_epochs()
            case events.Evaluation(final=False):
                self.epoch_evaluations[event.epoch] = replace(event, class_correct=())
                self.by_class = [*self.by_class[-1:], event]
            case (
                events.StoppedEarly()
                | events.Stopping()
                | events.EvaluationStarted()
                | events.Evaluation()
            ):
                self._add_final(event)
            case events.Finished() | events.Stopped() | events.Failed():
                self.ending = event
                self.is_stopping = False
            case _:
                self._add_other(event)

    def as_events(self, max_epochs: int = 2**53) -> Iterator[Event]:
        """The events that a report in lines consists of, each of the latest epochs once."""
        if self.started:
            yield self.started
        for epoch, trained in sorted(self.epochs.items())[-max_epochs:]:
            yield trained
            if epoch in self.epoch_evaluations:
                yield self.epoch_evaluations[epoch]
        yield from self._final_events
        if self.ending:
            yield self.ending

    def _add_other(self, event: Event) -> None:
        match event:
            case events.LearningRateChanged():
                self.learning_rate_changes.append(event)
            case events.RunWarning():
                self.warnings.append(event.message)
            case events.Examples():
                self.examples = event
            case events.Predictions():
                self.predictions = event
            case _:
                pass

    def _add_progress(self, event: events.Progress) -> None:
        first = event.step - len(event.losses) + 1
        if first < 1:  # written by another program
            return
        if first <= self.step or self._final_events or self.ending:
            # the run was resumed in a part of the log that could not be read
            self._discard_after(first - 1)
        self.losses.extend(first, event.losses)
        self.learning_rates.add(event.step, event.learning_rate)
        self.gradient_norms.add(event.step, event.gradient_norm)
        self.speeds.add(event.step, event.samples_per_second)
        self.device_usage.add(event.step, event.device_usage)
        self.clock.add(event.time, event.step)
        self.progress = event

    def _add_final(self, event: Event) -> None:
        self._final_events.append(event)
        if isinstance(event, events.Evaluation):
            self.final[event.split] = event
        self.is_stopping = self.is_stopping or isinstance(event, events.Stopping)

    def _thin_out_epochs(self) -> None:
        """Of very many epochs keep the latest and, say, every eighth: enough for a chart."""
        if len(self.epochs) <= _MAX_EPOCHS:
            return
        apart = 1 << (max(self.epochs) // (_MAX_EPOCHS // 2)).bit_length()
        for epoch in sorted(self.epochs)[1:-LATEST_EPOCHS]:
            if epoch % apart:
                del self.epochs[epoch]
                self.epoch_evaluations.pop(epoch, None)

    def _discard_after(self, step: int) -> None:
        """Discard what was reported of later steps, and of the end: training resumes here."""
        for curve in (
            self.losses,
            self.learning_rates,
            self.gradient_norms,
            self.speeds,
            self.device_usage,
        ):
            curve.discard_after(step)
        self.by_class = [it for it in self.by_class if it.step <= step]
        if self.predictions and self.predictions.step > step:
            self.predictions = None
        for results in (self.epochs, self.epoch_evaluations):
            for epoch in [key for key, event in results.items() if event.step > step]:
                del results[epoch]
        self.learning_rate_changes = [it for it in self.learning_rate_changes if it.step <= step]
        self.final.clear()
        self._final_events.clear()
        self.ending, self.is_stopping = None, False
        if self.step > step:
            self.progress = None

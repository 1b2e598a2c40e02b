"""Estimates of a run's duration from earlier runs."""

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean

from .. import events
from ..config.schema import RunConfig
from ..data.spec import DataSpec
from ..errors import ConfigError
from ..network.cost import operations_per_step, steps_per_epoch, with_epochs
from .event_log import read_head, read_tail
from .run import Run

_TAIL_BYTES = 1 << 16
_OVERHEAD_SECONDS = 0.002
"""Overhead of a step, whatever its size; 2 ms fit a small network on a CPU."""
_OPERATIONS_PER_SECOND = 5e10
"""Arithmetic operations per second of a CPU with few cores; only the ratio of two steps counts."""


@dataclass(frozen=True)
class StepTiming:
    """The duration of a step in an earlier run."""

    device: str  # PyTorch's name of it
    cell: str
    operations: float  # arithmetic operations of the step
    seconds: float


@dataclass(frozen=True)
class DurationEstimate:
    """The estimated duration of a run.

    Attributes:
        is_of_same_size: Whether it is from runs with the same cell and operations, else rough.
    """

    seconds: float
    is_of_same_size: bool


def observe_step_times(runs: Iterable[Run]) -> list[StepTiming]:
    """Read the step durations of earlier runs; runs without a complete epoch are skipped."""
    timings = []
    for run in runs:
        head = read_head(run.log_file)
        started = next((event for event in head if isinstance(event, events.RunStarted)), None)
        tail = read_tail(run.log_file, _TAIL_BYTES)
        epochs = [it for it in tail if isinstance(it, events.EpochEnded) and it.seconds > 0]
        if not started or not epochs:
            continue
        with suppress(ConfigError):
            operations = operations_per_step(run.config, started.data)
            config, device = run.config, started.device.name
            steps = sum(max(1, math.ceil(it.total / config.batch_size)) for it in epochs)
            # of all epochs: other programs slow some of them down
            seconds = sum(it.seconds for it in epochs) / steps
            timings.append(StepTiming(device, config.cell, operations, seconds))
    return timings


def estimate_seconds(
    config: RunConfig, spec: DataSpec, device: str, observed: Iterable[StepTiming]
) -> DurationEstimate | None:
    """Estimate the duration of a run in seconds, including evaluations.

    The step time is scaled from that of the most similar runs on the same device: a fixed overhead
    plus a part proportional to the number of operations. None without a run on the device: a guess
    from the operations alone was wrong by a factor of 2 to 4 on ordinary machines.
    """
    config = with_epochs(config, spec)
    operations = operations_per_step(config, spec)

    def distance(other: StepTiming) -> tuple[bool, float]:
        return other.cell != config.cell, abs(math.log(other.operations / operations))

    here = [it for it in observed if it.device == device]
    if not here:
        return None
    nearest = min(map(distance, here))
    factors = [
        it.seconds / _modelled_seconds(it.operations) for it in here if distance(it) == nearest
    ]
    step = fmean(factors) * _modelled_seconds(operations)
    trained = spec.train_size + spec.validation_size
    evaluated = trained + spec.test_size * config.num_epochs  # forward pass: a third of a step
    steps = steps_per_epoch(config, spec) * config.num_epochs
    seconds = step * (steps + evaluated / config.batch_size / 3)
    return DurationEstimate(seconds, is_of_same_size=nearest == (False, 0.0))


def _modelled_seconds(operations: float) -> float:
    return _OVERHEAD_SECONDS + operations / _OPERATIONS_PER_SECOND

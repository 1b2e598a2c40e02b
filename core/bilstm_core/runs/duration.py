"""Estimates of a run's duration from earlier runs."""

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

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
"""Arithmetic operations per second if nothing was measured: those of a CPU with few cores."""


@dataclass(frozen=True)
class StepTiming:
    """The duration of a step in an earlier run."""

    device: str  # PyTorch's name of it
    operations: float  # arithmetic operations of the step
    seconds: float


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
            steps = max(1, math.ceil(epochs[-1].total / run.config.batch_size))
            timings.append(StepTiming(started.device.name, operations, epochs[-1].seconds / steps))
    return timings


def estimate_seconds(
    config: RunConfig, spec: DataSpec, device: str, observed: Iterable[StepTiming]
) -> float:
    """Estimate the duration of a run in seconds, including evaluations.

    The step time is scaled from the most similar run on the same device: a fixed overhead plus a
    part proportional to the number of operations. Without such a run the estimate is rough.
    """
    config = with_epochs(config, spec)
    operations = operations_per_step(config, spec)

    def distance(other: StepTiming) -> float:
        return abs(math.log(other.operations / operations))

    step = _modelled_seconds(operations)
    nearest = min((o for o in observed if o.device == device), key=distance, default=None)
    if nearest:
        step *= nearest.seconds / _modelled_seconds(nearest.operations)
    trained = spec.train_size + spec.validation_size
    evaluated = trained + spec.test_size * config.num_epochs  # forward pass: a third of a step
    steps = steps_per_epoch(config, spec) * config.num_epochs
    return step * (steps + evaluated / config.batch_size / 3)


def _modelled_seconds(operations: float) -> float:
    return _OVERHEAD_SECONDS + operations / _OPERATIONS_PER_SECOND

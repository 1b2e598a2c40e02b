"""How long a configuration will train, estimated from earlier runs."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .. import events
from ..config.schema import RunConfig
from ..data.spec import DataSpec
from ..errors import ConfigError
from ..network.cost import operations_per_step, steps_per_epoch
from .event_log import read_piece, read_tail
from .run import Run

_HEAD_BYTES = 1 << 13
_TAIL_BYTES = 1 << 16
_OVERHEAD_SECONDS = 0.002
"""Of a step, whatever its size; 2 ms fit a small network on a processor."""
_GUESSED_RATE = 5e10
"""Arithmetic operations a second where nothing was measured: a plain processor of few cores."""


@dataclass(frozen=True)
class StepTiming:
    """What a step of some run took.

    Attributes:
        device: Where, by PyTorch's name.
        operations: Arithmetic operations of the step.
        seconds: Its duration.
    """

    device: str
    operations: float
    seconds: float


def observe_step_times(runs: Iterable[Run]) -> list[StepTiming]:
    """What the steps of earlier runs took; runs without an epoch are left out."""
    observations = []
    for run in runs:
        head = read_piece(run.log_file, 0, _HEAD_BYTES)
        started = next((event for event in head if isinstance(event, events.RunStarted)), None)
        epochs = [
            event
            for event in read_tail(run.log_file, _TAIL_BYTES)
            if isinstance(event, events.EpochEnded) and event.seconds > 0
        ]
        if not started or not epochs:
            continue
        try:
            operations = operations_per_step(run.config, started.data)
        except ConfigError:
            continue
        steps = math.ceil(epochs[-1].total / run.config.batch_size)
        observations.append(
            StepTiming(started.device.name, operations, epochs[-1].seconds / max(1, steps))
        )
    return observations


def estimate_seconds(
    config: RunConfig, spec: DataSpec, device: str, observed: Iterable[StepTiming]
) -> float:
    """How long a run will take, evaluations included.

    The most similar run on the same device gives the time of a step; beyond a fixed overhead it
    grows in proportion to the arithmetic.

    Args:
        config: The configuration.
        spec: The data.
        device: Where, by PyTorch's name.
        observed: What earlier runs took; without one on this device it is a guess.
    """
    operations = operations_per_step(config, spec)

    def distance(other: StepTiming) -> float:
        return abs(math.log(other.operations / operations))

    nearest = min((o for o in observed if o.device == device), key=distance, default=None)
    if nearest:
        expected = _expected(nearest.operations)
        step = nearest.seconds * _expected(operations) / expected
    else:
        step = _expected(operations)
    trained = spec.train_size + spec.validation_size
    evaluated = trained + spec.test_size * config.num_epochs  # forward only: a third
    steps = steps_per_epoch(config, spec) * config.num_epochs
    return step * (steps + evaluated / config.batch_size / 3)


def _expected(operations: float) -> float:
    return _OVERHEAD_SECONDS + operations / _GUESSED_RATE

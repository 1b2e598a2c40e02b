"""Tries learning rates on a fresh network, each for one step, and looks where the loss falls."""

import math
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from torch import Tensor

from .. import events
from ..compute.devices import prepared
from ..config.schema import RunConfig
from ..data.sources.registry import load_dataset
from ..errors import NonFiniteLossError
from ..events import Event
from ..paths import data_dir as default_data_dir
from .learning_rate_curve import LearningRateCurve, suggest
from .thread_tuning import choose_threads
from .trainer import Trainer

_LEAST, _GREATEST = 1e-5, 10.0
_STEPS = 100
_SMOOTHING = 0.9
_HOPELESS = 4.0
"""Times the least loss: from there on, larger rates show nothing more."""


def find_learning_rate(
    config: RunConfig,
    data_dir: Path | None = None,
) -> LearningRateCurve:
    """Train with rates that rise from 1e-5 to 10, a factor a step (Smith 2017).

    Everything else is as in the run itself: batch size, optimiser, augmentation, precision.

    Args:
        config: The run's configuration; its learning rate, schedule and length do not matter.
        data_dir: Folder of the data sets; the user's own where None.

    Raises:
        BilstmError: The data cannot be had, or this machine lacks the device.
    """
    steady = config.model_copy(update={"schedule": "constant"})
    with prepared(config) as device:
        folder = default_data_dir(data_dir)
        data = load_dataset(config.dataset, folder, lambda _: None)
        data = data.hold_out(config.validation_fraction, config.seed).to(device)
        choose_threads(config, device)
        told: list[float] = []
        trainer = Trainer(steady, data, device, lambda event: told.extend(_losses(event)))
        trainer.model.train()
        rates: list[float] = []
        losses: list[float] = []
        average = 0.0
        with suppress(NonFiniteLossError):
            for number, (rows, labels) in enumerate(_endless(trainer), start=1):
                rate = _LEAST * (_GREATEST / _LEAST) ** ((number - 1) / (_STEPS - 1))
                trainer.learning_rate = rate
                trainer.take_step(rows, labels)
                trainer.meter.flush()
                average = _SMOOTHING * average + (1 - _SMOOTHING) * told[-1]
                rates.append(rate)
                losses.append(average / (1 - _SMOOTHING**number))
                if number == _STEPS or losses[-1] > _HOPELESS * min(losses):
                    break
    return LearningRateCurve(rates=rates, losses=losses, suggestion=suggest(rates, losses))


def _losses(event: Event) -> list[float]:
    """The losses that an event tells of."""
    if not isinstance(event, events.Progress):
        return []
    return [math.nan if loss is None else loss for loss in event.losses]


def _endless(trainer: Trainer) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches, epoch after epoch."""
    for epoch in count(1):
        trainer.meter.start_epoch()
        yield from trainer.batches(epoch)

"""Tries learning rates on a new network, each for one step, and looks where the loss falls."""

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from .. import events
from ..config.schema import RunConfig
from ..data.batches import Batch, training_batches
from ..errors import NonFiniteLossError
from ..events import Event
from .learning_rate_curve import LearningRateCurve, suggest
from .preparation import prepare
from .run_start import precision_warnings
from .trainer import Trainer

_LEAST, _GREATEST = 1e-5, 10.0
_STEPS = 100
_SMOOTHING = 0.9
_DIVERGED = 4.0
"""Times the least loss: beyond it, larger rates show nothing more."""


def find_learning_rate(
    config: RunConfig,
    data_dir: Path | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> LearningRateCurve:
    """Train with rates that rise from 1e-5 to 10, by a factor a step (Smith 2017).

    Everything else is as in the run itself: batch size, optimiser, augmentation, precision.

    Args:
        config: The run's configuration; its learning rate, schedule and length do not matter.
        data_dir: Folder of the data sets; the user's own where None.
        warn: Takes what the user should know.

    Raises:
        BilstmError: The data are not available, this machine lacks the device, or memory ran out.
    """
    constant = config.model_copy(update={"schedule": "constant"})
    reported: list[float] = []
    rates: list[float] = []
    losses: list[float] = []
    average = 0.0
    with prepare(constant, data_dir, warn=warn) as prepared, suppress(NonFiniteLossError):
        for message in precision_warnings(prepared):
            warn(message)
        trainer = Trainer(prepared, lambda event: reported.extend(_losses(event)))
        trainer.model.train()
        for number, batch in enumerate(_endless_batches(trainer), start=1):
            rate = _LEAST * (_GREATEST / _LEAST) ** ((number - 1) / (_STEPS - 1))
            trainer.learning_rate = rate
            trainer.take_step(batch)
            trainer.meter.flush()
            average = _SMOOTHING * average + (1 - _SMOOTHING) * reported[-1]
            rates.append(rate)
            losses.append(average / (1 - _SMOOTHING**number))
            if number == _STEPS or losses[-1] > _DIVERGED * min(losses):
                break
    return LearningRateCurve(rates=rates, losses=losses, suggestion=suggest(rates, losses))


def _losses(event: Event) -> list[float]:
    """The losses in an event."""
    if not isinstance(event, events.Progress):
        return []
    return [math.nan if loss is None else loss for loss in event.losses]


def _endless_batches(trainer: Trainer) -> Iterator[Batch]:
    """Batches, epoch after epoch."""
    for epoch in count(1):
        trainer.meter.start_epoch()
        yield from training_batches(trainer.data, trainer.config, epoch)

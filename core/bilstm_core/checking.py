"""The checks of a run: whole splits, the same weights never twice."""

import math
import time
from dataclasses import replace

import torch
from torch import nn

from . import events
from .control import ShouldStop, Stop
from .datasets import Dataset, Images
from .errors import NonFiniteLossError
from .evaluation import evaluate
from .events import Emit
from .metering import ADVICE


class Checks:
    """Checks a run's model on the splits of its data, and tells what came out.

    Args:
        data: The data, on the device.
        precision: Of the arithmetic.
        emit: Takes the events.
        should_stop: Asked at every batch.
    """

    def __init__(
        self, data: Dataset, precision: torch.dtype, emit: Emit, should_stop: ShouldStop
    ) -> None:
        self._data = data
        self._precision = precision
        self._emit = emit
        self._should_stop = should_stop
        self._latest: dict[events.Split, events.Evaluation] = {}

    def on(self, split: events.Split, model: nn.Module, epoch: int, step: int) -> events.Evaluation:
        """Check a model on one split, while it is being trained.

        Args:
            split: Which.
            model: The model.
            epoch: Whose weights these are.
            step: After which step.

        Raises:
            RunStopped: The run was asked to stop.
            NonFiniteLossError: The loss on these images is nan or infinite.
        """
        return self._check(split, model, epoch, step, self._should_stop, final=False)

    def finally_on_all(self, model: nn.Module, epoch: int, step: int) -> None:
        """The notebook's last act: accuracy on the whole training, validation and test data.

        A stop that wants a check ends those alone that it does not want: it lets this go on.

        Raises:
            RunStopped: The run was asked to stop at once.
            NonFiniteLossError: A loss is nan or infinite.
        """

        def must_leave() -> bool:
            return self._should_stop() == Stop.AT_ONCE

        for split in events.SPLIT_TITLES:
            if size := len(self._images(split)):
                self._emit(
                    events.EvaluationStarted(split=split, epoch=epoch, step=step, total=size)
                )
                self._check(split, model, epoch, step, must_leave, final=True)

    def _check(
        self,
        split: events.Split,
        model: nn.Module,
        epoch: int,
        step: int,
        should_stop: ShouldStop,
        *,
        final: bool,
    ) -> events.Evaluation:
        event = self._latest.get(split)
        if event and event.step == step:
            event = replace(event, final=final, time=time.time())
        else:
            images = self._images(split)
            score = evaluate(model, self._data, images, self._precision, should_stop)
            if not math.isfinite(score.loss):
                where = f"on {events.SPLIT_TITLES[split]} data after step {step}"
                raise NonFiniteLossError(f"The loss {where} is {score.loss}.", ADVICE)
            event = events.Evaluation(
                split=split,
                final=final,
                epoch=epoch,
                step=step,
                loss=score.loss,
                correct=score.correct,
                total=score.total,
                accuracy=score.accuracy,
            )
        self._latest[split] = event
        self._emit(event)
        return event

    def _images(self, split: events.Split) -> Images:
        return getattr(self._data, split)

"""How well a model does on a whole split."""

import math
import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from .. import events
from ..data.dataset import Dataset, Images
from ..errors import NonFiniteLossError
from ..events import Emit
from ..stopping import ShouldStop, Stop, stop_if
from .meter import ADVICE

_BATCH_SIZE = 1000
_WEIGHTS_A_BATCH = 2**30
_SMALLEST_BATCH_SIZE = 16


def batch_size(model: nn.Module, device: torch.device) -> int:
    """Images at once: enough to keep the device busy, few enough to answer a stop in a second.

    On a CPU a large network reads fewer of them, so that images times weights, which is what the
    time goes with, stays bounded. It depends on nothing else: the same run, the same sums.
    """
    if device.type != "cpu":
        return _BATCH_SIZE
    weights = sum(parameter.numel() for parameter in model.parameters())
    return max(_SMALLEST_BATCH_SIZE, min(_BATCH_SIZE, _WEIGHTS_A_BATCH // weights))


@dataclass(frozen=True)
class Score:
    """The outcome of an evaluation.

    Attributes:
        loss: Mean cross-entropy.
        correct: Images classified rightly.
        total: Images in all.
    """

    loss: float
    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """Correct / total."""
        return self.correct / self.total


def evaluate(
    model: nn.Module,
    data: Dataset,
    images: Images,
    precision: torch.dtype,
    should_stop: ShouldStop = lambda: False,
) -> Score:
    """Check a model on a whole split of the data.

    Raises:
        RunStopped: The run was asked to stop.
    """
    device = images.labels.device
    loss = torch.zeros((), device=device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    size = batch_size(model, device)
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(images), size):
            stop_if(should_stop)
            labels = images.labels[start : start + size]
            rows = data.scale(images.pixels[start : start + size])
            scores = class_scores(model, rows, precision)
            loss += functional.cross_entropy(scores, labels, reduction="sum")
            correct += (scores.argmax(dim=1) == labels).sum()
    model.train(was_training)
    return Score(loss.item() / len(images), int(correct.item()), len(images))


def class_scores(model: nn.Module, rows: Tensor, precision: torch.dtype) -> Tensor:
    """Class scores (N, num_classes) in float32, computed in the given precision."""
    if precision == torch.float32:
        return model(rows)
    with torch.autocast(rows.device.type, precision):
        return model(rows).float()


class Evaluator:
    """Evaluator a run's model on the splits of its data, and tells what came out.

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

    def evaluate_all_splits(self, model: nn.Module, epoch: int, step: int) -> None:
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

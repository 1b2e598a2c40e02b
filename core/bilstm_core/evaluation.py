"""How well a model does on a whole split."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .control import ShouldStop, stop_if
from .datasets import Dataset, Images

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

"""How well a model does on a whole split."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .control import ShouldStop, stop_if
from .datasets import Dataset, Images

BATCH_SIZE = 1000
"""Images at once: enough to keep any device busy, few enough to answer a stop within a second."""


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
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(images), BATCH_SIZE):
            stop_if(should_stop)
            labels = images.labels[start : start + BATCH_SIZE]
            rows = data.scale(images.pixels[start : start + BATCH_SIZE])
            scores = class_scores(model, rows, precision)
            loss += functional.cross_entropy(scores, labels, reduction="sum")
            correct += (scores.argmax(dim=1) == labels).sum()
    model.train(was_training)
    return Score(loss.item() / len(images), int(correct.item()), len(images))


def class_scores(model: nn.Module, rows: Tensor, precision: torch.dtype) -> Tensor:
    """Class scores (N, num_classes) in float32, computed in the given precision."""
    is_lower = precision != torch.float32
    with torch.autocast(rows.device.type, precision if is_lower else None, enabled=is_lower):
        return model(rows).float()

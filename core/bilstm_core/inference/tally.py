"""How many predictions are those of the labels in the files."""

import math
from collections import Counter

import torch

from ..cleaning import one_line
from ..data.spec import DataSpec, is_imbalanced
from ..training.evaluation import Score, score_of
from .predict import Prediction

_MOST_UNKNOWN = 1000


class Tally:
    """Counts predictions of sequences whose labels are known.

    A label that is no class of the network counts as one that is never predicted.

    Attributes:
        total: Of all predictions, also of sequences without a label.
        unknown: Such labels, the first ones.
    """

    def __init__(self, spec: DataSpec) -> None:
        self._positions = {one_line(name): number for number, name in enumerate(spec.classes)}
        self._labels: list[int] = []
        self._predicted: list[int] = []
        self.total = 0
        self.unknown: dict[str, None] = {}

    def add(self, prediction: Prediction) -> None:
        """Count a prediction, and whether it is right if its label is known."""
        self.total += 1
        if prediction.label is None:
            return
        if prediction.label not in self._positions and len(self.unknown) < _MOST_UNKNOWN:
            self.unknown[prediction.label] = None
        self._labels.append(self._positions.get(prediction.label, len(self._positions)))
        self._predicted.append(self._positions[prediction.best])

    @property
    def is_imbalanced(self) -> bool:
        """Whether there are more than 1.5 times as many of one class as of another that occurs."""
        return is_imbalanced(Counter(self._labels).values())

    def score(self) -> Score | None:
        """The score, without a loss; None where no label is known."""
        if not self._labels:
            return None
        labels, predicted = torch.tensor(self._labels), torch.tensor(self._predicted)
        return score_of(math.nan, labels, predicted, len(self._positions) + 1)

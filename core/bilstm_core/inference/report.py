"""What an examination of a trained network returns; without torch, for the process that paints."""

import math
from collections.abc import Callable

from pydantic import BaseModel

from ..cleaning import Name
from ..data.spec import DataSpec
from ..events import Failed

SMALL_FEATURES = 6
"""Features of a series that a small drawing has at most."""
_NORMAL_QUANTILE = 1.959963984540054  # of 97.5 %


class ClassScore(BaseModel):
    """Precision, recall and F1 of one class.

    Attributes:
        support: Test sequences of the class.
        correct: Those that are classified correctly.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    correct: int

    @property
    def wrong(self) -> int:
        """Test sequences of the class that are misclassified."""
        return self.support - self.correct


class Confusion(BaseModel):
    """How many sequences of a class are predicted as another one; positions in the classes."""

    actual: int
    predicted: int
    count: int


class Mistake(BaseModel):
    """A misclassified sequence.

    Attributes:
        index: Its position in the test data.
        actual: Its class, as a position in the classes; so is `predicted`.
        probability: Of the predicted class.
        id: What the data call it; empty where they name no sequences.
    """

    index: int
    id: Name = ""
    actual: int
    predicted: int
    probability: float


class ConfidenceBin(BaseModel):
    """The test sequences whose predicted class has a probability in one range.

    Attributes:
        low: Where the range starts; so `high` is where it ends.
        count: Sequences in it.
        confidence: Mean probability of their predicted classes.
        accuracy: The part of them that is classified correctly.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


class ExaminationReport(BaseModel):
    """A network on the whole test data.

    Attributes:
        confusions: The most frequent ones first; of very many, the first ones. A whole matrix would
            have a million cells for a thousand classes, nearly all of them zero.
        scores: Of each class; empty where there are no test data.
        mistakes: The most confident ones first; of more than 10,000, as many of each class as of
            the others, as far as there are.
        calibration: How often the network is right by how sure it is; ranges without sequences are
            left out.
        failure: Why there are no test data.
        warning: What is to be known of the test data.
    """

    spec: DataSpec
    confusions: list[Confusion] = []
    scores: list[ClassScore] = []
    mistakes: list[Mistake] = []
    calibration: list[ConfidenceBin] = []
    failure: Failed | None = None
    warning: str = ""

    @property
    def total(self) -> int:
        """Test sequences."""
        return sum(score.support for score in self.scores)

    @property
    def correct(self) -> int:
        """Test sequences that are classified correctly."""
        return sum(score.correct for score in self.scores)

    @property
    def calibration_error(self) -> float:
        """Expected calibration error: the mean of |accuracy - confidence|, by sequences.

        Naeini, Cooper, Hauskrecht: Obtaining Well Calibrated Probabilities Using Bayesian Binning
        (AAAI 2015).
        """
        return self._mean_gap(abs)

    @property
    def overconfidence(self) -> float:
        """Mean confidence less accuracy: positive where the network is surer than it is right."""
        return self._mean_gap(lambda gap: gap)

    def _mean_gap(self, weigh: Callable[[float], float]) -> float:
        gaps = (it.count * weigh(it.confidence - it.accuracy) for it in self.calibration)
        return sum(gaps) / (self.total or 1)


def accuracy_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy that was measured on `total` sequences.

    Wilson: Probable Inference, the Law of Succession, and Statistical Inference (1927).

    Returns:
        Its ends, from 0 to 1.
    """
    share, z = correct / total, _NORMAL_QUANTILE
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


class Drawing(BaseModel):
    """A sequence, reduced so that it can be sent and drawn however long it is.

    The time is cut into pieces of a step, or of several where there are many; an image that is
    wide is reduced from side to side, too.

    Attributes:
        num_steps: Steps of the sequence.
        low: The lowest value of each feature in each piece, shape (pieces, features): of a series
            as it is stored, of an image from 0 to 1. Of many features the first ones.
        high: The highest value.
    """

    num_steps: int
    low: list[list[float]]
    high: list[list[float]]


class StepwisePrediction(BaseModel):
    """What a network predicts for one sequence, step by step.

    Attributes:
        probabilities: Of each class, after the whole sequence.
        classes: Positions of the classes below: all, or where there are many those that become
            most probable at some step.
        forward: Of these classes, for each step: what the forward direction alone predicts there,
            having read from the first step up to it. Shape (pieces, classes): a long sequence is
            cut into pieces as in `Drawing`, and read up to the end of each.
        backward: The same of the backward direction, having read from the last step back to the
            start of each piece; empty where there is one direction.
    """

    probabilities: list[float]
    classes: list[int]
    forward: list[list[float]]
    backward: list[list[float]] = []

"""What an examination of a trained network returns; without torch, for the process that paints."""

from pydantic import BaseModel

from ..data.spec import DataSpec
from ..events import Failed


class ClassScore(BaseModel):
    """Precision, recall and F1 of one class, and how many test sequences it has."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class Mistake(BaseModel):
    """A misclassified sequence.

    Attributes:
        index: Its position in the test data.
        actual: Its class, as a position in the classes; so is `predicted`.
        probability: Of the predicted class.
        inputs: The sequence as the network reads it, shape (T, features).
    """

    index: int
    actual: int
    predicted: int
    probability: float
    inputs: list[list[float]]


class ExaminationReport(BaseModel):
    """A network on the whole test data.

    Attributes:
        confusion: Counts; rows are actual classes, columns predicted ones. Empty where there are
            no test data.
        mistakes: The most confident ones first.
        failure: Why there are no test data.
        warning: What is to be known of the test data.
    """

    spec: DataSpec
    confusion: list[list[int]] = []
    scores: list[ClassScore] = []
    mistakes: list[Mistake] = []
    failure: Failed | None = None
    warning: str = ""


class StepwisePrediction(BaseModel):
    """What a network predicts for one sequence, step by step.

    Attributes:
        probabilities: Of each class, after the whole sequence.
        forward: Of each class, for each step: what the forward direction alone predicts there,
            having read from the first step up to it. Shape (T, num_classes).
        backward: The same of the backward direction, having read from the last step back to it;
            empty where there is one direction.
    """

    probabilities: list[float]
    forward: list[list[float]]
    backward: list[list[float]] = []

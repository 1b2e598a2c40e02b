"""What an examination of a trained network returns; without torch, for the process that paints."""

from pydantic import BaseModel

from ..cleaning import Name
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
        id: What the file calls the sequence; empty where it does not say.
    """

    index: int
    actual: int
    predicted: int
    probability: float
    id: Name = ""


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

"""What looking into a trained network brings to light; free of torch, for whoever shows it."""

from pydantic import BaseModel


class ClassScore(BaseModel):
    """How well one class is told apart.

    Attributes:
        name: The class.
        precision: Of the images called so, the share that is.
        recall: Of the images that are, the share called so.
        f1: Harmonic mean of the two.
        support: Images of the class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class Mistake(BaseModel):
    """An image that was taken for something else.

    Attributes:
        index: Its place in the test data.
        truth: What it is, as a position in the classes.
        guess: What it was taken for.
        probability: How sure the network was.
        pixels: The image, rows of brightness from 0 to 1.
    """

    index: int
    truth: int
    guess: int
    probability: float
    pixels: list[list[float]]


class ExaminationReport(BaseModel):
    """A network on the whole test data.

    Attributes:
        classes: Their names.
        confusion: Counts; rows are what images are, columns what they were taken for.
        scores: Of each class.
        mistakes: The surest ones first.
    """

    classes: list[str]
    confusion: list[list[int]]
    scores: list[ClassScore]
    mistakes: list[Mistake]


class StepwisePrediction(BaseModel):
    """One image as the network reads it.

    Attributes:
        probabilities: Of each class, in the end.
        forward: Of each class, for each row: what the forward direction alone knows there,
            having read from the first row down to it. Shape (T, num_classes).
        backward: The same of the backward direction, having read from the last row up to it;
            empty where there is one direction.
    """

    probabilities: list[float]
    forward: list[list[float]]
    backward: list[list[float]] = []

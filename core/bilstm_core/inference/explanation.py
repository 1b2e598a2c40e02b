"""What is shown of how a network reads one sequence; without torch, for the process that paints.

It is small however long the sequence and however large the network: at most 32 units of each
direction, at most 128 pieces of the time, in 8 bits, and the three most probable classes of each.
"""

from typing import Literal

from pydantic import BaseModel

from ..cleaning import Line, Name
from ..config.schema import RunConfig
from ..data.spec import SequenceKind

MOST_UNITS, MOST_PIECES, MOST_FEATURES, MOST_CLASSES = 32, 128, 32, 3
FULL = 127
"""A state of the size `States.scale` as a number of 8 bits."""


class Prediction(BaseModel):
    """The most probable classes, in descending order.

    Attributes:
        classes: Their positions in the names of the answer.
        of_actual: The probability of the class that is right.
    """

    classes: list[int]
    probabilities: list[float]
    of_actual: float


class States(BaseModel):
    """Some units of a direction, or of the merged directions, over time.

    Units whose maximum is at about the same step are neighbours: they are ordered by it, cut into
    as many groups as there are rows, and the middle one of each group is a row.

    Attributes:
        units: Which unit each row is, from 0.
        values: Of each row, a state for each piece, from -127 to 127: that at the end of the piece
            where the direction leaves it.
        scale: The state that 127 stands for.
        peaks: Of each row, the piece in which its state is highest.
        shares: Of each piece, which part of what the classifier sees of these states comes from
            there; empty where it sees others.
        read: Of each row, the number that the classifier sees, as in `values`; empty where it sees
            one for every step, or other states.
    """

    units: list[int]
    values: list[list[int]]
    scale: float
    peaks: list[int]
    shares: list[float] = []
    read: list[int] = []


class Explanation(BaseModel):
    """How a network reads one test sequence.

    Attributes:
        config: The network, as it is explained.
        weights: Those of the run, or new ones that have learned nothing.
        changed: Settings in which the run was trained otherwise than explained, by name; its
            weights fit all the same.
        data: Title of the data.
        has_lengths: Whether the sequences of the data have different lengths.
        id: What the data call the sequence; empty where they name none.
        index: Its position in the test data, of which there are `count`.
        classes: Names of the classes that appear in a prediction, and of the right one.
        num_classes: How many there are.
        actual: The right class.
        num_steps: Steps of the sequence; `ends` has the last one of each piece, from 1.
        num_features: Of a step.
        feature_names: Those of `inputs`; empty where the data name none.
        inputs: For each feature (of many the first ones; an image is reduced), the highest value of
            each piece, from 0 to 255: of a series, from its lowest value in the sequence.
        lowest: Of a series, the lowest values of the pieces; empty where they are the same.
        merged: The merged states; None for a concatenation, where both sides stay what they are,
            for one direction, and where each direction is read before they are merged.
        forward_alone: What is predicted after each piece that the direction has read, in the order
            in which it reads; so is `backward_alone`, from the end of the sequence.
        together: What both directions predict after as many pieces each.
        prediction: Of the network, after the whole sequence.
    """

    config: RunConfig
    weights: Literal["run", "new"]
    changed: dict[str, Line] = {}
    data: Name
    kind: SequenceKind
    has_lengths: bool
    id: Name = ""
    index: int
    count: int
    classes: list[Name]
    num_classes: int
    actual: int
    num_steps: int
    ends: list[int]
    num_features: int
    feature_names: list[Name] = []
    inputs: list[list[int]]
    lowest: list[list[int]] = []
    forward: States
    backward: States | None = None
    merged: States | None = None
    forward_alone: list[Prediction]
    backward_alone: list[Prediction] = []
    together: list[Prediction] = []
    prediction: Prediction


class RunComparison(BaseModel):
    """Two networks on the same test sequences, and one sequence that shows the difference.

    Attributes:
        data: Title of the data.
        count: Test sequences.
        correct: How many each network classifies correctly.
        mended: How many the first misclassifies and the second classifies correctly.
        spoiled: The other way round.
        index: The sequence that is shown: of the mended ones that of which the second network is
            surest; if there is none, that whose class becomes most probable with the second.
        is_mended: Whether it is one of those.
        classes: Names of the classes that appear in a prediction, and of the right one.
        actual: The right class.
        inputs: As of an `Explanation`.
        first: What the first network predicts.
        second: What the second network predicts.
    """

    data: Name
    kind: SequenceKind
    count: int
    correct: tuple[int, int]
    mended: int
    spoiled: int
    index: int
    is_mended: bool
    classes: list[Name]
    actual: int
    inputs: list[list[int]]
    first: Prediction
    second: Prediction

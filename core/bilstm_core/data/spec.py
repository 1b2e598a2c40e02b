"""The description of a data set, without torch: it travels with runs and models."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import Field

from ..cleaning import Line, Name
from ..wording import counted

Count = Annotated[int, Ge(0), Le(2**53)]
"""A count. It has a bound, because a description may come from an untrusted file."""
Fraction = Annotated[float, Ge(0), Le(1)]
Real = Annotated[float, Ge(-1e39), Le(1e39)]
Positive = Annotated[float, Gt(0), Le(1e39)]
Size = Annotated[int, Ge(1), Le(2**24)]
"""A number of steps or features."""
Names = Annotated[tuple[Name, ...], MaxLen(2**20), Field(fail_fast=True)]
Counts = Annotated[tuple[Count, ...], MaxLen(2**20), Field(fail_fast=True)]
Classes = Annotated[Names, MinLen(1)]
Means = Annotated[tuple[Annotated[float, Ge(-4e38), Le(4e38)], ...], MaxLen(2**16)]
"""Means of 32-bit numbers, one for each feature."""

SequenceKind = Literal["images", "series", "tokens"]
"""What a sequence is: the rows of an image, measurements over time, or words."""

Split = Literal["train", "validation", "test"]

MOST_NOTES = 100
SPLIT_TITLES: dict[Split, str] = {
    "train": "training",
    "validation": "validation",
    "test": "test",
}
"""What the notebook calls a split when it evaluates it, in the order in which it does."""


def is_imbalanced(sizes: Collection[int]) -> bool:
    """Whether there are more than 1.5 times as many sequences of one class as of another."""
    return max(sizes) > 1.5 * min(sizes)


@dataclass(frozen=True)
class Normalisation:
    """How stored values become the inputs of a network.

    Attributes:
        divisor: Each value is divided by it; bytes of images become numbers from 0 to 1.
        means: Of each feature, subtracted first; empty for none.
        deviations: Of each feature; the values are then divided by them.
        per_sequence: Whether each sequence is standardised by its own means and deviations.
    """

    divisor: Annotated[float, Gt(0), Le(1e30)] = 1.0
    means: Annotated[tuple[Real, ...], MaxLen(2**16)] = ()
    deviations: Annotated[tuple[Positive, ...], MaxLen(2**16)] = ()
    per_sequence: bool = False


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """What the sequences of a data set are.

    An image of `height` rows and `width` columns is a sequence of `height` steps of `width`
    features.

    Attributes:
        name: As in `RunConfig.dataset`: a path for a person's own data.
        title: How people write it.
        feature_names: A name for each feature of a step; empty where they have none.
        shortest: Steps of the shortest sequence; `longest` those of the longest.
        classes: A name for each label.
        train_size: Training sequences, without those held out for validation.
        class_sizes: By split, sequences of each class; empty until the data are loaded.
        columns: Of a table with a row a sequence: the columns that are its steps.
        fill: The training mean of each feature, as it is stored: for missing values of sequences
            that are predicted later. Empty for images, and until the data are loaded.
        origin: Where the data come from.
        notes: How they came about, one sentence each.
        fingerprint: SHA-256 of the training and test data; empty until the data are loaded.
    """

    name: Line
    title: Name
    kind: SequenceKind
    num_features: Size
    feature_names: Names = ()
    shortest: Size
    longest: Size
    classes: Classes
    train_size: Count
    validation_size: Count = 0
    test_size: Count
    class_sizes: dict[Split, Counts] = field(default_factory=dict)
    normalisation: Normalisation = Normalisation()
    columns: Names = ()
    fill: Means = ()
    origin: Name = ""
    notes: Annotated[tuple[Line, ...], MaxLen(MOST_NOTES)] = ()
    fingerprint: Name = ""

    def __post_init__(self) -> None:
        if self.shortest > self.longest or len(set(self.classes)) < len(self.classes):
            raise ValueError("lengths or classes contradict each other")
        scaled = self.normalisation
        for names in (self.feature_names, self.fill, scaled.means, scaled.deviations):
            if len(names) not in {0, self.num_features}:
                raise ValueError("there are not as many values as features")

    @property
    def num_classes(self) -> int:
        """Classes to tell apart."""
        return len(self.classes)

    @property
    def has_lengths(self) -> bool:
        """Whether the sequences have different lengths."""
        return self.shortest < self.longest

    def is_imbalanced(self, split: Split) -> bool:
        """Whether a split has more than 1.5 times as many sequences of one class as of another."""
        return is_imbalanced(self.class_sizes.get(split) or (0,))

    @property
    def height(self) -> int:
        """Rows of an image."""
        return self.longest

    @property
    def width(self) -> int:
        """Columns of an image."""
        return self.num_features

    def held_out(self, fraction: float) -> "DataSpec":
        """The same data with a fraction of the training set, or one sequence, for validation."""
        if not fraction:
            return self
        size = max(1, round(fraction * self.train_size))  # as `split.chosen_size`, without NumPy
        return replace(self, train_size=self.train_size - size, validation_size=size)

    def changes_to(self, other: "DataSpec") -> list[str]:
        """What is different in another state of the same data, such as '70 instead of 67 …'."""
        if (self.fingerprint, self.classes) == (other.fingerprint, other.classes):
            return []
        found = [
            f"{after:,} instead of {before:,} {name}"
            for name, before, after in (
                ("training sequences", self.train_size, other.train_size),
                ("validation sequences", self.validation_size, other.validation_size),
                ("test sequences", self.test_size, other.test_size),
                ("features", self.num_features, other.num_features),
                ("steps in the shortest sequence", self.shortest, other.shortest),
                ("steps in the longest sequence", self.longest, other.longest),
            )
            if before != after
        ]
        for name, before, after in (
            ("features", self.feature_names, other.feature_names),
            ("classes", self.classes, other.classes),
        ):
            if before != after:
                lost, new = sorted({*before} - {*after}), sorted({*after} - {*before})
                words = f"without {', '.join(lost[:5])}" * bool(lost)
                words += ", " * bool(lost and new) + f"with {', '.join(new[:5])}" * bool(new)
                found.append(f"{name} {words or 'in another order'}")
        return found or ["other values or labels"]

    @property
    def items(self) -> str:
        """What a sequence is called in words: 'images' or 'sequences'."""
        return "images" if self.kind == "images" else "sequences"

    @property
    def steps(self) -> str:
        """What a step is called in words: 'rows' or 'steps'."""
        return "rows" if self.kind == "images" else "steps"

    def words(self) -> str:
        """Sizes and shape of the data in words, such as '60,000 training and 10,000 test …'."""
        held_out = f", {self.validation_size:,} validation" if self.validation_size else ""
        test = counted(self.test_size, f"test {self.items[:-1]}")
        length = counted(self.longest, self.steps[:-1])
        if self.has_lengths:
            length = f"{self.shortest:,} to {length}"
        return (
            f"{self.train_size:,} training{held_out} and {test} of {length} × {self.num_features:,}"
        )

"""Sequences as a file has them: before splits, normalisation and tensors."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from ...cleaning import escape
from ..spec import SequenceKind

_DECIMAL = re.compile(r"[+-]?(0|[1-9]\d*)\.\d*(e[+-]?\d{1,2})?", re.IGNORECASE)


@dataclass(frozen=True)
class Recordings:
    """Labelled sequences of one part of a data set, in the order in which the file has them.

    Attributes:
        values: Each of shape (T, features), float32; NaN where a value is missing. All have the
            same number of features and at least one step. Images stay integers of one byte.
        labels: A class name for each; None for all where the file has no labels.
        ids: What the file calls each sequence, for messages and predictions.
        groups: What must not stand in two splits, such as the person recorded; None where the file
            does not say.
        feature_names: A name for each feature; empty where the file has none.
        columns: Of a table with a row a sequence: the columns that are its steps.
    """

    values: Sequence[NDArray[np.float32] | NDArray[np.uint8]]
    labels: Sequence[str] | None
    ids: Sequence[str]
    groups: Sequence[str] | None = None
    feature_names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def cleaned(self) -> "Recordings":
        """The same with names that can be shown, and one label or group for equal numbers."""
        return replace(
            self,
            labels=None if self.labels is None else _cleaned(_one_for_equal_numbers(self.labels)),
            ids=_cleaned(self.ids),
            groups=None if self.groups is None else _cleaned(_one_for_equal_numbers(self.groups)),
            feature_names=tuple(_cleaned(self.feature_names)),
            columns=tuple(_cleaned(self.columns)),
        )


def label_text(label: str) -> str:
    """A label as text: a decimal number without what does not change it.

    Where one program writes 0 and another 0.0, or 1.0000000e+00, it is the same class. Any other
    text stays as it is written: 007 is not 7.
    """
    if not _DECIMAL.fullmatch(label):
        return label
    number = Decimal(label)
    return format(number.normalize(), "f") if number else "0"


def _one_for_equal_numbers(names: Sequence[str]) -> Iterator[str]:
    texts = {name: label_text(name) for name in {*names}}
    return (texts[name] for name in names)


def numbered(count: int) -> tuple[str, ...]:
    """What sequences are called that have no ids: their numbers, from 1."""
    return tuple(map(str, range(1, count + 1)))


def _cleaned(names: Iterable[str]) -> list[str]:
    return [escape(name, kept="") for name in names]


@dataclass(frozen=True)
class Read:
    """What a reader found at a path.

    Attributes:
        format: The format in words, such as 'UEA/UCR text file'.
        kind: Whether the sequences are pictures or measurements.
        train: The training part, or everything where the data have one part only.
        test: The data's own test part; None where they have none.
        notes: What the user should know, one sentence each.
        warnings: What may be wrong, and what to do about it.
    """

    format: str
    kind: SequenceKind
    train: Recordings
    test: Recordings | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

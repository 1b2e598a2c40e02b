"""From what a file has to a data set: classes, splits, missing values, tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import SeedSequence
from numpy.typing import NDArray

from ...compute.seeding import Stream
from ...errors import DataError
from ..dataset import Dataset, Sequences
from ..missing import Missing, count_missing, feature_means, fill
from ..spec import DataSpec, SequenceKind
from ..split import choose
from .recordings import Read, Recordings


@dataclass(frozen=True)
class Assembly:
    """What is decided about data before they are a data set.

    Attributes:
        test_fraction: Of data without a test part of their own.
        seed: Of that split.
        max_length: Longer sequences are cut; 0 for never.
        keep_end: Whether their end is kept instead of their start.
        missing: How missing values are filled.
    """

    test_fraction: float = 0.2
    seed: int = 0
    max_length: int = 0
    keep_end: bool = False
    missing: Missing = "forward"


def assemble(
    read: Read, name: str, title: str, origin: str, decided: Assembly = Assembly()
) -> tuple[Dataset, list[str]]:
    """A data set on the CPU, and what the user should know of how it came about.

    Raises:
        DataError: The data have no labels, fewer than two classes, or missing values that are an
            error.
    """
    notes = list(read.notes)
    train, test = read.train, read.test
    if train.labels is None or (test and test.labels is None):
        raise DataError("The sequences have no labels, and training needs one for each.")
    if test is None:
        train, test = _split(train, decided)
        notes.append(
            f"The data have no test part: {len(test.ids):,} of {len(read.train.ids):,} sequences "
            f"were chosen for it (test_fraction = {decided.test_fraction:g}, "
            f"seed = {decided.seed})."
        )
    classes = _classes(train, test)
    lost = 0 if read.kind == "images" else count_missing([*_floats(train), *_floats(test)])
    if lost and decided.missing == "error":
        raise DataError(f"{lost:,} values are missing, and missing = error.")
    if lost:
        how = {"forward": "the value before them", "mean": "the training mean"}[decided.missing]
        notes.append(f"{lost:,} missing values were replaced by {how}.")
    means = feature_means(_floats(train)) if lost else np.zeros(0, np.float32)
    parts = [_sequences(part, classes, means, decided) for part in (train, test)]
    lengths = [len(values) for part in parts for values in part[0]]
    kind: SequenceKind = "images" if read.kind == "images" else "series"
    spec = DataSpec(
        name=name,
        title=title,
        kind=kind,
        num_features=train.values[0].shape[1],
        feature_names=train.feature_names,
        shortest=min(lengths),
        longest=max(lengths),
        classes=classes,
        train_size=len(parts[0][0]),
        test_size=len(parts[1][0]),
        origin=origin,
    )
    return Dataset.from_splits(spec, *(_tensors(part, spec) for part in parts)), notes


def _split(everything: Recordings, decided: Assembly) -> tuple[Recordings, Recordings]:
    _, labels = np.unique(np.asarray(everything.labels), return_inverse=True)
    random = np.random.default_rng(SeedSequence([decided.seed, Stream.SPLIT]))
    is_test = choose(labels, decided.test_fraction, random, everything.groups)
    if not is_test.any():
        raise DataError(
            "No test part can be chosen: there are too few sequences, or only one group.",
            "Give a test part of its own, or a smaller test_fraction.",
        )
    return _part(everything, ~is_test), _part(everything, is_test)


def _part(everything: Recordings, chosen: NDArray[np.bool_]) -> Recordings:
    index = np.flatnonzero(chosen).tolist()

    def of(values: Sequence[str] | None) -> list[str] | None:
        return None if values is None else [values[number] for number in index]

    return Recordings(
        values=[everything.values[number] for number in index],
        labels=of(everything.labels),
        ids=[everything.ids[number] for number in index],
        groups=of(everything.groups),
        feature_names=everything.feature_names,
    )


def _classes(train: Recordings, test: Recordings) -> tuple[str, ...]:
    """The classes in order: as numbers where all are numbers."""
    found = {*(train.labels or ()), *(test.labels or ())}
    if len(found) < 2:
        raise DataError(
            f"There is one class only: {', '.join(found)}." if found else "There is no sequence.",
            "A classifier needs at least two classes.",
        )
    try:
        return tuple(sorted(found, key=lambda name: (float(name), name)))
    except ValueError:
        return tuple(sorted(found))


_Part = tuple[list[NDArray[np.float32] | NDArray[np.uint8]], NDArray[np.int64]]


def _sequences(
    part: Recordings, classes: tuple[str, ...], means: NDArray[np.float32], decided: Assembly
) -> _Part:
    positions = {name: number for number, name in enumerate(classes)}
    labels = np.array([positions[label] for label in part.labels or ()], np.int64)
    return [_cut(_filled(values, means, decided), decided) for values in part.values], labels


def _floats(part: Recordings) -> list[NDArray[np.float32]]:
    return [values.astype(np.float32, copy=False) for values in part.values]


def _filled(
    values: NDArray[np.float32] | NDArray[np.uint8],
    means: NDArray[np.float32],
    decided: Assembly,
) -> NDArray[np.float32] | NDArray[np.uint8]:
    if values.dtype == np.uint8 or not len(means):
        return values
    return fill(values.astype(np.float32, copy=False), decided.missing, means)


def _cut(
    values: NDArray[np.float32] | NDArray[np.uint8], decided: Assembly
) -> NDArray[np.float32] | NDArray[np.uint8]:
    if not decided.max_length or len(values) <= decided.max_length:
        return values
    return values[-decided.max_length :] if decided.keep_end else values[: decided.max_length]


def _tensors(part: _Part, spec: DataSpec) -> Sequences:
    values, labels = part
    if not spec.has_lengths:
        return Sequences(torch.from_numpy(np.stack(values)), torch.from_numpy(labels))
    lengths = torch.tensor([len(sequence) for sequence in values])
    return Sequences(torch.from_numpy(np.concatenate(values)), torch.from_numpy(labels), lengths)

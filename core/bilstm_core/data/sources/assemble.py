"""From what a file has to the splits of a data set: classes, parts, missing values; no torch."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...compute.streams import Stream, numpy_generator
from ...config.schema import RunConfig
from ...errors import DataError
from ...wording import counted, were
from ..missing import count_missing, feature_means, fill
from ..spec import MOST_NOTES, SPLIT_TITLES, DataSpec, Normalisation, Split
from ..split import choose, held_out
from .limits import listed, named
from .recordings import Read, Recordings
from .repeats import warnings_of_repeats

_UNUSABLE = "The data cannot be used"
Values = NDArray[np.float32] | NDArray[np.uint8]
Images = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Bytes of shape (N, rows, columns), and their labels, shape (N,)."""


@dataclass(frozen=True)
class Part:
    """The sequences of a split.

    Attributes:
        values: Each of shape (T, features): bytes of images, or floats without missing values.
        labels: Their positions in the classes, shape (N,).
        ids: What the file calls them.
    """

    values: Sequence[Values]
    labels: NDArray[np.int64]
    ids: Sequence[str]


@dataclass(frozen=True)
class Assembled:
    """A data set before it is made of tensors.

    Attributes:
        spec: The whole description.
        parts: The splits; one may be empty.
        missing: Which part of each feature's values was missing, from 0 to 1; shape (features,).
        warnings: What may be wrong with it, one sentence each.
    """

    spec: DataSpec
    parts: dict[Split, Part]
    missing: NDArray[np.float64]
    warnings: tuple[str, ...] = ()


def assemble(read: Read, title: str, origin: str, config: RunConfig) -> Assembled:
    """Choose the splits, name the classes, fill in what is missing and cut what is too long.

    Missing values are filled in from the training part alone, without what is held out.

    Args:
        read: What is in the file.
        title: What people call the data.
        origin: Where they come from.
        config: Its test_fraction, validation_fraction, seed, missing, max_length and keep count.

    Raises:
        DataError: The data have no labels, fewer than two classes, too few sequences for a part
            that is to be chosen, or missing values that are an error.
    """
    splits, notes = _splits(read, config)
    labelled = [part.labels or () for part in splits.values()]
    classes = _classes({label for labels in labelled for label in labels})
    fingerprint = _fingerprint(read)
    floats = [*map(_floats, splits.values())] if read.kind == "series" else []
    means = feature_means(floats[0]) if floats else None
    num_features = read.train.values[0].shape[1]
    missing_in = [count_missing(part, num_features) for part in floats]
    if floats:
        _require_values(missing_in[0], sum(map(len, floats[0])), read.train.feature_names)
    missing = sum(missing_in, np.zeros(num_features, np.int64))
    warnings = [*read.warnings, *_warnings_of_missing(int(missing.sum()), config)]
    needed = means if missing.any() else None
    positions = {name: number for number, name in enumerate(classes)}
    parts: dict[Split, Part] = {
        split: Part(
            [cut(_filled(values, needed, config), config) for values in part.values],
            np.array([positions[label] for label in part.labels or ()], np.int64),
            part.ids,
        )
        for split, part in splits.items()
    }
    lengths = [len(values) for part in parts.values() for values in part.values]
    whole = [len(values) for part in splits.values() for values in part.values]
    notes += _notes_of_cut(whole, config)
    spec = DataSpec(
        name=config.dataset,
        title=title,
        kind=read.kind,
        num_features=num_features,
        feature_names=read.train.feature_names,
        columns=read.train.columns,
        shortest=min(lengths),
        longest=max(lengths),
        classes=classes,
        train_size=len(parts["train"].labels),
        validation_size=len(parts["validation"].labels),
        test_size=len(parts["test"].labels),
        class_sizes=_class_sizes(parts, len(classes)),
        normalisation=_scaling(parts["train"].values),
        fill=() if means is None else tuple(means.tolist()),
        origin=origin,
        notes=tuple(notes[:MOST_NOTES]),
        fingerprint=fingerprint,
    )
    warnings += [*_warnings_of_classes(spec), *warnings_of_repeats(parts, spec)]
    return Assembled(spec, parts, missing / sum(whole), tuple(warnings))


def _require_values(missing: NDArray[np.int64], steps: int, names: Sequence[str]) -> None:
    """Refuse features of which the training part has no value at all.

    Args:
        missing: How many values of each feature are missing in its steps, shape (num_features,).
        steps: Its steps in all.
        names: Of the features; may be empty.

    Raises:
        DataError: There is such a feature.
    """
    without = np.flatnonzero(missing == steps).tolist()
    if without:
        shown = [names[number] if names else str(number + 1) for number in without]
        raise DataError(
            f"No training sequence has a value of {named('feature', shown)}.",
            "Leave such columns out: `features` names those to use."
            if len(without) < len(missing)
            else "Look into the file: every value is missing.",
            title=_UNUSABLE,
        )


def _warnings_of_missing(lost: int, config: RunConfig) -> Iterator[str]:
    if lost and config.missing == "error":
        raise DataError(
            f"The data have {counted(lost, 'missing value')}, and missing = error.",
            "missing = forward or mean fills them in.",
            title=_UNUSABLE,
        )
    if lost:
        how = {"forward": "the value before", "mean": "the training mean"}[config.missing]
        yield f"{counted(lost, 'missing value')} {were(lost)} replaced by {how}."


def _notes_of_cut(lengths: Sequence[int], config: RunConfig) -> Iterator[str]:
    most = config.max_length
    if most and (count := sum(length > most for length in lengths)):
        first = "first" if config.keep == "start" else "last"
        longer, whose = counted(count, "longer sequence"), "its" if count == 1 else "their"
        yield f"{longer} {were(count)} cut to {whose} {first} {counted(most, 'step')}."


def _warnings_of_classes(spec: DataSpec) -> Iterator[str]:
    """Classes that a split lacks; one with a single sequence cannot be in two."""
    totals = [sum(counts) for counts in zip(*spec.class_sizes.values(), strict=True)]
    for split, counts in spec.class_sizes.items():
        lacking = [
            name
            for name, count, total in zip(spec.classes, counts, totals, strict=True)
            if not count and (split == "train" or total > 1)
        ]
        if any(counts) and lacking:
            yield f"{classes_have(lacking)} no {SPLIT_TITLES[split]} {spec.items}."


def classes_have(names: Sequence[str]) -> str:
    """Such as 'The class a has' or '2 classes (a, b) have'."""
    if len(names) == 1:
        return f"The class {names[0]} has"
    return f"{len(names):,} classes ({listed([*names], 5)}) have"


def assemble_images(spec: DataSpec, train: Images, test: Images, config: RunConfig) -> Assembled:
    """Images that need no more than to be held out for validation.

    Args:
        spec: Their description, without what is held out.
        train: The training part.
        test: The test part.
        config: Its validation_fraction and seed count.
    """
    labels, fraction = train[1].astype(np.int64), config.validation_fraction
    is_held_out = held_out(labels, fraction, config.seed)
    parts: dict[Split, Part] = {
        "train": _part_of(train, ~is_held_out),
        "validation": _part_of(train, is_held_out),
        "test": _part_of(test, np.ones(len(test[1]), np.bool_)),
    }
    spec = replace(spec.held_out(fraction), class_sizes=_class_sizes(parts, spec.num_classes))
    warnings = tuple(warnings_of_repeats(parts, spec))
    return Assembled(spec, parts, np.zeros(spec.num_features), warnings)


def _part_of(images: Images, is_chosen: NDArray[np.bool_]) -> Part:
    values, labels = images
    index = np.flatnonzero(is_chosen)
    ids = [*map(str, (index + 1).tolist())]
    return Part([*values[index]], labels[index].astype(np.int64), ids)


def _class_sizes(parts: dict[Split, Part], num_classes: int) -> dict[Split, tuple[int, ...]]:
    """Of each split, the sequences of each class."""
    return {
        split: tuple(np.bincount(part.labels, minlength=num_classes).tolist())
        for split, part in parts.items()
    }


def _splits(read: Read, config: RunConfig) -> tuple[dict[Split, Recordings], list[str]]:
    """The parts, and how they were chosen in words."""
    notes = list(read.notes)
    train, test = read.train, read.test
    if train.labels is None or (test and test.labels is None):
        raise DataError("The sequences have no labels, and training needs one for each.")
    whole, by_group = len(train.ids), " by group" if train.groups is not None else ""
    if test is None:
        train, test = _split(train, "test", config.test_fraction, config.seed)
        notes.append(
            f"The data have no test part: {len(test.ids):,} of {counted(whole, 'sequence')} "
            f"{were(len(test.ids))} chosen{by_group} (test_fraction = {config.test_fraction:g}, "
            f"seed = {config.seed})."
        )
    elif shared := sorted({*(train.groups or ())} & {*(test.groups or ())}):
        notes.append(
            "The training part and the test part of the data share "
            f"{counted(len(shared), 'group')}, such as {shared[0]}: the test accuracy says little "
            "of new ones."
        )
    validation = _chosen(train, np.zeros(len(train.ids), np.bool_))
    if config.validation_fraction:
        train, validation = _split(train, "validation", config.validation_fraction, config.seed)
        if by_group:
            count = len(validation.ids)
            notes.append(f"{counted(count, 'sequence')} {were(count)} held out by group.")
    return {"train": train, "validation": validation, "test": test}, notes


def _split(
    everything: Recordings, name: Split, fraction: float, seed: int
) -> tuple[Recordings, Recordings]:
    """What stays, and what is chosen for a part."""
    labels, groups = _codes(everything.labels or ()), everything.groups
    random = numpy_generator(seed, Stream.SPLIT if name == "test" else Stream.VALIDATION)
    is_chosen = choose(labels, fraction, random, None if groups is None else _codes(groups))
    if not is_chosen.any():
        few = "no class has two sequences" if groups is None else "there is one group only"
        advice = {
            "test": "Give the data a test part of their own.",
            "validation": "Set validation_fraction = 0.",
        }
        if groups is not None:
            advice["test"] += " With group_column = - groups do not count."
        problem = f"No {SPLIT_TITLES[name]} part can be chosen: {few}."
        raise DataError(problem, advice[name], title=_UNUSABLE)
    return _chosen(everything, ~is_chosen), _chosen(everything, is_chosen)


def _codes(names: Sequence[str]) -> NDArray[np.int64]:
    """A number for each name; equal names have equal numbers, in the order of the names."""
    numbers = {name: number for number, name in enumerate(sorted({*names}))}
    return np.array([numbers[name] for name in names], np.int64)


def _chosen(everything: Recordings, chosen: NDArray[np.bool_]) -> Recordings:
    index = np.flatnonzero(chosen).tolist()

    def of(values: Sequence[str] | None) -> list[str] | None:
        return None if values is None else [values[number] for number in index]

    return replace(
        everything,
        values=[everything.values[number] for number in index],
        labels=of(everything.labels),
        ids=[everything.ids[number] for number in index],
        groups=of(everything.groups),
    )


def _classes(found: set[str]) -> tuple[str, ...]:
    """The classes in order: as numbers where all are numbers."""
    if len(found) < 2:
        raise DataError(
            f"There is one class only: {', '.join(found)}." if found else "There is no sequence.",
            "A classifier needs at least two classes.",
            title=_UNUSABLE,
        )
    try:
        numbers = {name: float(name) for name in found}
    except ValueError:
        return tuple(sorted(found))
    if not all(map(math.isfinite, numbers.values())):  # nan has no place in an order
        return tuple(sorted(found))
    return tuple(sorted(found, key=lambda name: (numbers[name], name)))


def _fingerprint(read: Read) -> str:
    """SHA-256 of everything that is learned from, as it is in the file."""
    digest = hashlib.sha256()
    for part in filter(None, (read.train, read.test)):
        digest.update(repr((part.feature_names, part.labels, part.groups)).encode())
        for values in part.values:
            digest.update(f"{values.shape} {values.dtype}".encode())
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def _scaling(values: Sequence[Values]) -> Normalisation:
    """Bytes become numbers from 0 to 1, also where they are 0 to 16 as in scikit-learn's digits."""
    if values[0].dtype != np.uint8:
        return Normalisation()
    brightest = max(int(pixels.max()) for pixels in values)
    return Normalisation(divisor=255 if brightest > 127 else max(1, brightest))


def _floats(part: Recordings) -> list[NDArray[np.float32]]:
    return [values.astype(np.float32, copy=False) for values in part.values]


def _filled(values: Values, means: NDArray[np.float32] | None, config: RunConfig) -> Values:
    if means is None:
        return values
    return fill(values.astype(np.float32, copy=False), config.missing, means)


def cut(values: Values, config: RunConfig) -> Values:
    """A sequence, no longer than the longest that a configuration allows."""
    most = config.max_length
    if not most or len(values) <= most:
        return values
    return values[-most:] if config.keep == "end" else values[:most]

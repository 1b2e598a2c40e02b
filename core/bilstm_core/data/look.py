"""Looks at a data set before it is trained with: an overview, and what may be wrong; no torch."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data_overview import (
    MOST_BARS,
    MOST_CURVES,
    MOST_EXAMPLES,
    MOST_PIXELS,
    MOST_POINTS,
    DataOverview,
    Example,
    FeatureSummary,
    LengthBar,
)
from .sources.assemble import Assembled, Part, Values, classes_have
from .sources.limits import listed
from .spec import DataSpec, Split

_VALUES_AT_ONCE = 1 << 22
_MOST_NAMED = 10
"""Names in a sentence."""


def look_at(data: Assembled) -> DataOverview:
    """Summarise a data set; time and memory grow with its size, the result does not."""
    spec, parts = data.spec, data.parts
    features = _features(data)
    problems = [
        *data.warnings,
        *_constant(features, spec),
        *_rare_classes(spec),
    ]
    return DataOverview(
        spec=spec,
        features=features,
        lengths=_length_bars(parts.values()),
        examples=tuple(_examples(parts, spec)),
        problems=tuple(problems),
    )


def _features(data: Assembled) -> tuple[FeatureSummary, ...]:
    count = data.spec.num_features
    minima, maxima = np.full(count, np.inf), np.full(count, -np.inf)
    sums, steps = np.zeros(count), 0
    for values in _chunks(part.values for part in data.parts.values()):
        minima = np.minimum(minima, values.min(axis=0))
        maxima = np.maximum(maxima, values.max(axis=0))
        sums += values.sum(axis=0, dtype=np.float64)
        steps += len(values)
    names = data.spec.feature_names or tuple(str(number) for number in range(1, count + 1))
    columns = zip(names, minima, maxima, sums / steps, data.missing, strict=True)
    return tuple(
        FeatureSummary(
            name=name,
            minimum=float(minimum),
            maximum=float(maximum),
            mean=float(mean),
            missing=float(missing),
        )
        for name, minimum, maximum, mean, missing in columns
    )


def _chunks(parts: Iterable[Sequence[Values]]) -> Iterator[NDArray[Any]]:
    """All steps, shape (steps, features), many sequences at once but not too many."""
    chunk: list[Values] = []
    size = 0
    for values in (values for part in parts for values in part):
        chunk.append(values)
        size += values.size
        if size >= _VALUES_AT_ONCE:
            yield np.concatenate(chunk)
            chunk, size = [], 0
    if chunk:
        yield np.concatenate(chunk)


def _length_bars(parts: Iterable[Part]) -> tuple[LengthBar, ...]:
    lengths = np.array([len(values) for part in parts for values in part.values])
    first, last = int(lengths.min()), int(lengths.max())
    width = -(-(last - first + 1) // MOST_BARS)
    counts = np.bincount((lengths - first) // width)
    return tuple(
        LengthBar(
            shortest=first + number * width,
            longest=min(first + (number + 1) * width - 1, last),
            sequences=int(count),
        )
        for number, count in enumerate(counts)
    )


def _examples(parts: dict[Split, Part], spec: DataSpec) -> Iterator[Example]:
    """The first sequence of each class, from the training part if it has one."""
    for number, label in enumerate(spec.classes[:MOST_EXAMPLES]):
        part = next(part for part in parts.values() if (part.labels == number).any())
        position = int((part.labels == number).argmax())
        values = part.values[position]
        is_image = spec.kind == "images"
        yield Example(
            label=label,
            id=part.ids[position],
            steps=len(values),
            curves=() if is_image else tuple(map(_small_curve, values.T[:MOST_CURVES])),
            picture=_small_picture(values) if is_image else (),
        )


def _small_curve(values: Values) -> tuple[float, ...]:
    """At most `MOST_POINTS` values; of each stretch of a longer curve the least and the most."""
    if len(values) <= MOST_POINTS:
        return tuple(values.tolist())
    points: list[float] = []
    for stretch in np.array_split(values, MOST_POINTS // 2):
        ends = sorted((int(stretch.argmin()), int(stretch.argmax())))
        points += stretch[ends].tolist()
    return tuple(points)


def _small_picture(values: Values) -> tuple[tuple[int, ...], ...]:
    """At most `MOST_PIXELS` rows and columns of means, from 0 to 255 for the brightest."""
    height, width = values.shape
    step = -(-max(height, width) // MOST_PIXELS)
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    sums = np.add.reduceat(values.astype(np.float64), rows, axis=0)
    sums = np.add.reduceat(sums, columns, axis=1)
    means = sums / np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
    brightness = 255 * means / max(1, means.max())
    return tuple(map(tuple, brightness.round().astype(int).tolist()))


def _constant(features: Sequence[FeatureSummary], spec: DataSpec) -> Iterator[str]:
    """Features that tell nothing; the margin of images is of one colour as a rule."""
    if spec.kind == "images":
        return
    names = [feature.name for feature in features if feature.minimum == feature.maximum]
    if len(names) == 1:
        yield f"A feature is constant: {names[0]}."
    elif names:
        yield f"{len(names):,} features are constant: {listed(names, _MOST_NAMED)}."


def _rare_classes(spec: DataSpec) -> Iterator[str]:
    """Classes with one sequence; those that a split lacks are among the warnings."""
    totals = (sum(counts) for counts in zip(*spec.class_sizes.values(), strict=True))
    lonely = [name for name, total in zip(spec.classes, totals, strict=True) if total == 1]
    if lonely:
        yield f"{classes_have(lonely)} one sequence only."

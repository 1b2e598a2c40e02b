"""Filling in missing values, which files write as NaN."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..config.schema import Missing

Values = NDArray[np.float32]


def count_missing(sequences: Iterable[Values], num_features: int) -> NDArray[np.int64]:
    """How many values of each feature are missing, shape (num_features,)."""
    counts = np.zeros(num_features, np.int64)
    for values in sequences:
        counts += np.isnan(values).sum(axis=0)
    return counts


def feature_means(sequences: Sequence[Values]) -> Values:
    """The mean of each feature over all present values, shape (features,); 0 if none is present."""
    sums = np.zeros(sequences[0].shape[1])
    counts = np.zeros(sequences[0].shape[1])
    for values in sequences:
        sums += np.nansum(values, axis=0, dtype=np.float64)
        counts += (~np.isnan(values)).sum(axis=0)
    return (sums / np.maximum(counts, 1)).astype(np.float32)


def fill(values: Values, method: Missing, means: Values) -> Values:
    """A copy of a sequence (T, features) without missing values.

    Args:
        values: The sequence.
        method: `forward` repeats the last value before it, or the mean where there is none;
            `error` leaves nothing to fill.
        means: Of each feature in the training part.
    """
    is_missing = np.isnan(values)
    if method == "mean":
        return np.where(is_missing, means, values)
    steps = np.arange(len(values))[:, None]
    latest = np.maximum.accumulate(np.where(is_missing, -1, steps), axis=0)
    filled = np.take_along_axis(values, np.maximum(latest, 0), axis=0)
    return np.where(latest < 0, means, filled)

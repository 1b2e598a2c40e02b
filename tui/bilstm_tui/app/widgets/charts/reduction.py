"""Curves prepared for drawing: reduced to few points without losing outliers, and smoothed."""

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_NEGLIGIBLE = 0.01
"""The weight of the first value that no longer counts: of a spike, even that would be much."""
_MANY = 10  # points, of which a multiple of 10 is said


def reduce(
    steps: Numbers, low: Numbers, high: Numbers, columns: int, x_range: tuple[float, float]
) -> tuple[Numbers, Numbers]:
    """Reduce a curve to two points at most, the minimum and the maximum, in each column.

    Args:
        steps: Positions on the x axis, ascending, shape (N,).
        low: The minimum at each position, shape (N,).
        high: The maximum at each position, shape (N,).
        columns: Columns of the chart.
        x_range: The ends of the x axis.

    Returns:
        x and y of the points, each of shape (M,) with M ≤ 2 · columns, and at most two more on
        each side where the curve continues outside the chart.
    """
    if len(steps) == 0:
        return np.empty(0), np.empty(0)
    start, end = x_range
    column = np.floor((steps - start) * (columns / ((end - start) or 1.0)))
    column = np.clip(column, -1, np.where(steps > end, columns, columns - 1))
    starts = np.flatnonzero(np.diff(column, prepend=-2))
    minima, maxima = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    is_flat = minima == maxima
    x = np.repeat(steps[starts], 2).astype(np.float64)
    y = np.column_stack((minima, maxima)).ravel()
    keep = np.column_stack((np.ones_like(is_flat), ~is_flat)).ravel()
    return x[keep], y[keep]


def smooth(values: Numbers, weight: float) -> Numbers:
    """The exponential moving average over the values before and after each point.

    A value d points away has the weight w^d, up to `reach(w)`, and the weights of each point are
    divided by their sum. So the average is never beyond the values that it is the average of; it
    neither starts at 0 nor lags behind values that fall. At the last point it is nearly the
    one-sided average of TensorBoard, without its bias.

    It uses no matrix product: that starts threads, which would compete with training for cores.

    Args:
        values: Finite numbers, shape (N,).
        weight: w, from 0 (no smoothing) to below 1.
    """
    if not weight or len(values) == 0:
        return values
    sums = _decaying_sums(values, weight) + _decaying_sums(values[::-1], weight)[::-1] - values
    counts = np.minimum(np.arange(1.0, len(values) + 1), reach(weight))
    before = (1 - weight**counts) / (1 - weight)
    return sums / (before + before[::-1] - 1)


def reach(weight: float) -> int:
    """How many values count on each side of a point, with its own: a power of two."""
    return 2 ** math.ceil(math.log2(max(1.0, math.log(_NEGLIGIBLE, weight)))) if weight else 1


def smoothed_points(weight: float) -> int:
    """About how many points a smoothed value is the mean of: the sum of their weights."""
    count = (1 + weight) / (1 - weight)
    return int(round(count, -1 if count > _MANY else 0))


def _decaying_sums(values: Numbers, weight: float) -> Numbers:
    """The sum of each value and those before it, by their weights."""
    sums = values.astype(np.float64)
    span = 1  # the number of values in each sum; two sums make one of twice as many
    while span < min(len(values), reach(weight)):
        sums[span:] += weight**span * sums[:-span]
        span *= 2
    return sums

"""Curves made ready to be drawn: few points, no spike lost, noise smoothed."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_NEGLIGIBLE = 1e-16


def reduce(
    steps: Numbers, low: Numbers, high: Numbers, columns: int, frame: tuple[float, float]
) -> tuple[Numbers, Numbers]:
    """At most two points, the least and the greatest, for each column of the picture.

    Args:
        steps: Ascending places on the x axis, shape (N,).
        low: The least value at each, shape (N,).
        high: The greatest value at each, shape (N,).
        columns: Columns of the picture.
        frame: Where on the x axis the picture begins and ends.

    Returns:
        x and y of the points to join, each of shape (M,) with M ≤ 2 · columns, and at most
        two more for each side where the curve goes on outside the picture.
    """
    if len(steps) == 0:
        return np.empty(0), np.empty(0)
    start, end = frame
    column = np.floor((steps - start) * (columns / ((end - start) or 1.0)))
    column = np.clip(column, -1, np.where(steps > end, columns, columns - 1))
    starts = np.flatnonzero(np.diff(column, prepend=-2))
    least, greatest = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    is_flat = least == greatest
    x = np.repeat(steps[starts], 2).astype(np.float64)
    y = np.column_stack((least, greatest)).ravel()
    keep = np.column_stack((np.ones_like(is_flat), ~is_flat)).ravel()
    return x[keep], y[keep]


def smooth(values: Numbers, weight: float) -> Numbers:
    """The exponential moving average, without its bias towards an initial 0.

    As TensorBoard smooths: s_t = w · s_{t-1} + (1 - w) · x_t, divided by 1 - w^t (Kingma and
    Ba 2015 for the division).

    No matrix product: those start threads, which wait for the cores that a run trains on.

    Args:
        values: Finite numbers, shape (N,).
        weight: w, from 0 (as they are) to below 1.
    """
    if not weight or len(values) == 0:
        return values
    averages = (1 - weight) * values
    span = 1  # each is the sum of so many by now; two sums make one of twice as many
    while span < len(values) and weight**span > _NEGLIGIBLE:
        averages[span:] += weight**span * averages[:-span]
        span *= 2
    return averages / (1 - weight ** np.arange(1.0, len(values) + 1))

"""The ends of the axes of a chart."""

import math
from collections.abc import Sequence

import numpy as np

from .axes import most_labels, widen_if_empty, widen_to_few, widen_to_round
from .reduction import Numbers
from .series import Axis, Series
from .zoom import Range

_FEW_POINTS = 4
"""Points of a curve, from which on its later half says where the curves end."""
_LOW_SHARE = 0.1
_MARGIN = 1.5
_LEAST_GAIN = 2.0
"""By this factor a fitted axis is shorter than the whole one: else nothing is cut off."""
_GROWTH = 1.3  # by which the axis of a live run gets longer: in between, old points stay in place


def whole_x_range(several: Sequence[Series], axis: Axis) -> Range:
    """From the first value to the last, finite or not, or further where a run is live."""
    drawn = [series for series in several if len(series.steps) or len(series.non_finite)]
    if not drawn:
        return (0.0, 1.0)
    ends = [_ends(series, axis) for series in drawn]
    low, high = min(x[0] for x in ends), max(x[1] for x in ends)
    live = [series for series in drawn if series.last_step]
    if live and high > 0:
        grown = _GROWTH ** math.ceil(math.log(high) / math.log(_GROWTH))
        if axis != "time":  # when training ends is known in steps and epochs only
            last = [it.convert(axis, np.array([it.last_step])) for it in live]
            grown = min(grown, *(x[0] for x in last))
        high = max(high, grown)
    return widen_if_empty(float(low), float(high), 1.0)


def _ends(series: Series, axis: Axis) -> Numbers:
    """Where the first and the last value are."""
    steps = [*series.steps[[0, -1]]] if len(series.steps) else []
    steps += [*series.non_finite[:1], *series.non_finite[-1:]]
    return series.convert(axis, np.array([min(steps), max(steps)], np.float64))


def round_range(values: Numbers, highest: float) -> Range:
    """Round numbers around some values, up to the highest possible one."""
    if not len(values):
        return (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    low, high = widen_if_empty(low, high, 0.01 * abs(high) or 1.0)
    low, high = widen_to_round(low, high)
    return low, min(high, highest)


def fitted_range(curves: Sequence[Numbers], highest: float, rows: int) -> Range | None:
    """Round numbers around the later half of each curve, where the curves start much lower.

    Args:
        curves: The values in view of each curve.
        highest: The highest possible value.
        rows: Rows of the chart, whose ticks are at both ends of the range.

    Returns:
        None if the curves have few points, or differ so little that nothing has to be cut off.
    """
    ends = [float(np.quantile(y[len(y) // 2 :], _LOW_SHARE)) for y in curves if len(y)]
    if not ends or max(map(len, curves)) < _FEW_POINTS:
        return None
    lowest = min(float(y.min()) for y in curves if len(y))
    high = max(float(y.max()) for y in curves if len(y))
    low, high = widen_if_empty(min(ends), high, 0.01 * abs(high) or 1.0)
    low, high = high - _MARGIN * (high - low), min(high, highest)
    low, high = widen_to_few(low, high, most_labels(rows) - 1)
    high = min(high, highest)
    return (low, high) if high - lowest > _LEAST_GAIN * (high - low) else None

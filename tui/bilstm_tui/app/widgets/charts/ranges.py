"""The ends of the axes of a chart."""

import math
from collections.abc import Sequence

import numpy as np

from .axes import widen_if_empty, widen_to_round
from .reduction import Numbers
from .series import Axis, Series
from .zoom import Range

_GROWTH = 1.3  # by which the axis of a live run gets longer: in between, old points stay in place


def whole_x_range(several: Sequence[Series], axis: Axis) -> Range:
    """From the first point to the last, or further where a run is live."""
    drawn = [series for series in several if len(series.steps)]
    if not drawn:
        return (0.0, 1.0)
    ends = [series.convert(axis, series.steps[[0, -1]]) for series in drawn]
    low, high = min(x[0] for x in ends), max(x[1] for x in ends)
    live = [series for series in drawn if series.last_step]
    if live and high > 0:
        grown = _GROWTH ** math.ceil(math.log(high) / math.log(_GROWTH))
        if axis != "time":  # when training ends is known in steps and epochs only
            last = [it.convert(axis, np.array([it.last_step])) for it in live]
            grown = min(grown, *(x[0] for x in last))
        high = max(high, grown)
    return widen_if_empty(float(low), float(high), 1.0)


def round_range(values: Numbers, highest: float) -> Range:
    """Round numbers around some values, up to the highest possible one."""
    if not len(values):
        return (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    low, high = widen_if_empty(low, high, 0.01 * abs(high) or 1.0)
    low, high = widen_to_round(low, high)
    return low, min(high, highest)

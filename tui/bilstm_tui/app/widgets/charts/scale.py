"""Linear or logarithmic: the scale of a y axis."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from .reduction import Numbers
from .series import Series, value_range

WIDE_SPAN = 20
"""By this factor values differ where the smaller ones cannot be read on a linear axis."""
_NARROW_SPAN = 10
"""By less than this they differ where an axis that became logarithmic becomes linear again."""
_ZERO_SHARE, _LEAST_TO_ZERO = 0.15, 0.2
"""From the least positive number to 0 on a logarithmic axis: a share of its length, or this."""


class Scale:
    """The scale of a y axis, by the whole curves, not by the part in view.

    Args:
        least_quantile: Which part of the values may be too small for a linear axis.

    Attributes:
        is_logarithmic: What was chosen.
        is_wide: Whether the smaller values could not be read on a linear axis.
        zero: Where 0 is on a logarithmic axis: at its lower end; None if no value is 0.
        least: The logarithm to base 10 of the least positive value.
    """

    def __init__(self, least_quantile: float = 0.0) -> None:
        self.is_logarithmic = self.is_wide = False
        self._least_quantile = least_quantile
        self.zero: float | None = None
        self.least = 0.0

    def choose(
        self, several: Sequence[Series], choice: bool | None, prefers: Callable[..., bool]
    ) -> None:
        """Choose the scale of these curves.

        Args:
            several: The curves.
            choice: Whether the user wants it to be logarithmic; None where the values decide.
            prefers: Whether they then do, given `is_wide`.
        """
        lowest, least_positive, highest = value_range(several)
        least = least_positive
        if self._least_quantile:
            values = np.concatenate([[], *(series.mean for series in several)])
            positive = values[values > 0]
            least = float(np.quantile(positive, self._least_quantile)) if len(positive) else least
        span = _NARROW_SPAN if self.is_wide else WIDE_SPAN
        self.is_wide = lowest >= 0 and highest > span * least
        if choice is None:
            choice = prefers(is_wide=self.is_wide)
        self.is_logarithmic = choice and highest > 0
        self.least, self.zero = math.log10(least_positive), None
        if self.is_logarithmic and lowest <= 0:
            span = math.log10(highest) - self.least
            self.zero = self.least - max(_LEAST_TO_ZERO, _ZERO_SHARE * span)

    def places(self, values: Numbers) -> Numbers:
        """Where values are on the axis: on a logarithmic one, their logarithms to base 10."""
        if not self.is_logarithmic:
            return values
        lowest = self.least if self.zero is None else self.zero
        is_positive = values > 0
        logarithms = np.log10(np.where(is_positive, values, 1.0))
        return np.where(is_positive, np.maximum(logarithms, lowest), lowest)

    def value_at(self, place: float) -> float:
        """The value at a place on the axis."""
        if not self.is_logarithmic:
            return place
        return 0.0 if place == self.zero else 10**place

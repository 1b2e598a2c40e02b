"""Linear or logarithmic: the scale of a y axis."""

from collections.abc import Callable, Sequence

import numpy as np

from .reduction import Numbers
from .series import Series, value_range

WIDE_SPAN = 20
"""By this factor values differ where the smaller ones cannot be read on a linear axis."""
_NARROW_SPAN = 10
"""By less than this they differ where an axis that became logarithmic becomes linear again."""


class Scale:
    """The scale of a y axis, by the whole curves, not by the part in view.

    Args:
        least_quantile: Which part of the values may be too small for a linear axis.

    Attributes:
        is_logarithmic: What was chosen.
        is_wide: Whether the smaller values could not be read on a linear axis.
    """

    def __init__(self, least_quantile: float = 0.0) -> None:
        self.is_logarithmic = self.is_wide = False
        self._least_quantile = least_quantile
        self._least_positive = 1.0

    def choose(
        self, several: Sequence[Series], choice: bool | None, prefers: Callable[..., bool]
    ) -> None:
        """Choose the scale of these curves.

        Args:
            several: The curves.
            choice: Whether the user wants it to be logarithmic; None where the values decide.
            prefers: Whether they then do, given `is_wide`.
        """
        lowest, self._least_positive, highest = value_range(several)
        least = self._least_positive
        if self._least_quantile:
            values = np.concatenate([[], *(series.mean for series in several)])
            positive = values[values > 0]
            least = float(np.quantile(positive, self._least_quantile)) if len(positive) else least
        span = _NARROW_SPAN if self.is_wide else WIDE_SPAN
        self.is_wide = lowest >= 0 and highest > span * least
        if choice is None:
            choice = prefers(is_wide=self.is_wide)
        self.is_logarithmic = choice and highest > 0

    def places(self, values: Numbers) -> Numbers:
        """Where values are on the axis: on a logarithmic one, their logarithms to base 10."""
        if not self.is_logarithmic:
            return values
        return np.log10(np.maximum(values, self._least_positive))

"""A chart of few rows: its name and latest value above it, the ends of its y axis in the frame."""

import math
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text

from .axes import widen_if_empty, widen_to_two_digits
from .chart import Chart
from .picture import Picture
from .reduction import Numbers
from .zoom import Range

_GAP = 4  # columns beside a title in the border


class SmallChart(Chart):
    """One curve without ticks, for which there is always space.

    Args:
        names: What it shows, from the longest name to the shortest.
        words: Formats a value.
        limits: The ends of the y axis; None if they follow from the values.
        is_linear: Whether the y axis is linear, however much the values differ.
    """

    has_labels: ClassVar = False
    least_quantile: ClassVar = 0.25
    """A learning rate that ends at almost nothing does not make its whole course logarithmic."""

    def __init__(
        self,
        *names: str,
        id: str,  # noqa: A002
        words: Callable[[float], str],
        limits: Range | None = None,
        is_linear: bool = False,
    ) -> None:
        super().__init__(names[0], id=id, announcements=["no data"])
        self._names, self._words, self._limits = names, words, limits
        self._is_linear = is_linear

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to smooth, and limits are those of a linear axis."""
        return action != "next_smoothing" and not (self._limits and action == "toggle_logarithm")

    def prefers_logarithm(self, *, is_wide: bool) -> bool:
        """Not where the axis shall be linear, or has limits."""
        return is_wide and not (self._is_linear or self._limits)

    def draw_curves(self, picture: Picture) -> None:
        """Draw the curve, and the ends of its axis into the frame."""
        super().draw_curves(picture)
        if self._curves:
            low, high = (self._words(self._scale.value_at(end)) for end in self._upright.ends)
            picture.write_ends(low, high, self.label_style)

    @property
    def _whole_y_range(self) -> Range:
        values = self._drawn_values
        if self._limits or not len(values):
            return self._limits or (0.0, 1.0)
        if not self._is_logarithmic:
            return widen_to_two_digits(*_ends(values))
        low, high = widen_if_empty(*_ends(self._scaled(values)), 0.1)
        high = max(high, math.log10(_rounded(10**high, math.ceil)))
        if low == self._scale.zero:
            return low, high
        return min(low, math.log10(_rounded(10**low, math.floor))), high

    def _heading(self) -> Text:
        """The longest name that fits, and the value at the end or under the crosshair.

        Where there is space, it says that the axis is logarithmic.
        """
        value = ""
        if self._curves:
            curve = self._curves[0]
            point = -1 if self._crosshair is None else curve.nearest(self._crosshair)
            value = self._words(float(curve.series.mean[point]))
        room = self.size.width - _GAP - len(value) - 1
        log = [f"{name}, log" for name in self._names] if self._is_logarithmic else []
        name = next((it for it in (*log, *self._names) if len(it) <= room), self._names[-1])
        return Text.assemble((name, "not bold"), " ", (value, "bold"))

    def _words_below(self) -> Text:
        return Text()


def _ends(values: Numbers) -> Range:
    return float(values.min()), float(values.max())


def _rounded(value: float, to_whole: Callable[[float], int]) -> float:
    """A positive number with one digit, not rounded further where it has only one."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    return to_whole(round(value / power, 6)) * power

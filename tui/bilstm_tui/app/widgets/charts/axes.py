"""Axis ticks: round numbers, powers of ten, and times, as many as there is space for."""

import math
from collections.abc import Iterable, Sequence

from textual_plot.axis_formatter import AxisFormatter

_ROUND = (1, 2, 5)
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
_MAX_TICKS = 12
_FLAT = 1e-5
_EXACT = 1e-6


class Ticks(AxisFormatter):
    """Round numbers.

    Args:
        is_vertical: Whether the axis is vertical.
        min_step: The smallest distance between two ticks.

    Attributes:
        room: Columns of a horizontal axis, rows of a vertical one.
    """

    def __init__(self, *, is_vertical: bool = False, min_step: float = 0.0) -> None:
        self.room = 40
        self._is_vertical = is_vertical
        self._min_step = min_step

    def get_ticks(self, min_: float, max_: float, max_ticks: int = _MAX_TICKS) -> list[float]:
        """The densest ticks that fit; only the middle if there is almost no range."""
        if max_ - min_ < _FLAT * max(abs(min_), abs(max_)):
            return [(min_ + max_) / 2]
        for step in self._steps(min_, max_):
            ticks = _multiples(step, min_, max_)
            if len(ticks) <= max_ticks and self._fit(self.get_labels_for_ticks(ticks)):
                return self._without_cut_label(ticks, min_, max_)
        return []

    def _without_cut_label(self, ticks: list[float], low: float, high: float) -> list[float]:
        """Remove the last tick if its label would be cut off, and read as another number."""
        if self._is_vertical or not ticks:
            return ticks
        behind = (high - ticks[-1]) / (high - low) * self.room
        if behind < _EXACT:  # textual-plot aligns such a label with the edge
            return [*ticks[:-1], high]
        return ticks if behind + 2 >= len(self.get_labels_for_ticks(ticks)[-1]) / 2 else ticks[:-1]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Numbers with no more decimals than their distance needs; thousands as k."""
        if len(ticks) == 1:
            return [f"{ticks[0]:.4g}"]
        step = ticks[1] - ticks[0] if ticks else 1
        return [_format(tick, step) for tick in ticks]

    def _steps(self, low: float, high: float) -> Iterable[float]:
        power = math.floor(math.log10(max(high - low, 1e-12))) - 2
        steps = (
            factor * 10.0**exponent for exponent in range(power, power + 5) for factor in _ROUND
        )
        return (step for step in steps if step >= self._min_step)

    def _fit(self, labels: list[str]) -> bool:
        needed = 2 * len(labels) if self._is_vertical else sum(len(label) + 3 for label in labels)
        return needed <= self.room


class TimeTicks(Ticks):
    """Seconds, labelled as minutes and hours."""

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Such as 0:30 or 1:05:00."""
        return [format_time(tick) for tick in ticks]

    def _steps(self, low: float, high: float) -> Iterable[float]:
        days = (86_400.0 * factor for factor in (2, 5, 10, 20, 50, 100, 200, 500, 1000))
        return (*map(float, _TIMES), *days)


class LogarithmTicks(Ticks):
    """Ticks of an axis that shows logarithms to base 10, labelled with the numbers themselves."""

    def get_ticks(self, min_: float, max_: float, max_ticks: int = _MAX_TICKS) -> list[float]:
        """At 1, 2 and 5 of each power of ten, or only at the powers, as they fit."""
        powers = range(math.floor(min_) - 1, math.ceil(max_) + 1)
        for factors, each in ((_ROUND, 1), ((1,), 1), ((1,), 2), ((1,), 4), ((1,), 8)):
            ticks = [
                math.log10(factor) + power
                for power in powers
                if power % each == 0
                for factor in factors
            ]
            ticks = [tick for tick in ticks if min_ <= tick <= max_]
            if len(ticks) <= max_ticks and self._fit(self.get_labels_for_ticks(ticks)):
                return ticks
        return []

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """The numbers whose logarithms the ticks are."""
        return [f"{10**tick:.3g}" for tick in ticks]


def widen_to_round(low: float, high: float) -> tuple[float, float]:
    """Widen a range to round numbers, so that an axis does not change with every value."""
    if high <= low:
        return low, high
    min_step = (high - low) / 20
    power = 10.0 ** math.floor(math.log10(min_step))
    step = next(factor * power for factor in (*_ROUND, 10) if factor * power >= min_step)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def format_time(seconds: float) -> str:
    """Format seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > _MAX_TICKS:
        return [low] * (_MAX_TICKS + 1)
    return [number * step for number in range(first, last + 1)]


def _format(value: float, step: float) -> str:
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * unit and step >= unit / 10:
            return f"{value / unit:.10g}{letter}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:.{min(decimals, 8)}f}"

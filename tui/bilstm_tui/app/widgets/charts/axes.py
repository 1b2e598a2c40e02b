"""Axis ticks: round numbers, powers of ten, and times, as many as there is space for."""

import math
from collections.abc import Iterable, Sequence

from ....text.names import shortened_together

_ROUND = (1, 2, 5)
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
_MAX_TICKS = 12
_MAX_DOUBLED = 9  # times that the distance between two powers of ten is doubled
_HUGE = 1e10  # from which on numbers have an exponent
_FLAT = 1e-5
_EXACT = 1e-6
_UNSEEN = 1e-3  # of the second digit of a label
_FEW_TICKS, _SOME_TICKS = 2, 4  # labels of an axis of few rows
_MOST_LABELS = 8
_LEAST_NAME = 5  # columns of a name, with a gap
VERTICAL_LABEL = 7
"""Columns of the longest label of a vertical axis."""


class Ticks:
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
                return self._at_ends(ticks, min_, max_)
        return []

    def get_ticks_and_labels(self, min_: float, max_: float) -> tuple[list[float], list[str]]:
        """The ticks, and the label of each."""
        ticks = self.get_ticks(min_, max_, _MOST_LABELS)
        return ticks, self.get_labels_for_ticks(ticks)

    @staticmethod
    def _at_ends(ticks: list[float], low: float, high: float) -> list[float]:
        """The ticks, those that rounding moved past an end of the axis exactly at the end."""
        near = _EXACT * (high - low)
        at_low = (low if abs(tick - low) < near else tick for tick in ticks)
        return [high if abs(tick - high) < near else tick for tick in at_low]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Numbers with no more decimals than their distance needs; thousands as k."""
        if len(ticks) == 1:
            return [_short(ticks[0])]
        step = ticks[1] - ticks[0] if ticks else 1
        return [_format(tick, step) for tick in ticks]

    def _steps(self, low: float, high: float) -> Iterable[float]:
        power = math.floor(math.log10(max(high - low, 1e-12))) - 2
        steps = (
            factor * 10.0**exponent for exponent in range(power, power + 5) for factor in _ROUND
        )
        return (step for step in steps if step >= self._min_step)

    def _fit(self, labels: list[str]) -> bool:
        if self._is_vertical:
            is_short = all(len(label) <= VERTICAL_LABEL for label in labels)
            return is_short and len(labels) <= most_labels(self.room)
        return sum(len(label) + 3 for label in labels) <= self.room


class TimeTicks(Ticks):
    """Seconds, labelled as minutes and hours."""

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Such as 0:30 or 1:05:00."""
        return [format_time(tick) for tick in ticks]

    def _steps(self, low: float, high: float) -> Iterable[float]:
        days = (86_400.0 * factor for factor in (2, 5, 10, 20, 50, 100, 200, 500, 1000))
        return (*map(float, _TIMES), *days)


class LogarithmTicks(Ticks):
    """Ticks of an axis that shows logarithms to base 10, labelled with the numbers themselves.

    Args:
        is_vertical: Whether the axis is vertical.
        zero: Where 0 is, below all logarithms; None if it is not on the axis.
        least: The logarithm of the least positive number, if 0 is on the axis.
    """

    def __init__(
        self, *, is_vertical: bool = False, zero: float | None = None, least: float = 0.0
    ) -> None:
        super().__init__(is_vertical=is_vertical)
        self._zero, self._least = zero, least

    def get_ticks_and_labels(self, min_: float, max_: float) -> tuple[list[float], list[str]]:
        """The ticks, and the label of each: between 0 and the least number there is nothing."""
        if self._zero is None or min_ > self._zero:
            return super().get_ticks_and_labels(min_, max_)
        if max_ < self._least:
            return [self._zero], ["0"]
        ticks, labels = super().get_ticks_and_labels(self._least, max_)
        return [self._zero, *ticks], ["0", *labels]

    def get_ticks(self, min_: float, max_: float, max_ticks: int = _MAX_TICKS) -> list[float]:
        """At 1, 2 and 5 of each power of ten, or only at the powers, as they fit."""
        powers = range(math.floor(min_) - 1, math.ceil(max_) + 1)
        for factors, each in ((_ROUND, 1), *(((1,), 2**number) for number in range(_MAX_DOUBLED))):
            ticks = [
                math.log10(factor) + power
                for power in powers
                if power % each == 0
                for factor in factors
            ]
            ticks = [tick for tick in self._at_ends(ticks, min_, max_) if min_ <= tick <= max_]
            if len(factors) > 1 and len(ticks) < _FEW_TICKS:
                return self._between_powers(min_, max_, max_ticks)
            if len(ticks) <= max_ticks and self._fit(self.get_labels_for_ticks(ticks)):
                return ticks
        return []

    def _between_powers(self, low: float, high: float, max_ticks: int) -> list[float]:
        """The logarithms of equally distant round numbers, where there is hardly a power of ten."""
        linear = Ticks(is_vertical=self._is_vertical)
        linear.room = self.room
        numbers = linear.get_ticks(10**low, 10**high, max_ticks)
        ticks = [math.log10(number) for number in numbers if number > 0]
        return self._at_ends(ticks, low, high)

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """The numbers whose logarithms the ticks are."""
        label = _short if len(ticks) == 1 else _plain
        return [label(10**tick) for tick in ticks]


class NamedTicks(Ticks):
    """Names at 0, 1, 2 …, each cut to the columns that it has."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names

    def get_ticks(self, min_: float, max_: float, max_ticks: int = _MAX_TICKS) -> list[float]:
        """A tick for each name in view; of too many, every second or third."""
        numbers = range(max(0, math.ceil(min_)), min(len(self._names) - 1, math.floor(max_)) + 1)
        each = math.ceil(len(numbers) / max(1, min(max_ticks, self.room // _LEAST_NAME)))
        return [float(number) for number in numbers[:: max(1, each)]]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """The names."""
        most = max(_LEAST_NAME, self.room // max(1, len(ticks))) - 1
        return shortened_together([self._names[round(tick)] for tick in ticks], most)


def most_labels(rows: int) -> int:
    """How many labels a vertical axis has space for, without crowding."""
    return max(_FEW_TICKS, min(_SOME_TICKS, rows - 1), rows // 2)


def widen_to_round(low: float, high: float) -> tuple[float, float]:
    """Widen a range to round numbers, so that an axis does not change with every value."""
    if high <= low:
        return low, high
    min_step = (high - low) / 20
    power = 10.0 ** math.floor(math.log10(min_step))
    step = next(factor * power for factor in (*_ROUND, 10) if factor * power >= min_step)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def widen_to_few(low: float, high: float, intervals: int) -> tuple[float, float]:
    """Widen a range to the ends of at most so many intervals of a round length."""
    power = math.floor(math.log10(high - low)) - 1
    steps = (factor * 10.0**exponent for exponent in range(power, power + 4) for factor in _ROUND)
    for step in steps:
        first, last = math.floor(low / step + _EXACT), math.ceil(high / step - _EXACT)
        if last - first <= intervals:
            return first * step, last * step
    return low, high


def widen_to_two_digits(low: float, high: float) -> tuple[float, float]:
    """Widen a range to numbers of two digits, counted from the first one of the larger number."""
    largest = max(abs(low), abs(high))
    if not largest:
        return low, 1.0
    unit = 10.0 ** (math.floor(math.log10(largest)) - 1)
    first, last = math.floor(low / unit + _UNSEEN), math.ceil(high / unit - _UNSEEN)
    if first == last:
        first, last = first - 1, last + 1
    return min(low, first * unit), max(high, last * unit)


def widen_if_empty(low: float, high: float, margin: float) -> tuple[float, float]:
    """Widen a range without extent, so that the one value is in the middle, between others."""
    is_empty = high - low <= 1e-6 * max(1.0, abs(low), abs(high))
    return (low - margin, high + margin) if is_empty else (low, high)


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
    if abs(value) >= _HUGE:
        digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(step)) + 1
        return _with_exponent(value, max(1, digits))
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * unit and step >= unit / 10:
            return f"{value / unit:.10g}{letter}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:.{min(decimals, 8)}f}"


def _plain(value: float) -> str:
    """A number of few digits as people write it: 50k rather than 5e+04, but 1e-05."""
    if value >= _HUGE:
        return _with_exponent(value, 7)
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= 10 * unit:
            return f"{value / unit:.7g}{letter}"
    return f"{value:.7g}"


def _with_exponent(value: float, digits: int) -> str:
    """A number such as 5e29."""
    return f"{value:.{digits}g}".replace("e+", "e")


def _short(value: float) -> str:
    """A number with as many digits, four at most, as a label has columns for."""
    labels = (f"{value:.{digits}g}" for digits in (4, 3, 2))
    return next((label for label in labels if len(label) <= VERTICAL_LABEL), f"{value:.1g}")

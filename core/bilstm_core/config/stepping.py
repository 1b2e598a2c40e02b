"""The next larger or smaller value of a number, where a key changes it."""

import math

from .settings import Setting

_TWENTIETH = 0.05
_125 = (1, 2, 5)
_DIGITS = 10
"""Significant digits of a value, so that three steps of 0.05 are 0.15."""


def stepped(setting: Setting, value: float, direction: int) -> float:
    """The next value of a number within its bounds; the value itself where there is none.

    Args:
        setting: A number.
        value: Where to start.
        direction: 1 for the next larger value, -1 for the next smaller one.
    """
    if not _is_allowed(setting, value):
        return _nearest_allowed(setting, value)
    new = _SERIES[setting.steps](setting, value, direction)
    new = float(f"{new:.{_DIGITS}g}")
    limit = setting.bounds.get("le" if direction > 0 else "ge", new)
    new = min(new, limit) if direction > 0 else max(new, limit)
    return new if _is_allowed(setting, new) else value


def _one(_: Setting, value: float, direction: int) -> float:
    return value + direction


def _twentieth(_: Setting, value: float, direction: int) -> float:
    position = round(value / _TWENTIETH, 6)
    return _TWENTIETH * _next_whole(position, direction)


def _doubling(_: Setting, value: float, direction: int) -> float:
    if value < 1 or (value == 1 and direction < 0):
        return 1.0 if direction > 0 else 0.0
    return 2.0 ** _next_whole(round(math.log2(value), 9), direction)


def _series(setting: Setting, value: float, direction: int) -> float:
    """Along 1, 2, 5, 10, 20 … times a power of ten; 0 comes before the least."""
    if value < setting.least or (value == setting.least and direction < 0):
        is_positive = "gt" in setting.bounds
        return setting.least if direction > 0 or is_positive else 0.0
    power = math.floor(round(math.log10(value), 9))
    near = [digit * 10.0**exponent for exponent in (power - 1, power, power + 1) for digit in _125]
    if direction > 0:
        return min(number for number in near if number > value * (1 + 1e-9))
    return max(number for number in near if number < value * (1 - 1e-9))


def _nines(_: Setting, value: float, direction: int) -> float:
    """Along 0, 0.9, 0.95, 0.98, 0.99, 0.995 up to 0.999998."""
    left = [digit * 10.0**-power for power in range(2, 7) for digit in (10, 5, 2)]
    numbers = [0.0, *(1 - part for part in left)]
    if direction > 0:
        return min((number for number in numbers if number > value + 1e-9), default=value)
    return max((number for number in numbers if number < value - 1e-9), default=value)


def _next_whole(position: float, direction: int) -> int:
    return math.floor(position) + 1 if direction > 0 else math.ceil(position) - 1


_SERIES = {
    "one": _one,
    "doubling": _doubling,
    "series": _series,
    "twentieth": _twentieth,
    "nines": _nines,
}


def _is_allowed(setting: Setting, value: float) -> bool:
    bounds = setting.bounds
    return (
        value >= bounds.get("ge", -math.inf)
        and value > bounds.get("gt", -math.inf)
        and value <= bounds.get("le", math.inf)
        and value < bounds.get("lt", math.inf)
    )


def _nearest_allowed(setting: Setting, value: float) -> float:
    """The default stands for what is beyond a bound that is itself not allowed."""
    bounds = setting.bounds
    if value <= bounds.get("gt", -math.inf) or value >= bounds.get("lt", math.inf):
        return setting.default
    return min(max(value, bounds.get("ge", value)), bounds.get("le", value))

"""The result of a learning rate search and the suggested rate, without torch."""

from pydantic import BaseModel, ConfigDict

_CEILING = 1.3
"""Highest plotted loss, as a multiple of the first."""
_WINDOWS = 9
"""Parts of the curve over which a slope is measured."""
_LEAST_FALL = 4.0
"""Least fall over such a part, in deviations between neighbours; less is noise."""


class LearningRateCurve(BaseModel):
    """Losses at learning rates that rise from step to step.

    Attributes:
        rates: Learning rates, ascending.
        losses: Smoothed loss of the step with each rate.
        suggestion: The suggested learning rate, where the loss starts to fall steeply; None if it
            never fell.
    """

    model_config = ConfigDict(frozen=True)

    rates: list[float]
    losses: list[float]
    suggestion: float | None

    @property
    def clipped_losses(self) -> list[float]:
        """The losses to plot, clipped so that divergence does not hide the fall."""
        return [min(loss, _CEILING * self.losses[0]) for loss in self.losses]


def suggest(rates: list[float], losses: list[float]) -> float | None:
    """Return a rate at the start of the steep part of the curve; None if the loss never falls.

    The slope is that of a straight line through neighbouring losses, over the logarithm of the
    rate, so that noise does not count. The steep part surrounds the steepest point and is at least
    half as steep; its start is preferred, because a loss that is averaged over earlier steps falls
    late. What comes after the lowest loss, where training diverges, does not count.
    """
    width = max(3, len(losses) // _WINDOWS) | 1
    lowest = min(range(len(losses)), key=losses.__getitem__, default=0)
    falls = [
        (middle, -_slope(losses[middle - width // 2 : middle + width // 2 + 1]))
        for middle in range(width // 2, min(lowest + 1, len(losses) - width // 2))
    ]
    if not falls:
        return None
    steepest, fall = max(falls, key=lambda it: it[1])
    if fall * width <= _LEAST_FALL * _noise(losses[: lowest + 1]) or fall <= 0:
        return None
    start = steepest
    for middle, slope in reversed(falls[: steepest - falls[0][0]]):
        if slope < fall / 2:
            break
        start = middle
    return rates[start]


def _slope(values: list[float]) -> float:
    """The slope of the straight line that fits best, per value."""
    centre = (len(values) - 1) / 2
    products = sum((at - centre) * value for at, value in enumerate(values))
    return products / sum((at - centre) ** 2 for at in range(len(values)))


def _noise(values: list[float]) -> float:
    """How far values deviate from the mean of their neighbours, as a median."""
    triples = zip(values, values[1:], values[2:], strict=False)
    deviations = sorted(abs(middle - (left + right) / 2) for left, middle, right in triples)
    return deviations[len(deviations) // 2] if deviations else 0.0

"""The result of a learning rate search and the suggested rate, without torch."""

from pydantic import BaseModel, ConfigDict

_CEILING = 1.3
"""Highest plotted loss, as a multiple of the first."""
_WINDOWS = 9
"""Parts of the curve over which a slope is measured."""
_LEAST_FALL = 4.0
"""Least fall over such a part, in deviations between neighbours; less is noise."""
_DEEP = 0.2
"""Part of the whole fall from which on a rise that follows is no noise."""


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

    @property
    def is_line(self) -> bool:
        """Whether there are two rates at least; there are none if the first loss is not finite."""
        return len(self.rates) > 1

    @property
    def problem(self) -> str:
        """Why no rate is suggested; empty if one is."""
        if self.suggestion is not None:
            return ""
        if not self.is_line:
            return "The loss was not finite."
        return "The loss fell at none of the learning rates."


def suggest(rates: list[float], losses: list[float]) -> float | None:
    """Return a rate at the start of the steep part of the curve; None if the loss never falls.

    The slope is that of a straight line through neighbouring losses, over the logarithm of the
    rate, so that noise does not count. It is the first rate at which the loss falls at least half
    as steeply as anywhere: a loss that is averaged over earlier steps falls late. What comes after
    training starts to diverge does not count.
    """
    width = max(3, len(losses) // _WINDOWS) | 1
    end = _start_of_divergence(losses, width)
    falls = [
        (middle, -_slope(losses[middle - width // 2 : middle + width // 2 + 1]))
        for middle in range(width // 2, min(end + 1, len(losses) - width // 2))
    ]
    steepest = max((fall for _, fall in falls), default=0.0)
    least = _LEAST_FALL * _noise(losses[: end + 1]) / width
    if steepest <= max(0.0, least):
        return None
    return next(rates[middle] for middle, fall in falls if fall >= max(steepest / 2, least))


def _start_of_divergence(losses: list[float], width: int) -> int:
    """The place of the loss before the first rise that undoes half of a fall, or of the lowest.

    Args:
        losses: The curve.
        width: Losses at its beginning whose mean is where it falls from.
    """
    lowest = min(range(len(losses)), key=losses.__getitem__, default=0)
    start = sum(losses[:width]) / max(1, len(losses[:width]))
    best = 0
    for place, loss in enumerate(losses[:lowest]):
        if loss < losses[best]:
            best = place
        fall = start - losses[best]
        is_deep = fall > _DEEP * (start - losses[lowest])
        if is_deep and loss - losses[best] > fall / 2:
            return best
    return lowest


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

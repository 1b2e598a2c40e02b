"""The result of a learning rate search and the suggested rate, without torch."""

from pydantic import BaseModel, ConfigDict

_CEILING = 1.3
"""Highest plotted loss, as a multiple of the first."""


class LearningRateCurve(BaseModel):
    """Losses at learning rates that rise from step to step.

    Attributes:
        rates: Learning rates, ascending.
        losses: Smoothed loss of the step with each rate.
        suggestion: The suggested learning rate; None if the loss never fell.
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
    """Return the rate in the middle of the longest fall of the loss; None if it never falls.

    The "valley" of fast.ai (Howard and Gugger 2020), the most robust of their rules: the longest
    decreasing subsequence of the losses is cut into three parts; the rate is the middle of the
    second.
    """
    longest = [1] * len(losses)
    for later, loss in enumerate(losses):
        for earlier in range(later):
            if loss < losses[earlier]:
                longest[later] = max(longest[later], longest[earlier] + 1)
    if max(longest, default=0) < 2:
        return None
    end = longest.index(max(longest))
    start = max(0, end - longest[end])
    return rates[start + (end - start) // 2]

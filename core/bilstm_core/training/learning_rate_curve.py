"""What trying learning rates showed, and which of them to take; without torch."""

from pydantic import BaseModel, ConfigDict

_CEILING = 1.3
"""Times the first loss."""


class LearningRateCurve(BaseModel):
    """Losses at learning rates that rise step by step.

    Attributes:
        rates: Learning rates, ascending.
        losses: The smoothed loss after a step with each.
        suggestion: The rate to take; None where the loss never fell.
    """

    model_config = ConfigDict(frozen=True)

    rates: list[float]
    losses: list[float]
    suggestion: float | None

    @property
    def shown(self) -> list[float]:
        """The losses as they are drawn: what diverges would dwarf the fall."""
        return [min(loss, _CEILING * self.losses[0]) for loss in self.losses]


def suggest(rates: list[float], losses: list[float]) -> float | None:
    """The rate in the middle of the longest fall of the loss; None where there is none.

    The "valley" of fast.ai (Howard and Gugger 2020), which has proved the most robust of their
    rules: the longest decreasing subsequence of the losses, cut into three, the middle of the
    second part.
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

"""The rate that is suggested, on curves of which the answer is known."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_core.training.learning_rate_curve import suggest

RATES = [10 ** (-5 + 6 * number / 99) for number in range(100)]


def falling(middle: float, depth: float = 2.0, width: float = 0.25) -> list[float]:
    """A loss that falls around a rate, as steeply as anywhere at that rate."""
    return [
        2.3 - depth / (1 + math.exp(-(math.log10(rate) - math.log10(middle)) / width))
        for rate in RATES
    ]


def diverging(losses: list[float], after: float) -> list[float]:
    """The same curve, which rises beyond a rate."""
    return [
        loss + max(0.0, 4 * (math.log10(rate) - math.log10(after)))
        for rate, loss in zip(RATES, losses, strict=True)
    ]


def noisy(losses: list[float], size: float, seed: int = 0) -> list[float]:
    source = random.Random(seed)
    return [loss + source.gauss(0, size) for loss in losses]


def slope_at(losses: list[float], rate: float) -> float:
    """How fast a curve without noise falls at a rate."""
    at = RATES.index(rate)
    return losses[at - 1] - losses[at + 1]


def steepest(losses: list[float]) -> float:
    return max(a - b for a, b in zip(losses, losses[2:], strict=False))


@pytest.mark.parametrize("middle", [1e-4, 1e-3, 1e-2, 1e-1])
def test_it_is_on_the_steep_part_of_a_smooth_curve(middle: float) -> None:
    smooth = diverging(falling(middle), after=middle * 20)
    rate = suggest(RATES, smooth)
    assert rate is not None
    assert middle / 4 < rate <= middle
    assert slope_at(smooth, rate) > 0.4 * steepest(smooth)


@pytest.mark.parametrize("seed", range(20))
def test_noise_does_not_move_it_off_the_steep_part(seed: int) -> None:
    smooth = diverging(falling(1e-2), after=0.2)
    rate = suggest(RATES, noisy(smooth, 0.05, seed))
    assert rate is not None
    assert slope_at(smooth, rate) > 0.25 * steepest(smooth)


def test_a_long_flat_start_does_not_count() -> None:
    """Where the loss hardly moves although it falls at each step, nothing is learned yet."""
    drifting = [loss - 1e-5 * at for at, loss in enumerate(falling(0.5, width=0.1))]
    rate = suggest(RATES, drifting)
    assert rate is not None
    assert 0.15 < rate <= 0.5


def test_a_plateau_after_the_fall_does_not_count() -> None:
    rate = suggest(RATES, falling(1e-3))
    assert rate is not None
    assert 2e-4 < rate <= 1e-3


def test_of_two_falls_the_steeper_one_counts() -> None:
    both = [a + b for a, b in zip(falling(1e-4, 0.5), falling(1e-2, 1.5), strict=True)]
    rate = suggest(RATES, both)
    assert rate is not None
    assert 2e-3 < rate <= 1e-2


@pytest.mark.parametrize(
    "losses",
    [
        [2.3] * 100,
        [2.3 + 0.01 * at for at in range(100)],
        noisy([2.3] * 100, 0.01),
        [2.3, 2.2],
        [],
    ],
    ids=["flat", "rising", "noise", "short", "empty"],
)
def test_without_a_fall_there_is_none(losses: list[float]) -> None:
    assert suggest(RATES[: len(losses)], losses) is None


def hill(losses: list[float], at: float, height: float) -> list[float]:
    """The same curve with a hill around a rate, after which it falls again."""
    place = math.log10(at)
    return [
        loss + height * math.exp(-(((math.log10(rate) - place) / 0.2) ** 2))
        for rate, loss in zip(RATES, losses, strict=True)
    ]


@given(
    middle=st.floats(-3.5, -2.0),
    distance=st.floats(0.9, 1.2),
    height=st.floats(1.0, 6.0),
    depth=st.floats(0.0, 1.2),
    seed=st.integers(0, 1000),
)
def test_a_fall_after_a_rise_does_not_count(
    middle: float, distance: float, height: float, depth: float, seed: int
) -> None:
    """Past the rise training is unstable, however steeply and however far the loss falls there."""
    first = 10**middle
    falls = zip(
        falling(first, 1.0, 0.15), falling(first * 10 ** (distance + 0.3), depth, 0.1), strict=True
    )
    losses = noisy(hill([a + b for a, b in falls], first * 10**distance, height), 0.02, seed)
    rate = suggest(RATES, losses)
    assert rate is not None
    assert first / 4 < rate <= first * 1.3


@given(middle=st.floats(-3.5, -1.0), noise=st.floats(0, 0.04), seed=st.integers(0, 1000))
def test_it_is_before_the_lowest_loss_where_the_curve_falls(
    middle: float, noise: float, seed: int
) -> None:
    smooth = diverging(falling(10**middle), after=10 ** (middle + 1.2))
    rate = suggest(RATES, noisy(smooth, noise, seed))
    assert rate is not None
    assert RATES.index(rate) < smooth.index(min(smooth))
    assert slope_at(smooth, rate) > 0.25 * steepest(smooth)


def test_a_plateau_on_the_way_down_does_not_hide_the_first_steep_part() -> None:
    """A one-directional GRU on pixels that are not normalised: 0.23 was suggested."""
    parts = zip(falling(1e-2, 0.7, 0.15), falling(0.25, 0.9, 0.12), strict=True)
    rate = suggest(RATES, diverging([a + b for a, b in parts], after=0.5))
    assert rate is not None
    assert 2e-3 < rate <= 1e-2

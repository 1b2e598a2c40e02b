"""The learning rate that a curve of losses suggests."""

import pytest

from bilstm_core.training.learning_rate_curve import suggest


def test_the_middle_of_the_longest_fall_is_suggested() -> None:
    rates = [10.0**power for power in range(-6, 3)]
    losses = [2.3, 2.3, 2.2, 2.0, 1.7, 1.5, 1.9, 4.0, 9.0]
    suggestion = suggest(rates, losses)
    assert suggestion is not None
    assert 1e-4 <= suggestion <= 1e-2


def test_a_spike_does_not_end_the_fall() -> None:
    rates = [float(number) for number in range(1, 10)]
    smooth = [9.0, 8.0, 7.0, 6.5, 6.0, 5.0, 4.0, 3.0, 99.0]
    spiked = [*smooth[:3], 50.0, *smooth[4:]]
    assert suggest(rates, spiked) == suggest(rates, smooth)


@pytest.mark.parametrize("losses", [[], [1.0], [1.0, 2.0, 3.0], [1.0, 1.0]])
def test_where_nothing_falls_nothing_is_suggested(losses: list[float]) -> None:
    assert suggest([1.0] * len(losses), losses) is None

"""Reduction keeps every extreme; smoothing is the average that it says it is."""

import numpy as np
import pytest

from bilstm_tui.app.widgets.charts.reduction import reduce, smooth


@pytest.mark.parametrize("count", [1, 2, 7, 1000, 100_000])
def test_reduction_keeps_extremes_and_is_bounded(count: int) -> None:
    values = np.random.default_rng(0).normal(size=count)
    values[count // 2] = 100.0
    values[count // 3] = -100.0 if count > 2 else values[count // 3]
    x, y = reduce(np.arange(count, dtype=float), values, values, 60, (0, count - 1))
    assert len(x) == len(y) <= 120
    assert y.max() == values.max()
    assert y.min() == values.min()
    assert (np.diff(x) >= 0).all()


def test_reduction_of_nothing_is_nothing() -> None:
    x, y = reduce(np.empty(0), np.empty(0), np.empty(0), 60, (0, 1))
    assert len(x) == len(y) == 0


@pytest.mark.parametrize("count", [1, 255, 256, 257, 2000])
@pytest.mark.parametrize("weight", [0.6, 0.98])
def test_smoothing_is_the_debiased_average(count: int, weight: float) -> None:
    values = np.random.default_rng(1).normal(size=count)
    expected, average = [], 0.0
    for step, value in enumerate(values, 1):
        average = weight * average + (1 - weight) * value
        expected.append(average / (1 - weight**step))
    np.testing.assert_allclose(smooth(values, weight), expected, rtol=1e-9, atol=1e-12)


def test_a_constant_stays_what_it_is_from_the_first_value_on() -> None:
    np.testing.assert_allclose(smooth(np.full(600, 3.0), 0.98), 3.0)
    assert smooth(np.array([1.0, 5.0]), 0.0).tolist() == [1.0, 5.0]


def test_a_line_comes_in_from_outside_the_picture() -> None:
    steps = np.arange(1.0, 5.0)
    x, _ = reduce(steps, steps, steps, 60, (2.5, 3.5))
    assert x.min() < 2.5
    assert x.max() > 3.5


@pytest.mark.parametrize("weight", [0.6, 0.9, 0.98])
def test_a_smoothed_curve_stays_among_the_values_so_far(weight: float) -> None:
    random = np.random.default_rng(2)
    for scale in (1e-6, 1.0, 1e6):
        values = scale * np.exp(-np.arange(3000) / 200 + random.normal(0, 1, 3000))
        smoothed = smooth(values, weight)
        assert (smoothed <= np.maximum.accumulate(values) * (1 + 1e-12)).all()
        assert (smoothed >= np.minimum.accumulate(values) * (1 - 1e-12)).all()
        assert smoothed[0] == pytest.approx(values[0])

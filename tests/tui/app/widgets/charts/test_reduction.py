"""Reduction keeps every extreme; smoothing is the average that it says it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_tui.app.widgets.charts.reduction import reach, reduce, smooth, smoothed_points


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
def test_smoothing_is_the_average_over_both_sides(count: int, weight: float) -> None:
    values = np.random.default_rng(1).normal(size=count)
    places = np.arange(count)
    distances = abs(places - places[:, None])
    weights = weight**distances * (distances < reach(weight))
    expected = [np.average(values, weights=it) for it in weights]
    np.testing.assert_allclose(smooth(values, weight), expected, rtol=1e-9, atol=1e-12)
    last = np.average(values, weights=weight ** places[::-1].astype(float))
    assert smooth(values, weight)[-1] == pytest.approx(last, abs=0.02)  # that of TensorBoard


@given(
    values=st.lists(
        st.one_of(st.floats(-10, 10), st.floats(-1e30, 1e30), st.sampled_from([0.0, 1e-30])),
        min_size=1,
        max_size=600,
    ),
    weight=st.sampled_from([0.0, 0.6, 0.9, 0.98]),
)
def test_a_smoothed_value_is_among_those_that_it_is_the_average_of(
    values: list[float], weight: float
) -> None:
    around = reach(weight)
    for place, smoothed in enumerate(smooth(np.array(values), weight)):
        part = values[max(0, place - around + 1) : place + around]
        rounding = 1e-12 * max(map(abs, part))
        assert min(part) - rounding <= smoothed <= max(part) + rounding


@pytest.mark.parametrize("weight", [0.6, 0.9, 0.98])
def test_a_spike_changes_no_more_of_a_curve_than_it_is_said_to(weight: float) -> None:
    values = np.random.default_rng(0).normal(2, 0.1, 1200)
    without = smooth(values, weight)
    values[600] = 1e30
    changed = np.flatnonzero(abs(smooth(values, weight) - without) > 1e-9)
    assert changed.tolist() == [*range(600 - reach(weight) + 1, 600 + reach(weight))]


def test_a_constant_stays_what_it_is_from_the_first_value_on() -> None:
    np.testing.assert_allclose(smooth(np.full(600, 3.0), 0.98), 3.0)
    assert smooth(np.array([1.0, 5.0]), 0.0).tolist() == [1.0, 5.0]


def test_a_line_comes_in_from_outside_the_picture() -> None:
    steps = np.arange(1.0, 5.0)
    x, _ = reduce(steps, steps, steps, 60, (2.5, 3.5))
    assert x.min() < 2.5
    assert x.max() > 3.5


@pytest.mark.parametrize("weight", [0.6, 0.9])
def test_a_smoothed_curve_stays_among_the_values_around_it(weight: float) -> None:
    random = np.random.default_rng(2)
    near = 40  # points
    for scale in (1e-6, 1.0, 1e6):
        values = scale * np.exp(-np.arange(600) / 60 + random.normal(0, 0.1, 600))
        smoothed = smooth(values, weight)
        around = [values[max(0, it - near) : it + near] for it in range(len(values))]
        assert all(part.min() < it < part.max() for part, it in zip(around, smoothed, strict=True))
        lag = np.log(smoothed / (scale * np.exp(-np.arange(600) / 60)))[near:-near]
        assert abs(lag.mean()) < 0.05


def test_smoothing_says_of_how_many_points_it_is_the_mean() -> None:
    assert [*map(smoothed_points, (0.98, 0.9, 0.6, 0.0))] == [100, 20, 4, 1]

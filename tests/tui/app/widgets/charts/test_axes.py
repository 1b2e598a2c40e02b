"""Ticks: round numbers that fit the width."""

import math

import numpy as np
import pytest

from bilstm_tui.app.widgets.charts.axes import VERTICAL_LABEL, LogarithmTicks, Ticks, TimeTicks


@pytest.mark.parametrize(
    ("ticks", "low", "high", "labels"),
    [
        (Ticks(), 0, 100, ["0", "20", "40", "60", "80", "100"]),
        (Ticks(min_step=1), 0.2, 2.9, ["1", "2"]),
        (Ticks(), 0.001, 0.0012, ["0.00100", "0.00105", "0.00110", "0.00115", "0.00120"]),
        (Ticks(), 0, 1_000_000, ["0", "200k", "400k", "600k", "800k", "1000k"]),
        (Ticks(), 5, 5.000_002, None),
        (TimeTicks(), 0, 100, ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30"]),
        (TimeTicks(), 0, 90_000, ["0:00", "8:00:00", "16:00:00", "24:00:00"]),
        (TimeTicks(), 0, 1e9, None),
        (LogarithmTicks(), -3, 0, ["0.001", "0.01", "0.1", "1"]),
        (LogarithmTicks(), 0.1, 0.8, ["2", "5"]),
        (LogarithmTicks(), 0.41, 0.42, None),
        (Ticks(), 0, 1e30, ["0", "2e29", "4e29", "6e29", "8e29", "1e30"]),
        (Ticks(), 1e12, 1.1e12, ["1e12", "1.05e12", "1.1e12"]),
        (LogarithmTicks(), -2, 30, ["1", "100M", "1e16", "1e24"]),
        (LogarithmTicks(), -1, 300, ["1", "1e64", "1e128", "1e192", "1e256"]),
    ],
)
def test_ticks_are_round_and_fit(
    ticks: Ticks, low: float, high: float, labels: list[str] | None
) -> None:
    ticks.room = 50
    places, words = ticks.get_ticks_and_labels(low, high)
    assert all(low - 1e-9 <= place <= high + 1e-9 for place in places)
    assert sum(len(word) + 2 for word in words) <= 50
    if labels:
        assert words == labels


@pytest.mark.parametrize("kind", [Ticks, LogarithmTicks])
def test_labels_beside_the_axis_are_whole_and_at_their_number(kind: type[Ticks]) -> None:
    ticks = kind(is_vertical=True)
    ticks.room = 20
    random = np.random.default_rng(0)
    for _ in range(3000):
        low, high = np.sort(10 ** random.uniform(-6, 7, 2))
        if kind is LogarithmTicks:
            low, high = math.log10(low), math.log10(high)
        places, labels = ticks.get_ticks_and_labels(low, high)
        for place, label in zip(places, labels, strict=True):
            assert len(label) <= VERTICAL_LABEL
            if len(places) > 1:
                number = float(label.replace("k", "e3").replace("M", "e6"))
                actual = 10**place if kind is LogarithmTicks else place
                assert number == pytest.approx(actual, rel=1e-5, abs=1e-9 * abs(high - low))


def test_a_tick_at_an_end_is_exactly_there() -> None:
    ticks = Ticks(is_vertical=True)
    assert ticks.get_ticks(0.1, 0.1 + 0.2)[-1] == 0.1 + 0.2  # which is not 0.3


def test_a_logarithmic_axis_without_powers_of_ten_has_other_round_numbers() -> None:
    _, labels = LogarithmTicks(is_vertical=True).get_ticks_and_labels(
        math.log10(2.1), math.log10(4.9)
    )
    assert labels == ["2.5", "3", "3.5", "4", "4.5"]

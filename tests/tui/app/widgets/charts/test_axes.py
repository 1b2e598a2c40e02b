"""Ticks: round numbers that fit the width."""

import pytest

from bilstm_tui.app.widgets.charts.axes import LogarithmTicks, Ticks, TimeTicks


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


def test_a_last_label_that_would_be_cut_off_is_left_out() -> None:
    ticks = Ticks()
    ticks.room = 32
    for high in range(1990, 2100):
        places, labels = ticks.get_ticks_and_labels(1, high)
        column = (places[-1] - 1) / (high - 1) * ticks.room
        assert places[-1] == high or column + len(labels[-1]) / 2 <= ticks.room + 2

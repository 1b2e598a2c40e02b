"""Charts of few rows: the shape of a learning rate, and ends that say no more than is needed."""

import asyncio
import math

import pytest

from bilstm_tui.app.widgets.charts.axes import widen_to_two_digits
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.charts.series import figure_series
from bilstm_tui.app.widgets.charts.small_chart import SmallChart
from bilstm_tui.text.numbers import short
from tests.tui.charting import ChartApp, history_of_rates
from tests.tui.driving import text, until

STEPS = range(300)
ONE_CYCLE = [
    0.04 + 0.96 * (1 - math.cos(math.pi * it / 90)) / 2
    if it < 90
    else 4e-6 + (1 + math.cos(math.pi * (it - 90) / 209)) / 2
    for it in STEPS
]


@pytest.mark.parametrize(
    ("rates", "is_logarithmic", "ends"),
    [
        ([0.01 * it for it in ONE_CYCLE], False, ("0", "0.01")),
        ([0.01 * (1 + math.cos(math.pi * it / 300)) / 2 for it in STEPS], False, ("0", "0.01")),
        ([0.01] * 300, False, ("0.009", "0.011")),
        ([0.01, *[0.0099] * 299], False, ("0.009", "0.01")),
        ([0.1 * 0.98**it for it in STEPS], True, ("0.0002", "0.1")),
        ([0.3 * 10.0 ** -(it // 75) for it in STEPS], True, ("0.0003", "0.3")),
        ([5000 + it % 50 for it in STEPS], False, ("5,000", "5,100")),
        ([0.0] * 300, False, ("0", "1")),
        ([*[0.3 * 10.0 ** -(it // 75) for it in STEPS], 0.0], True, ("0", "0.3")),
    ],
)
def test_the_scale_shows_the_shape_and_its_ends_are_short(
    rates: list[float], is_logarithmic: bool, ends: tuple[str, str]
) -> None:
    async def main() -> None:
        app = ChartApp(SmallChart("learning rate", id="chart", words=short))
        async with app.run_test(size=(40, 8)) as pilot:
            chart = app.query_one(Chart)
            chart.show([figure_series(history_of_rates(rates), "learning_rates", is_live=False)])
            await until(pilot, lambda: f"└{ends[0]}─" in text(app))
            assert f"┌{ends[1]}─" in text(app)
            assert ("log" in text(app)) == is_logarithmic

    asyncio.run(main())


def test_limits_are_those_of_a_linear_axis() -> None:
    async def main() -> None:
        chart = SmallChart("usage", id="chart", words=short, limits=(0.0, 100.0))
        app = ChartApp(chart)
        async with app.run_test(size=(40, 8)) as pilot:
            chart.focus()
            chart.show([figure_series(history_of_rates([1, 50]), "learning_rates", is_live=False)])
            await until(pilot, lambda: "└0─" in text(app))
            await pilot.press("y")
            await until(pilot, lambda: "└0─" in text(app) and "┌100─" in text(app))
            assert "log" not in text(app)
            assert "y" not in app.screen.active_bindings

    asyncio.run(main())


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (5003.0, 5049.0, (5000, 5100)),
        (0.01, 0.01, (0.009, 0.011)),
        (4812.0, 12_049.0, (4000, 13_000)),
        (0.0, 9.94, (0, 10)),
        (0.0, 0.010_000_04, (0, 0.010_000_04)),  # which is said to be 0.01
        (-3.21, 1.0, (-3.3, 1.0)),
        (0.0, 0.0, (0, 1)),
    ],
)
def test_a_range_is_widened_to_two_digits(
    low: float, high: float, expected: tuple[float, float]
) -> None:
    assert widen_to_two_digits(low, high) == pytest.approx(expected)

"""Charts: what their keys do, what they mark, what they cost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from bilstm_core import events
from bilstm_core.runs.history import History
from bilstm_tui.app.widgets.charts.axes import LogarithmTicks, Ticks, TimeTicks
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.charts.series import accuracy_series, loss_series
from tests.samples import run_started, small_config
from tests.tui.driving import text, until


class ChartApp(App[None]):
    """Shows one chart."""

    CSS = "Chart { border: round white; }"

    def compose(self) -> ComposeResult:
        yield Chart("loss", id="chart")


Steps = Callable[[Chart, Pilot[None]], Awaitable[None]]


def drive(steps: Steps) -> None:
    async def main() -> None:
        app = ChartApp()
        async with app.run_test(size=(100, 30)) as pilot:
            chart = app.query_one(Chart)
            chart.focus()
            await steps(chart, pilot)

    asyncio.run(main())


def history(losses: list[float | None]) -> History:
    past = History()
    started = run_started(small_config(num_epochs=100))
    past.add(started)
    for first in range(0, len(losses), 50):
        piece = losses[first : first + 50]
        step = first + len(piece)
        past.add(
            events.Progress(
                time=started.time + step,
                epoch=1,
                step=step,
                losses=piece,
                learning_rate=0.01,
                samples_per_second=1,
            )
        )
    return past


FALLING: list[float | None] = [10 ** -(step / 100) for step in range(400)]


def test_the_axis_is_steps_then_epochs_then_time() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=True)])
        await until(pilot, lambda: "300" in text(pilot.app))
        await pilot.press("x")
        await until(pilot, lambda: "loss by epoch" in text(pilot.app))
        assert "16" in text(pilot.app)  # 400 steps of 23 an epoch
        await pilot.press("x")
        await until(pilot, lambda: "loss by time" in text(pilot.app))
        assert "5:00" in text(pilot.app)  # a step a second
        await pilot.press("x")
        await until(pilot, lambda: "loss by step" in text(pilot.app))

    drive(steps)


def test_a_logarithmic_axis_has_the_numbers_themselves() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=True)])
        await pilot.press("y")
        await until(pilot, lambda: "log y" in text(pilot.app))
        await until(pilot, lambda: "0.001" in text(pilot.app))
        await pilot.press("m", "m")
        await until(pilot, lambda: "smoothed" not in text(pilot.app))

    drive(steps)


def test_zooming_shows_more_and_goes_back() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        noise = np.random.default_rng(0).normal(size=20_000).tolist()
        chart.show([loss_series(history(noise), "loss", is_live=True)])
        await until(pilot, lambda: "10k" in text(pilot.app))
        points = len(chart._datasets[0].x)
        for _ in range(20):
            await pilot.press("+")
        await until(pilot, lambda: "9800" in text(pilot.app))
        assert chart._datasets[0].x[-1] - chart._datasets[0].x[0] < 2000
        assert len(chart._datasets[0].x) > points / 2  # the part in view has its own detail
        await pilot.press("right", "0")
        await until(pilot, lambda: len(chart._datasets[0].x) == points)

    drive(steps)


def test_the_cross_hair_reads_the_curve() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=True)])
        await pilot.press("full_stop")
        await until(pilot, lambda: "step 209" in text(pilot.app))  # the axis is longer yet
        assert "0.0083" in text(pilot.app).splitlines()[-1]
        await pilot.press("comma")
        await until(pilot, lambda: "step 209" not in text(pilot.app))
        await pilot.hover(Chart, offset=(90, 10))
        await until(pilot, lambda: "step 382" in text(pilot.app).splitlines()[-1])

    drive(steps)


def test_what_is_not_finite_and_a_changed_rate_are_marked() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        losses = FALLING.copy()
        losses[200] = None
        past = history(losses)
        past.add(events.LearningRateChanged(epoch=1, step=100, learning_rate=0.1))
        chart.show([loss_series(past, "loss", is_live=True)])
        await until(pilot, lambda: "not finite" in text(pilot.app))
        assert "learning rate changed" in text(pilot.app)
        body = text(pilot.app).splitlines()[1:-1]
        assert sum(line.count("✕") for line in body) == 1
        assert sum("│" in line[20:40] for line in body) > 10

    drive(steps)


def test_several_runs_differ_in_shape_too() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), name, is_live=True) for name in ("one", "two")])
        await until(pilot, lambda: "● one ▲ two" in text(pilot.app))
        body = "".join(text(pilot.app).splitlines()[1:-1])
        assert "▲" in body
        assert "●" in body  # though the other curve lies over it

    drive(steps)


def test_no_epoch_yet_is_no_curve() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show(accuracy_series(history([]), is_live=True))
        chart.show([loss_series(history([1.0]), "loss", is_live=True)])
        await pilot.press("y", "x", "full_stop", "comma", "+", "-", "left", "0")
        await until(pilot, lambda: "loss by epoch" in text(pilot.app))

    drive(steps)


@pytest.mark.parametrize(
    ("ticks", "low", "high", "labels"),
    [
        (Ticks(), 0, 100, ["0", "20", "40", "60", "80", "100"]),
        (Ticks(least=1), 0.2, 2.9, ["1", "2"]),
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


def test_redrawing_costs_the_same_however_long_the_run() -> None:
    def points(count: int) -> int:
        drawn: list[Any] = []

        async def steps(chart: Chart, _pilot: Pilot[None]) -> None:
            noise = np.random.default_rng(0).random(count).tolist()
            chart.show([loss_series(history(noise), "loss", is_live=True)])
            drawn.append(sum(len(one.x) for one in chart._datasets))

        drive(steps)
        return drawn[0]

    assert points(200_000) <= 1.1 * points(2_000)

"""Charts: what their keys do, what they mark, what they cost."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from textual.app import App
from textual.events import MouseMove, MouseScrollDown
from textual.pilot import Pilot

from bilstm_core import events
from bilstm_core.runs.history import History
from bilstm_tui.app.widgets.charts.accuracy_chart import AccuracyChart
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.charts.reduction import smooth
from bilstm_tui.app.widgets.charts.series import accuracy_series, loss_series
from bilstm_tui.app.widgets.charts.small_chart import SmallChart
from bilstm_tui.text.numbers import short
from tests.samples import run_started, small_config
from tests.tui.charting import FALLING, ChartApp, drive_chart, history
from tests.tui.driving import (
    text,
    until,
)


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

    drive_chart(steps)


def test_epochs_are_whole_numbers() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.axis = "epoch"
        chart.show([loss_series(history(FALLING[:46]), "loss", is_live=False)])
        await until(pilot, lambda: text(pilot.app).splitlines()[-2].split() == ["1", "2"])

    drive_chart(steps)


def test_a_loss_that_falls_far_has_a_logarithmic_axis_with_the_numbers_themselves() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=True)])
        await until(pilot, lambda: "log scale" in text(pilot.app))
        await until(pilot, lambda: "0.001" in text(pilot.app))
        await pilot.press("m", "m")
        await until(pilot, lambda: "smoothed" not in text(pilot.app))
        await pilot.press("y")
        await until(pilot, lambda: "log scale" not in text(pilot.app))
        await pilot.press("y")
        await until(pilot, lambda: "log scale" in text(pilot.app))

    drive_chart(steps)


@pytest.mark.parametrize(
    ("losses", "is_logarithmic"),
    [
        ([2.0, 0.5, 0.11], False),
        ([2.0, 0.5, 0.09], True),
        ([2.0, 0.0, 0.11], False),  # 0 has no logarithm, and says nothing about the span
        ([2.0, 0.0, 0.09], True),
        ([2.0, None, 0.11], False),
        ([2.0, -1.0, 0.01], False),
        ([], False),
    ],
)
def test_values_decide_whether_the_axis_is_logarithmic(
    losses: list[float | None], is_logarithmic: bool
) -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(losses), "loss", is_live=False)])
        await until(pilot, lambda: ("log scale" in text(pilot.app)) == is_logarithmic)
        assert "e-1" not in text(pilot.app)

    drive_chart(steps)


def test_a_scale_that_became_logarithmic_by_itself_says_why_and_stays() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        def has_log(*losses: float) -> bool:
            chart.show([loss_series(history([*losses]), "loss", is_live=False)])
            assert ("values differ 20×" in str(chart.border_subtitle)) == chart._is_logarithmic
            return chart._is_logarithmic

        assert not has_log(2.0, 0.15)
        assert has_log(2.0, 0.09)
        assert has_log(2.0, 0.15)
        assert not has_log(2.0, 0.3)
        assert not has_log(2.0, 0.15)
        assert has_log(2.0, 0.09)
        await pilot.press("y", "y")  # chosen, so that there is nothing to explain
        assert chart._is_logarithmic
        assert "20×" not in str(chart.border_subtitle)
        chart.logarithm = None
        chart.reset()
        assert not has_log(2.0, 0.15)

    drive_chart(steps)


def test_the_marker_is_at_the_last_point_not_at_an_extreme_near_it() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        losses = [1.0, *[0.2] * 996, 0.9, 0.1, 0.5]  # the last ones are in one column
        chart.smoothing = 0.0
        chart.show([loss_series(history([*losses]), "loss", is_live=False)])
        await until(pilot, lambda: "●" in text(pilot.app))
        rows = [row for row in chart.cells.characters if "●" in row]
        assert len(rows) == 1
        low, high = chart._upright.ends
        row = (high - 0.5) / (high - low) * chart.inside.height
        assert chart.cells.characters.index(rows[0]) == chart.inside.y + int(row)

    drive_chart(steps)


def accuracies(*values: float) -> History:
    """The training accuracies of so many epochs."""
    past = History()
    past.add(run_started(small_config(num_epochs=100)))
    for epoch, accuracy in enumerate(values, 1):
        at = {"epoch": epoch, "step": 23 * epoch, "loss": 1.0, "seconds": 1.0}
        past.add(events.EpochEnded(**at, correct=1, total=2, accuracy=accuracy))
    return past


@pytest.mark.parametrize(
    ("values", "lowest", "highest"),
    [((0.961, 0.985, 0.99), 96, 99), ((0.01, 0.9), 0, 100), ((0.975,), 96, 99), ((1.0,), 99, 100)],
)
def test_the_axis_of_accuracies_is_as_long_as_they_differ(
    values: tuple[float, ...], lowest: float, highest: float
) -> None:
    async def main() -> None:
        app = ChartApp(AccuracyChart(id="chart"))
        async with app.run_test(size=(100, 30)) as pilot:
            app.query_one(Chart).show(accuracy_series(accuracies(*values), is_live=False))
            await until(pilot, lambda: "train" in text(app))
            labels = [line[:7].strip() for line in text(app).splitlines()[1:-2]]
            assert len([*filter(None, labels)]) > 1
            assert all(lowest <= float(label) <= highest for label in labels if label)
            assert "log scale" not in text(app)

    asyncio.run(main())


LEARNT = (0.14, 0.6, 0.8, 0.9, 0.94, 0.96, 0.968, 0.975, 0.98, 0.985, 0.988, 0.99)


def _rows_of_labels(app: App[None]) -> dict[float, int]:
    labels = [(line[:7].strip(), row) for row, line in enumerate(text(app).splitlines()[1:-2])]
    return {float(label): row for label, row in labels if label}


@pytest.mark.parametrize("height", [9, 10, 14])
def test_accuracies_that_started_low_do_not_share_a_row_at_the_end(height: int) -> None:
    async def main() -> None:
        app = ChartApp(AccuracyChart(id="chart"))
        async with app.run_test(size=(58, height)) as pilot:
            chart = app.query_one(Chart)
            chart.focus()
            chart.show(accuracy_series(accuracies(*LEARNT), is_live=False))
            await until(pilot, lambda: "accuracy % by epoch, axis starts at 9" in text(app))
            low, high = chart._upright.ends
            assert (99 - 96) / (high - low) * chart.inside.height >= 1.5
            assert len(_rows_of_labels(app)) >= 3
            await pilot.press("0")
            await until(pilot, lambda: "axis starts at 9" not in text(app))
            assert min(_rows_of_labels(app)) <= 50
            await pilot.press("0")
            await until(pilot, lambda: "axis starts at 9" in text(app))
            await pilot.press("minus")
            await until(pilot, lambda: "axis starts at 9" not in text(app))

    asyncio.run(main())


def test_the_ends_of_a_small_logarithmic_axis_are_round() -> None:
    async def main() -> None:
        app = ChartApp(SmallChart("loss", id="chart", words=short))
        async with app.run_test(size=(30, 8)) as pilot:
            values: list[float | None] = [3.9, 0.2, 0.16, 0.13]
            app.query_one(Chart).show([loss_series(history(values), "loss", is_live=False)])
            await until(pilot, lambda: "┌4─" in text(app))
            assert "└0.1─" in text(app)

    asyncio.run(main())


def test_no_curve_is_cut_off_as_a_whole() -> None:
    async def main() -> None:
        app = ChartApp(AccuracyChart(id="chart"))
        async with app.run_test(size=(58, 12)) as pilot:
            chart = app.query_one(Chart)
            good, bad = accuracies(*LEARNT), accuracies(*(0.5 * it for it in LEARNT))
            both = [accuracy_series(it, is_live=False)[0] for it in (good, bad)]
            chart.show(both)
            await until(pilot, lambda: text(app).count("▲") == 2)  # a curve, and the legend
            assert chart._upright.ends[0] < 49

    asyncio.run(main())


def test_zooming_shows_more_and_goes_back() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        noise = np.random.default_rng(0).normal(size=20_000).tolist()
        chart.show([loss_series(history(noise), "loss", is_live=True)])
        await until(pilot, lambda: "10k" in text(pilot.app))
        points = len(chart._curves[0].noise[0])
        for _ in range(20):
            await pilot.press("+")
        await until(pilot, lambda: "9800" in text(pilot.app))
        assert np.ptp(chart._curves[0].noise[0]) < 2000
        assert len(chart._curves[0].noise[0]) > points / 2  # the part in view has its own detail
        await pilot.press("right", "0")
        await until(pilot, lambda: len(chart._curves[0].noise[0]) == points)

    drive_chart(steps)


def test_what_is_zoomed_in_stays_in_view() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=True)])
        for _ in range(30):
            await pilot.press("+")
        await until(pilot, lambda: chart._across.ends[1] - chart._across.ends[0] < 10)
        inside = chart._curves[0].line[1][1:-1]  # without those to which the line is drawn
        low, high = (10**end for end in chart._upright.ends)
        assert len(inside) > 1
        assert ((low <= inside) & (inside <= high)).all()
        for _ in range(60):
            await pilot.press("-")
        await until(pilot, lambda: chart._across.is_whole)

    drive_chart(steps)


def test_a_pan_stops_at_the_ends_of_the_data() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=False)])
        await pilot.press("+", "+", "+", "+", "shift+up", "shift+up")
        extents = np.ptp([chart._across.ends, chart._upright.ends], axis=1)
        for keys, ends in ((("left", "up"), (0, 1)), (("right", "down"), (1, 0))):
            for _ in range(40):
                await pilot.press(*keys)
            await pilot.pause()
            assert chart._across.ends[ends[0]] == pytest.approx((1, 400)[ends[0]])
            whole = chart._whole_y_range
            assert chart._upright.ends[ends[1]] == pytest.approx(whole[ends[1]])
        np.testing.assert_allclose(np.ptp([chart._across.ends], axis=1), extents[:1])
        await pilot.press("0")
        await until(pilot, lambda: chart._across.ends == (1, 400))

    drive_chart(steps)


def test_zooming_vertically_keeps_the_end_of_the_curve_in_view() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=False)])
        for _ in range(20):
            await pilot.press("shift+up")
        low, high = (10**end for end in chart._upright.ends)
        assert low < chart._curves[0].y[-1] < high < 0.001
        for _ in range(25):
            await pilot.press("shift+down")
        await until(pilot, lambda: chart._upright.is_whole)

    drive_chart(steps)


def test_dragging_moves_the_curve_with_the_mouse() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=False)])
        await pilot.press("+", "+", "+", "+")
        low, high = chart._across.ends
        column = (high - low) / chart.inside.width
        at, moved, held = (40, 10), (-5, 0), (False, False, False)
        pilot.app.post_message(MouseMove(None, *at, *moved, 1, *held))
        await until(pilot, lambda: chart._across.ends[0] == pytest.approx(low + 5 * column))
        assert chart._crosshair is None

    drive_chart(steps)


def test_the_wheel_zooms_what_is_under_the_mouse() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=False)])
        await pilot.pause()
        inside = chart.inside
        for _ in range(20):
            await pilot._post_mouse_events([MouseScrollDown], chart, (inside.x + 70, 5))
        low, high = chart._across.ends
        assert high - low < 200
        assert low + (high - low) * 0.7 == pytest.approx(1 + 399 * 70 / inside.width, rel=0.1)
        assert chart._upright.is_whole

    drive_chart(steps)


def test_the_cross_hair_reads_the_curve_that_is_drawn_and_the_raw_value() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), "loss", is_live=True)])
        await pilot.press("full_stop")
        await until(pilot, lambda: "step 209" in text(pilot.app))  # the axis is longer yet
        raw, smoothed = FALLING[208], smooth(np.array(FALLING, np.float64), 0.9)[208]
        words = f"step 209  loss {smoothed:.4g} raw {raw:.4g}"
        assert words in text(pilot.app).splitlines()[-1]
        middle = chart.inside.x + chart.inside.width // 2
        parts = [line[middle - 2 : middle + 2] for line in text(pilot.app).splitlines()[1:-1]]
        assert sum("●" in part for part in parts) == 1
        await pilot.press("comma")
        await until(pilot, lambda: "step 209" not in text(pilot.app))
        await pilot.hover(Chart, offset=(90, 10))
        await until(pilot, lambda: "step 378" in text(pilot.app).splitlines()[-1])
        await pilot.press("m", "m")
        await until(pilot, lambda: f"loss {FALLING[377]:.4g}" in text(pilot.app).splitlines()[-1])
        assert "raw" not in text(pilot.app)

    drive_chart(steps)


def test_the_cross_hair_reads_the_curves_that_are_there() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        pasts = {"short": history(FALLING[:100]), "long": history(FALLING)}
        chart.show([loss_series(past, name, is_live=False) for name, past in pasts.items()])
        await pilot.press("full_stop")
        await until(pilot, lambda: "● short -  ▲ long 0." in text(pilot.app).splitlines()[-1])
        await pilot.hover(Chart, offset=(20, 10))
        await until(pilot, lambda: "● short 0." in text(pilot.app).splitlines()[-1])
        assert text(pilot.app).splitlines()[-1].count("raw 0.") == 2
        past = history(FALLING)
        chart.show([loss_series(past, f"a longer name {it}", is_live=False) for it in range(4)])
        await until(pilot, lambda: "◆ a lo" in text(pilot.app).splitlines()[-1])
        assert "raw" not in text(pilot.app)

    drive_chart(steps)


def test_the_legend_fits_the_chart() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        curve = loss_series(history(FALLING), "", is_live=False)

        def show(*names: str) -> None:
            chart.show([replace(curve, label=name, value="9.5") for name in names])

        show(*(f"a name that is far too long, of run {number}" for number in range(3)))
        await until(pilot, lambda: "…" in text(pilot.app).splitlines()[-1])
        legend = text(pilot.app).splitlines()[-1]
        assert all(f"of run {number} 9.5" in legend for number in range(3))
        show(*(f"run {number}" for number in range(30)))
        await until(pilot, lambda: "+2" in text(pilot.app).splitlines()[-1])
        assert len(text(pilot.app).splitlines()[-1].rstrip()) < 100
        show("ab", "a name that is long but fits beside a short one")
        await until(pilot, lambda: "● ab 9.5 ▲ a name that is long" in text(pilot.app))

    drive_chart(steps)


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

    drive_chart(steps)


def test_a_mark_has_the_colour_of_its_run() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        losses = FALLING.copy()
        losses[200] = None
        diverged, changed = history(losses), history(FALLING)
        changed.add(events.LearningRateChanged(epoch=1, step=100, learning_rate=0.1))
        pasts = {"one": history(FALLING), "two": diverged, "three": changed}
        chart.show([loss_series(past, name, is_live=False) for name, past in pasts.items()])
        await until(pilot, lambda: "not finite" in text(pilot.app))
        inside = slice(chart.inside.x, chart.inside.right)
        rows = zip(chart.cells.characters, chart.cells.styles, strict=True)
        cells = [
            cell
            for characters, styles in rows
            for cell in zip(characters[inside], styles[inside], strict=True)
        ]
        assert {style for character, style in cells if character == "✕"} == {"bold yellow"}
        assert {style for character, style in cells if character == "│"} == {"magenta"}

    drive_chart(steps)


def test_several_runs_differ_in_shape_too() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(FALLING), name, is_live=True) for name in ("one", "two")])
        await until(pilot, lambda: "● one ▲ two" in text(pilot.app))
        body = "".join(text(pilot.app).splitlines()[1:-1])
        assert body.count("▲") == body.count("●") == 1  # though the other curve lies over it
        styles = {style for row in chart.cells.styles for style in row}
        assert {"cyan", "yellow"} <= styles

    drive_chart(steps)


def test_accuracies_are_shown_as_errors_on_a_logarithmic_axis() -> None:
    async def main() -> None:
        app = ChartApp(AccuracyChart(id="chart"))
        async with app.run_test(size=(100, 30)) as pilot:
            chart = app.query_one(Chart)
            chart.focus()
            await pilot.press("e")
            chart.show(accuracy_series(accuracies(0.9, 0.95, 0.99, 0.9944), is_live=True))
            await until(pilot, lambda: "error % by epoch, log scale" in text(app))
            await until(pilot, lambda: "train 0.56" in text(app))
            await pilot.press("y")
            await until(pilot, lambda: "log scale" not in text(app))
            await pilot.press("e", "e")
            await until(pilot, lambda: "error % by epoch, log scale" in text(app))
            chart.show(accuracy_series(accuracies(1.0, 1.0), is_live=True))
            await until(pilot, lambda: "log scale" not in text(app))  # 0 has no logarithm
            await pilot.press("e")
            await until(pilot, lambda: "accuracy % by epoch" in text(app))

    asyncio.run(main())


@pytest.mark.parametrize(
    ("shares", "expected"), [((0.98, 0.99, 1.0, 1.0), "2 1 0"), ((0.99, 1.0), "1 0")]
)
def test_an_error_of_0_is_below_the_others_on_a_logarithmic_axis(
    shares: tuple[float, ...], expected: str
) -> None:
    async def main() -> None:
        app = ChartApp(AccuracyChart(id="chart"))
        async with app.run_test(size=(60, 14)) as pilot:
            chart = app.query_one(Chart)
            chart.focus()
            await pilot.press("e")
            chart.show(accuracy_series(accuracies(*shares), is_live=False))
            await until(pilot, lambda: "error % by epoch, log scale" in text(app))
            rows = chart.cells.characters
            labels = ["".join(row[: chart.frame.x]).strip() for row in rows]
            assert " ".join(filter(None, labels)) == expected
            (row,) = [row for row in rows if "●" in row]
            assert row is rows[labels.index("0")] is rows[chart.inside.bottom - 1]

    asyncio.run(main())


def test_an_empty_chart_says_what_will_appear_in_its_one_frame() -> None:
    async def main() -> None:
        app = ChartApp(AccuracyChart(id="chart"))
        async with app.run_test(size=(60, 12)) as pilot:
            chart = app.query_one(Chart)
            chart.show(accuracy_series(accuracies(), is_live=True))
            await until(pilot, lambda: "a point after each epoch" in text(app))
            assert [text(app).count(corner) for corner in "┌┘╭"] == [1, 1, 0]
            chart.show(accuracy_series(accuracies(0.9), is_live=True))
            await until(pilot, lambda: "each epoch" not in text(app))

    asyncio.run(main())


def test_no_epoch_yet_is_no_curve() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show(accuracy_series(history([]), is_live=True))
        chart.show([loss_series(history([1.0]), "loss", is_live=True)])
        await pilot.press("y", "x", "full_stop", "comma", "+", "-", "left", "0")
        await until(pilot, lambda: "loss by epoch" in text(pilot.app))

    drive_chart(steps)


def test_redrawing_costs_the_same_however_long_the_run() -> None:
    def points(count: int) -> int:
        drawn: list[Any] = []

        async def steps(chart: Chart, _pilot: Pilot[None]) -> None:
            noise = np.random.default_rng(0).random(count).tolist()
            chart.show([loss_series(history(noise), "loss", is_live=True)])
            drawn.append(sum(len(x) for it in chart._curves for x, _ in (it.line, it.noise)))

        drive_chart(steps)
        return drawn[0]

    assert points(200_000) <= 1.1 * points(2_000)


def test_zooming_past_the_end_of_a_shorter_run() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        pasts = {"short": history(FALLING[:40]), "long": history(FALLING)}
        chart.show([loss_series(past, name, is_live=False) for name, past in pasts.items()])
        for key in ("+", "+", "+", "+", "right", "right"):
            await pilot.press(key)
        await until(pilot, lambda: "300" in text(pilot.app))

    drive_chart(steps)


def test_a_vertical_pan_leaves_what_comes_visible() -> None:
    past = History()
    past.add(run_started(small_config(num_epochs=100)))

    def one_more(epoch: int) -> None:
        past.add(
            events.EpochEnded(
                epoch=epoch, step=23 * epoch, loss=1, correct=1, total=2, accuracy=0.5, seconds=1
            )
        )

    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        one_more(1)
        chart.axis = "epoch"
        chart.show(accuracy_series(past, is_live=True))
        await pilot.press("up")
        for epoch in range(2, 21):
            one_more(epoch)
        chart.show(accuracy_series(past, is_live=True))
        await until(pilot, lambda: "15" in text(pilot.app).splitlines()[-2])

    drive_chart(steps)


def test_marks_do_not_widen_the_axis() -> None:
    losses = FALLING.copy()
    losses[200] = None

    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(losses), "loss", is_live=False)])
        for _ in range(6):
            await pilot.press("+")
        await until(pilot, lambda: "✕" in text(pilot.app) and "0.8" not in text(pilot.app))

    drive_chart(steps)


@pytest.mark.parametrize(
    ("losses", "marks"),
    [([2.0, 1.0, 1.0, None], 1), ([2.0, 1.0, 0.5, math.inf], 1), ([None, None], 2)],
)
def test_values_at_the_end_that_are_not_finite_are_in_view(
    losses: list[float | None], marks: int
) -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(losses), "loss", is_live=False)])
        await until(pilot, lambda: "✕ not finite" in text(pilot.app))
        assert text(pilot.app).count("✕") == 1 + marks

    drive_chart(steps)


def test_a_huge_value_is_in_view_and_the_others_are_smoothed_as_without_it() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        losses: list[float | None] = [1.0] * 400
        losses[200] = 1e30
        chart.show([loss_series(history(losses), "loss", is_live=False)])
        await until(pilot, lambda: "1e24" in text(pilot.app))
        assert "values differ" in text(pilot.app)
        assert "✕" not in text(pilot.app)
        assert chart._upright.ends[1] >= 30
        assert chart._curves[0].y[[0, 100, 300, 399]] == pytest.approx(1.0)

    drive_chart(steps)

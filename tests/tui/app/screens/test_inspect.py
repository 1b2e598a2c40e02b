"""A trained network: its tabs, and how the screen waits for them."""

import asyncio
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from rich.text import Text
from textual.pilot import Pilot
from textual.widgets import TabbedContent

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.spec import DataSpec
from bilstm_core.inference.report import (
    ExaminationReport,
)
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.widgets.draw_view import DrawView
from bilstm_tui.app.widgets.drawing import DrawingPad, reduced
from bilstm_tui.app.widgets.thumbnails import draw_stacked
from tests.samples import run_started
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    drive,
    past_runs,
    tell,
    text,
    until,
)
from tests.tui.inspectors import (
    SIZES,
    FakeInspector,
    SeriesInspector,
)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("size", SIZES)
def test_how_often_the_network_is_right_by_how_sure_it_is(
    size: tuple[int, int], tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        app.screen.query_one(TabbedContent).active = "calibration-tab"
        words = "Accuracy 72.22 % (95 % interval: 67.38 to 76.60 %)"
        await until(pilot, lambda: words in text(app))
        assert "Expected calibration error 5.56 %" in text(app)
        assert "Its probabilities are on average 5.56 points too high" in text(app)
        lines = [line for line in text(app).splitlines() if "% to" in line and "┃" in line]
        high, low = lines
        assert "90% to 100%        200     85.0%" in high
        assert high.rindex("█") < high.index("┃")  # surer than it should be
        assert abs(low.rindex("█") - low.index("┃")) <= 1

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.usefixtures("series")
@pytest.mark.parametrize("size", SIZES)
def test_a_series_is_drawn_above_what_each_direction_predicts(
    size: tuple[int, int], tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        assert "f Features" not in text(app)
        await pilot.press("j")
        await until(pilot, lambda: re.search(r"activity 59\s+→activity 0 50%", text(app)))
        assert "f Features" not in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "id walk_17: activity 59" in text(app))
        await until(pilot, lambda: "Each direction alone, step by step" in text(app))
        await until(pilot, lambda: "4,000 steps; features 1 to" in text(app))
        lines = [line.strip() for line in text(app).splitlines()]
        tracks = [line for line in lines if line[:1] in {"→", "←"}]
        assert len(tracks) == 6
        assert "activity 59" in tracks[0]  # the class, then what was predicted, then others
        assert "activity 0" in tracks[1]
        assert tracks[1].index("█") > tracks[0].index("█")  # forward it rises
        assert tracks[4].index("█") < tracks[3].index("█")
        for track, share in zip(tracks[:2], ("0%", "100%"), strict=True):
            assert track.split("▁")[-1].split("█")[-1].split()[0] == share
        assert any("sensor 1" in line and "39" in line for line in lines)
        assert any(line.startswith("1 ") and "2,000" in line for line in lines)
        assert ("48 others" in text(app)) == (size[0] > 80)
        await until(pilot, lambda: "f Features" in text(app))
        seen = {name for name in SeriesInspector.SPEC.feature_names if f" {name} " in text(app)}
        assert len(seen) == {24: 4, 36: 6, 50: 6}[size[1]]
        for name in ("sensor 8", *["sensor 9"] * (len(seen) == 4), "sensor 1"):
            await pilot.press("f")
            await until(pilot, lambda name=name: f" {name} " in text(app))

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.parametrize("size", SIZES)
def test_long_names_of_features_are_shortened_to_one_length(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LongNames(SeriesInspector):
        SPEC = replace(
            SeriesInspector.SPEC,
            feature_names=tuple(f"acceleration along axis number {at}" for at in range(1, 10)),
        )

    monkeypatch.setattr(inspect, "ExaminerClient", LongNames)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        await pilot.press("j", "enter")
        await until(pilot, lambda: "Each direction alone, step by step" in text(app))
        names = re.findall(r"^ *(acc.*?) +\d+ ", text(app), re.MULTILINE)  # then the maximum
        assert len(names) >= 4
        assert len({len(name) for name in names}) == 1

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.usefixtures("many")
def test_a_narrower_terminal_has_a_shorter_caption(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "95 % interval" in text(app).splitlines()[0])
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "(95 %:" in text(app).splitlines()[0])

    drive(FakeWorker(), tmp_path, steps, (120, 36))


@pytest.mark.parametrize("dataset", ["digits", "japanese-vowels"])
def test_while_the_network_is_examined_only_images_have_a_canvas(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = past_runs(tmp_path, 16)
    tell(run, run_started(RunConfig(dataset=dataset)))
    asked = []
    may_read = threading.Event()
    logged_spec = inspect._logged_spec

    def slow(run: Run) -> DataSpec | None:
        may_read.wait(PATIENCE_SECONDS)
        return logged_spec(run)

    monkeypatch.setattr(inspect, "_logged_spec", slow)

    class SlowInspector(FakeInspector):
        async def examine(self) -> ExaminationReport:
            asked.append(True)
            await asyncio.Event().wait()
            return await super().examine()

    monkeypatch.setattr(inspect, "ExaminerClient", SlowInspector)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "Mistakes" in text(app))
        assert "Draw" not in text(app)
        may_read.set()
        has_canvas = dataset == "digits"  # its tab is laid out a moment after it is shown
        await until(pilot, lambda: asked and ("Draw" in text(app)) == has_canvas)

    drive(FakeWorker(), tmp_path, steps)


def test_a_wide_image_is_reduced() -> None:
    pixels = [[0.0] * 100 for _ in range(7)]
    pixels[6][99] = 1.0
    smaller = reduced(pixels, widest=40)
    assert (len(smaller), len(smaller[0])) == (3, 34)
    assert smaller[2][33] == 1
    assert sum(map(sum, smaller)) == 1


@pytest.mark.usefixtures("real_children")
def test_leaving_before_the_report_has_arrived_goes_back(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectScreen))
        assert isinstance(app.screen, InspectScreen)
        asked_of = app.screen._examiner
        await until(pilot, lambda: asked_of._child)
        assert asked_of._child
        process = asked_of._child._process
        await pilot.press("escape")
        await until(pilot, lambda: process.returncode is not None)
        assert app.screen is app.train_screen  # its end has ended nothing else
        await app.train_screen.watch_run(run)

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.usefixtures("many")
def test_the_canvas_grows_with_the_screen_and_dragging_never_selects(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)
    tell(run, run_started(RunConfig(dataset="digits")))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        assert "n Shares" in text(app)
        assert app.screen.allow_select
        app.screen.query_one(TabbedContent).active = "draw-tab"
        pad = app.screen.query_one(DrawingPad)
        await until(pilot, lambda: pad.size.area)
        assert "n Shares" not in text(app)
        assert pad.size == (56, 28)
        hint = app.screen.query_one("#draw-hint").region
        await pilot.mouse_down(offset=(hint.x + 1, hint.y + 1))
        await pilot.hover(offset=(hint.right - 1, hint.y + 3))
        await pilot.mouse_up(offset=(hint.right - 1, hint.y + 3))
        assert not app.screen.selections
        app.screen.query_one(DrawView).show(CATALOG["digits"], can_predict=False)
        await pilot.mouse_down(pad, offset=(15, 15))
        await pilot.mouse_up(pad, offset=(15, 15))
        assert pad.pixels[4][2] == 1
        app.screen.query_one(DrawView).show(CATALOG["digits"], can_predict=True)
        await until(pilot, lambda: "Each direction, row by row" in text(app))
        assert pad.pixels[4][2] == 1  # what was drawn before the network was ready
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: pad.size == (24, 12))

    drive(FakeWorker(), tmp_path, steps)


def test_all_features_of_a_series_are_drawn_above_one_another() -> None:
    rising, falling = [step / 9 for step in range(10)], [1 - step / 9 for step in range(10)]
    lines = draw_stacked([rising, falling, rising], 10, 7)
    assert len(lines) == 7
    assert len(colours(lines)) == 3
    assert len(colours(draw_stacked([rising] * 9, 10, 4))) == 2


def colours(lines: list[Text]) -> set[str]:
    return {str(span.style) for line in lines for span in line.spans if span.style}

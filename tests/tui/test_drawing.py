"""What is drawn: lines in braille, the log, and no more than has changed."""

import asyncio
from typing import Any

import numpy as np
import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from bilstm_tui.app.widgets.charts.braille import draw_line
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.charts.diff_canvas import DiffCanvas
from bilstm_tui.app.widgets.charts.series import loss_series
from bilstm_tui.app.widgets.run_log import RunLog
from tests.tui.driving import text, until
from tests.tui.test_chart import ChartApp, history


def picture(x: list[float], y: list[float], width: int, height: int) -> list[str]:
    cells = draw_line(np.array(x), np.array(y), width, height)
    assert all(0 <= column < width and 0 <= row < height for column, row in cells)
    return ["".join(cells.get((x, y), " ") for x in range(width)) for y in range(height)]


def test_lines_go_from_point_to_point() -> None:
    assert picture([0, 3.9], [0, 0], 4, 1) == ["⠉⠉⠉⠉"]
    assert picture([0, 0], [0, 1.99], 1, 2) == ["⡇", "⡇"]
    assert picture([0, 1.99], [0.99, 0], 2, 1) == ["⡠⠊"]


def test_a_point_alone_is_a_dot_and_none_is_nothing() -> None:
    assert picture([1.5], [0.5], 3, 1) == [" ⠠ "]
    assert picture([], [], 3, 1) == ["   "]


def test_what_is_outside_is_cut_off_where_it_crosses_the_edge() -> None:
    through = picture([-1000, 1000], [-1000, 1000], 10, 10)
    assert all(through[place][place] != " " for place in range(10))
    assert sum(cell != " " for row in through for cell in row) <= 20
    assert picture([-5, -1], [0, 9], 10, 10) == [" " * 10] * 10
    assert picture([20, 20], [0, 9], 10, 10) == [" " * 10] * 10


def test_a_curve_that_grows_sends_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    losses: list[float | None] = np.random.default_rng(0).random(410).tolist()
    sent: list[Region] = []
    refresh = DiffCanvas.refresh

    def count(self: DiffCanvas, *regions: Region, **others: Any) -> DiffCanvas:
        if not self._refreshes_pending and self.id == "plot":
            sent.extend(regions or [self.region])
        return refresh(self, *regions, **others)

    async def main() -> None:
        app = ChartApp()
        async with app.run_test(size=(100, 30)) as pilot:
            chart = app.query_one(Chart)
            chart.show([loss_series(history(losses[:400]), "loss", is_live=True)])
            await until(pilot, lambda: "300" in text(app))
            monkeypatch.setattr(DiffCanvas, "refresh", count)
            chart.show([loss_series(history(losses[:400]), "loss", is_live=True)])
            assert sent == []
            chart.show([loss_series(history(losses), "loss", is_live=True)])
            area = sum(region.area for region in sent)
            assert 0 < area < chart.size.area / 8

    asyncio.run(main())


class LogApp(App[None]):
    """Shows a log."""

    CSS = "RunLog { overflow-y: scroll; }"

    def compose(self) -> ComposeResult:
        yield RunLog(id="log")


def drive_log(steps: Any, size: tuple[int, int] = (30, 6)) -> None:
    async def main() -> None:
        app = LogApp()
        async with app.run_test(size=size) as pilot:
            await steps(app.query_one(RunLog), pilot)

    asyncio.run(main())


def test_the_log_follows_unless_one_reads() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        for number in range(20):
            log.write(Text(f"line {number}."))
        await until(pilot, lambda: "line 19." in text(pilot.app))
        log.focus()
        await pilot.press("pageup")
        await until(pilot, lambda: "line 9." in text(pilot.app))
        log.write(Text("line 20."))
        await pilot.pause()
        assert "line 20." not in text(pilot.app)
        await pilot.press("end")
        await until(pilot, lambda: "line 20." in text(pilot.app))
        log.write(Text("line 21."))
        await until(pilot, lambda: "line 21." in text(pilot.app))
        log.clear()
        await until(pilot, lambda: "line" not in text(pilot.app))

    drive_log(steps)


def test_the_log_wraps_anew_at_another_width() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        for number in range(9):
            log.write(Text(f"{number} " + "word " * 8 + "end."))
        await until(pilot, lambda: "end." in text(pilot.app))
        assert "8 word" in text(pilot.app).splitlines()[-2]
        await pilot.resize_terminal(60, 6)
        await until(pilot, lambda: "8 word word" in text(pilot.app).splitlines()[-1])

    drive_log(steps)


def test_what_is_written_at_once_is_there_when_it_is_drawn() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        log.write(Text("日本語 " * 12))  # two cells a letter
        log.write(Text())
        await until(pilot, lambda: "日本語" in text(pilot.app))
        assert max(len(line) for line in text(pilot.app).splitlines()) <= 30

    drive_log(steps)

"""A chart sends to the terminal only what has changed."""

import asyncio
from typing import Any

import numpy as np
import pytest
from textual.geometry import Region

from bilstm_tui.app.widgets.charts.canvas import Canvas
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.charts.series import loss_series
from tests.tui.charting import ChartApp, history
from tests.tui.driving import text, until


def note_repaints(monkeypatch: pytest.MonkeyPatch, sent: list[Region]) -> None:
    """Note from now on which regions of canvases are repainted."""
    refresh = Canvas.refresh

    def count(self: Canvas, *regions: Region, **others: Any) -> Canvas:
        if not self._is_drawing:
            sent.extend(regions or [self.region])
        return refresh(self, *regions, **others)

    monkeypatch.setattr(Canvas, "refresh", count)


def test_a_curve_that_grows_sends_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    losses: list[float | None] = np.random.default_rng(0).random(410).tolist()
    sent: list[Region] = []

    async def main() -> None:
        app = ChartApp()
        async with app.run_test(size=(100, 30)) as pilot:
            chart = app.query_one(Chart)
            chart.show([loss_series(history(losses[:400]), "loss", is_live=True)])
            await until(pilot, lambda: "300" in text(app))
            note_repaints(monkeypatch, sent)
            chart.show([loss_series(history(losses[:400]), "loss", is_live=True)])
            assert sent == []
            chart.show([loss_series(history(losses), "loss", is_live=True)])
            area = sum(region.area for region in sent)
            assert 0 < area < chart.size.area / 8

    asyncio.run(main())


def test_a_crosshair_that_moves_sends_its_columns_and_what_it_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Region] = []

    async def main() -> None:
        app = ChartApp()
        async with app.run_test(size=(100, 30)) as pilot:
            chart = app.query_one(Chart)
            assert not [*chart.walk_children()]
            chart.show([loss_series(history([1.0] * 400), "loss", is_live=False)])
            chart.action_move_crosshair(0)
            await until(pilot, lambda: "step 2" in text(app))
            note_repaints(monkeypatch, sent)
            chart.action_move_crosshair(1)
            height = chart.inside.height
            assert sorted({region.y for region in sent}) == [*range(1, height + 1), height + 3]
            assert all(region.width == 2 for region in sent if region.y <= height)

    asyncio.run(main())

"""The app on a terminal without Unicode."""

from pathlib import Path

from textual.pilot import Pilot

from bilstm_tui.app.app import BilstmApp
from tests.tui.driving import (
    FakeWorker,
    drive,
    text,
    until,
)


def test_an_app_in_ascii_draws_nothing_else(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "up/down Row left/right Change" in text(app).splitlines()[-1])
        await pilot.press("t")
        await until(pilot, lambda: "got 351 / 360" in text(app))
        drawn = [
            segment.text
            for strip in app.screen._compositor.render_strips()
            for segment in strip.apply_filter(app.get_line_filters()[-1], app.styles.background)
        ]
        assert "".join(drawn).isascii()
        assert any(mark in "".join(drawn) for mark in ("'", ":"))
        assert "***A test" in "".join(drawn)  # the second line is one of letters

    drive(FakeWorker(), tmp_path, steps, is_ascii=True)

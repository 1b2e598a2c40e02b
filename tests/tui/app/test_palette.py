"""The command palette."""

from pathlib import Path

from textual.pilot import Pilot

from bilstm_tui.app.app import BilstmApp
from tests.tui.driving import (
    FakeWorker,
    drive,
    said,
    text,
    until,
)


def test_every_key_is_in_the_palette(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Train" in text(app))
        await pilot.press(*"Redraw")
        await until(pilot, lambda: "Maximum rate at which charts" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "redraws per second" in said(app))
        await pilot.press("escape", "ctrl+p", *"Runs")
        await until(pilot, lambda: "key: r" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "No runs yet" in text(app))
        await pilot.press("ctrl+p", *"quit")
        await until(pilot, lambda: "key: q" in text(app))
        assert "as soon as possible" not in text(app)  # that would not ask

    drive(FakeWorker(), tmp_path, steps)

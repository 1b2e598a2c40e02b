"""Keys that arrive together keep their order."""

from pathlib import Path

from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_tui.app.app import BilstmApp
from tests.tui.driving import (
    FakeWorker,
    drive,
    until,
)


def test_keys_that_come_together_keep_their_order(tmp_path: Path) -> None:
    """As on a slow link: what is typed after Backspace is not inserted before it."""

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        field = app.screen.query_one("#hidden_size", Input)
        await pilot.click("#hidden_size")
        field.value, field.cursor_position = "123", 3
        for key in ("backspace", "backspace", "4", "left", "5", "tab"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.screen.focused is not field)
        await pilot.pause()
        assert field.value == "154"

    drive(FakeWorker(), tmp_path, steps)

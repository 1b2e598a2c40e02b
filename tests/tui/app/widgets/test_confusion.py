"""The confusion matrix beside or above the most frequent confusions."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.inspect import InspectScreen
from tests.tui.app.screens.test_inspect import ManyMistakes
from tests.tui.driving import FakeWorker, drive, past_runs, text, until


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)])
def test_the_list_below_ten_classes_leaves_room_for_all_of_them(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", ManyMistakes)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "most frequent" in text(app))
        table = app.screen.query_one("#confusion-counts DataTable", DataTable)
        await until(pilot, lambda: table.size.height >= 11 and table.max_scroll_y == 0)
        listed = app.screen.query_one("#confusions")
        await until(pilot, lambda: listed.region.bottom < size[1] and listed.size.height >= 4)

    drive(FakeWorker(), tmp_path, steps, size)

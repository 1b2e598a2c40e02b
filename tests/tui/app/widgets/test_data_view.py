"""The tab that shows what is in the data."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TabbedContent

from bilstm_core.config.resolve import resolve
from bilstm_core.data.data_overview import DataOverview
from bilstm_core.processes import data_reader_client
from bilstm_core.processes.protocol import ReadData
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.data_view import DataView
from tests.samples import small_config
from tests.tui.driving import FakeWorker, drive, text, until
from tests.tui.own_data import TALL, drive_with, is_shown, write_table


class TestDataTab:
    def test_it_shows_what_is_in_the_data_and_what_is_wrong(self, tmp_path: Path) -> None:
        rows = [f"{n},{step},7,{'ab'[n % 2]}" for n in range(20) for step in range(5)]
        path = tmp_path / "[bold]walks.csv"
        path.write_text("\n".join(["id,height,flat,label", *rows]), encoding="utf-8")

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: "16 training sequences" in text(app))
            await pilot.press("v")
            await until(pilot, lambda: "An example of each class" in text(app))
            shown = text(app)
            assert "[bold]walks" in shown
            assert "⚠ 4 test sequences are also in the training part" in shown
            assert "⚠ A feature is constant: flat." in shown
            assert "All sequences have 5 steps." in shown

        drive_with(resolve({"dataset": str(path)}), tmp_path / "runs", steps)

    def test_built_in_data_are_read_when_the_tab_is_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        ask = data_reader_client._read

        async def count(question: ReadData) -> DataOverview:
            asked.append(question.config.dataset)
            return await ask(question)

        monkeypatch.setattr(data_reader_client, "_read", count)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            tabs = app.screen.query_one(TabbedContent)
            app.screen.query_one("#hidden_size", Input).value = "32"
            await until(pilot, lambda: app.train_screen.config == small_config(hidden_size=32))
            assert asked == []
            await pilot.press("v")
            await until(pilot, lambda: "1,437 training and 360 test images" in text(app))
            await pilot.press("v")
            await until(pilot, lambda: tabs.active == "run")
            await pilot.press("v", "v", "v")
            await until(pilot, lambda: "1,437 training and 360 test images" in text(app))
            assert asked == ["digits"]
            app.screen.query_one("#dataset", ChoiceField).value = "japanese-vowels"
            await until(pilot, lambda: "coefficient 12" in text(app))
            assert asked == ["digits", "japanese-vowels"]

        drive(FakeWorker(), tmp_path, steps, TALL)

    def test_data_that_are_not_there_are_named_and_can_be_trained_with(
        self, tmp_path: Path
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            app.screen.query_one("#dataset", ChoiceField).value = "kmnist"
            await until(pilot, lambda: "KMNIST: 60,000" in text(app))
            await pilot.press("v")
            await until(pilot, lambda: "KMNIST is not in" in text(app))
            assert app.train_screen.config

        drive(FakeWorker(), tmp_path / "runs", steps, TALL, data_dir=tmp_path / "data")

    @pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 50)])
    def test_it_fits_and_scrolls(self, tmp_path: Path, size: tuple[int, int]) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("v")
            await until(pilot, lambda: "1,437 training" in text(app))
            view = app.screen.query_one(DataView)
            await until(pilot, lambda: view.virtual_size.width <= view.size.width)
            await pilot.press("end")
            await until(pilot, lambda: "▀" in text(app))

        drive(FakeWorker(), tmp_path, steps, size)

    def test_the_form_makes_room_where_the_terminal_is_narrow(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("v")
            await until(pilot, lambda: not is_shown(app, "hidden_size"))
            await pilot.press("v", "v", "v")
            await until(pilot, lambda: is_shown(app, "hidden_size"))

        drive(FakeWorker(), tmp_path, steps, (80, 24))

    def test_a_file_that_was_written_again_is_read_again(
        self, tmp_path: Path, labelled: Path
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: "labelled: 16 training sequences" in text(app))
            write_table(labelled, "label,place", "abcd")
            await pilot.press("v")
            await until(pilot, lambda: "4 classes" in text(app))

        drive_with(resolve({"dataset": str(labelled)}), tmp_path / "runs", steps)

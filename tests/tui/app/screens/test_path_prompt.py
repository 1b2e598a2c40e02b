"""The dialog that asks for a path."""

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.preferences import MOST_RECENT, Preferences, PreferencesFile
from bilstm_tui.app.widgets.dataset_field import DatasetField
from tests.samples import small_config
from tests.tui.driving import FakeWorker, drive, said, text, until
from tests.tui.own_data import TALL, ask_for_path, choose, write_table


class TestPathPrompt:
    def test_tab_completes_and_enter_opens_a_folder_and_accepts_a_file(
        self, tmp_path: Path
    ) -> None:
        folder = tmp_path / "deep" / "recordings"
        folder.mkdir(parents=True)
        for name in ("walks_b.csv", "walks_a.csv"):
            write_table(folder / name, "label,place")

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            field = await ask_for_path(app, pilot)
            field.insert_text_at_cursor(f"{tmp_path}/de")
            matches = app.screen.query_one(OptionList)
            await until(pilot, lambda: matches.option_count == 1 and "deep/" in text(app))
            await pilot.press("tab")
            await until(pilot, lambda: field.value == f"{tmp_path}/deep/")
            await until(pilot, lambda: "recordings/" in text(app))
            await pilot.press("down", "enter")
            await until(pilot, lambda: field.value == f"{folder}/")
            await until(pilot, lambda: matches.option_count == 2)
            await pilot.press("tab")
            await until(pilot, lambda: field.value == f"{folder}/walks_")
            lists = [worker for worker in app.workers if worker.node is app.screen]
            await app.workers.wait_for_complete(lists)  # else the cursor is set back
            await pilot.press("down", "down", "up", "enter")
            await until(pilot, lambda: app.screen is app.train_screen)
            await until(pilot, lambda: "walks_a: 16 training sequences" in text(app))
            assert app.focused is app.screen.query_one(DatasetField)

        drive(FakeWorker(), tmp_path / "runs", steps, TALL)

    def test_what_is_wrong_stands_in_the_dialog_and_escape_cancels(self, tmp_path: Path) -> None:
        (tmp_path / "x.csv").write_text("", encoding="utf-8")

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await choose(app, pilot, tmp_path / "x.csv")
            await until(pilot, lambda: "the file is empty" in said(app))
            field = app.screen.query_one(Input)
            field.value = ""
            await until(pilot, lambda: "the file is empty" not in said(app))
            await pilot.press("enter")
            await until(pilot, lambda: "Type the path" in said(app))
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.train_screen)
            assert app.screen.query_one(DatasetField).value == "digits"
            assert app.train_screen.config == small_config()

        drive(FakeWorker(), tmp_path / "runs", steps, TALL)

    def test_it_fits_a_small_terminal_and_keeps_its_height(self, tmp_path: Path) -> None:
        for number in range(20):
            (tmp_path / f"{number}.csv").touch()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            field = await ask_for_path(app, pilot)
            box = app.screen.query_one("#dialog")
            before = box.region
            field.insert_text_at_cursor(f"{tmp_path}/")
            await until(pilot, lambda: "10.csv" in text(app))
            assert box.region == before
            field.insert_text_at_cursor("no.csv")
            await pilot.press("enter")
            await until(pilot, lambda: "there is no such" in text(app))
            assert "⏎ Accept" in text(app)
            assert box.region == before
            assert app.screen.region.contains_region(before)

        drive(FakeWorker(), tmp_path / "runs", steps, (80, 24))

    def test_recent_paths_are_remembered_and_offered(self, tmp_path: Path, labelled: Path) -> None:
        file = PreferencesFile(tmp_path / "app.toml")
        gone = [str(tmp_path / f"gone{number}.csv") for number in range(MOST_RECENT)]
        file.save(Preferences(recent_data=gone))

        async def use(app: BilstmApp, pilot: Pilot[int]) -> None:
            await choose(app, pilot, labelled)
            await until(pilot, lambda: "labelled: 16 training sequences" in text(app))

        drive(FakeWorker(), tmp_path / "runs", use, TALL, preferences=file)
        saved = PreferencesFile(tmp_path / "app.toml").saved
        assert saved.recent_data == [str(labelled), *gone[:-1]]

        async def use_again(app: BilstmApp, pilot: Pilot[int]) -> None:
            await ask_for_path(app, pilot)
            await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 1)
            await pilot.press("down", "enter")
            await until(pilot, lambda: "labelled: 16 training sequences" in text(app))

        file = PreferencesFile(tmp_path / "app.toml")
        drive(FakeWorker(), tmp_path / "runs", use_again, TALL, preferences=file)

    def test_a_recent_path_is_in_the_list_of_data_sets(
        self, tmp_path: Path, labelled: Path
    ) -> None:
        marked = labelled.rename(labelled.with_name("[red]labelled[@click=x].csv"))
        file = PreferencesFile(tmp_path / "app.toml")
        file.save(Preferences(recent_data=[str(marked)]))

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            app.screen.query_one(DatasetField).focus()
            await pilot.press("enter")
            await until(pilot, lambda: "[red]labelled[@click=x].csv" in text(app))
            await pilot.press("end", "up", "enter")
            await until(pilot, lambda: "labelled[@click=x]: 16 training sequences" in text(app))

        drive(FakeWorker(), tmp_path / "runs", steps, TALL, preferences=file)

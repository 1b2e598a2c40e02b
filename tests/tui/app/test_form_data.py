"""Data of one's own in the app: chosen, read in another process, shown, trained with."""

import asyncio
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static, TabbedContent

from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.data_overview import DataOverview
from bilstm_core.processes import data_reader_client
from bilstm_core.processes.protocol import ReadData
from bilstm_core.processes.worker_client import WorkerClient
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.path_completion import existing
from bilstm_tui.app.preferences import MOST_RECENT, Preferences, PreferencesFile
from bilstm_tui.app.screens.path_prompt import PathPrompt
from bilstm_tui.app.screens.train import TrainScreen
from bilstm_tui.app.widgets import dataset_field
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.data_view import DataView
from bilstm_tui.app.widgets.dataset_field import DatasetField
from bilstm_tui.app.widgets.form import Form
from tests.samples import small_config
from tests.tui.driving import PATIENCE_SECONDS, FakeWorker, Steps, drive, said, text, until

TALL = (160, 60)


def write_table(path: Path, columns: str = "kind,place", classes: str = "ab") -> Path:
    """Twenty sequences of five steps, with two columns of text."""
    rows = [
        f"{number},{step * number},{classes[number % len(classes)]},x"
        for number in range(20)
        for step in range(5)
    ]
    path.write_text("\n".join([f"id,height,{columns}", *rows]), encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table that does not say which of two columns has the labels."""
    return write_table(tmp_path / "walks.csv")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A table that says it."""
    return write_table(tmp_path / "labelled.csv", "label,place")


def is_shown(app: BilstmApp, name: str) -> bool:
    """Whether a setting has a row that is on the screen."""
    return any(field.region.area > 0 for field in app.train_screen.query(f"#{name}"))


def is_pointed_to(app: BilstmApp, words: str) -> bool:
    """Whether the line above the keys says something and is highlighted, with nothing over it."""
    line = app.train_screen.query_one("#problem", Static)
    return words in str(line.content) and line.has_class("-asked") and not app._notifications


def right_of_the_form(app: BilstmApp) -> str:
    """What is shown there, as one line."""
    return " ".join(line.partition("▕")[2].strip() for line in text(app).splitlines())


async def ask_for_path(app: BilstmApp, pilot: Pilot[int]) -> Input:
    """Choose the last line of the list of data sets."""
    app.screen.query_one(DatasetField).focus()
    await pilot.press("enter")
    await until(pilot, lambda: "a file or folder …" in text(app))
    await pilot.press("end", "enter")
    await until(pilot, lambda: isinstance(app.screen, PathPrompt) and app.focused)
    assert isinstance(app.focused, Input)
    return app.focused


async def choose(app: BilstmApp, pilot: Pilot[int], path: object) -> None:
    field = await ask_for_path(app, pilot)
    field.insert_text_at_cursor(str(path))
    await pilot.press("enter")


def drive_with(config: RunConfig, runs_dir: Path, steps: Steps) -> None:
    """As `drive`, with another configuration in the form."""
    app = BilstmApp(config, "default", runs_dir, make_worker=FakeWorker())
    app.animation_level = "none"

    async def main() -> None:
        async with app.run_test(size=TALL) as pilot:
            await until(pilot, lambda: isinstance(app.screen, TrainScreen))
            await steps(app, pilot)

    asyncio.run(main())


def test_a_table_is_chosen_its_column_named_and_trained_with(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        assert not is_shown(app, "label_column")
        await choose(app, pilot, table)
        await until(pilot, lambda: "Set label_column to one of them" in said(app))
        await pilot.press("escape", "t")
        await until(pilot, lambda: is_pointed_to(app, "Set label_column to one of them"))
        assert worker.orders == []
        app.screen.query_one("#label_column", Input).value = "kind"
        await until(pilot, lambda: "walks: 16 training sequences" in text(app))
        await until(pilot, lambda: "--label-column kind" in right_of_the_form(app))
        await pilot.press("t")
        await until(pilot, lambda: worker.orders and "finished" in text(app))

    drive(worker := FakeWorker(), tmp_path / "runs", steps, TALL)
    (order,) = worker.orders
    assert (order.config.dataset, order.config.label_column) == (str(table), "kind")


def test_a_column_that_is_asked_for_is_marked_in_its_row(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "! label_column" in text(app))
        marked = app.train_screen.query("FormRow.-invalid")
        assert [row.query_one(Input).id for row in marked] == ["label_column"]
        await app.train_screen.query_one(Form).go_to("label_column")
        words = "! Which column holds the label? height (whole number), kind (text), place (text)."
        await until(pilot, lambda: words in said(app))
        await pilot.press(*"kind")
        await until(pilot, lambda: "walks: 16 training sequences" in text(app))
        await until(pilot, lambda: "! label_column" not in text(app) and words not in said(app))

    drive_with(resolve({"dataset": str(table)}), tmp_path / "runs", steps)


def test_names_of_columns_are_those_of_one_file(tmp_path: Path, labelled: Path) -> None:
    config = small_config(dataset=str(labelled), label_column="label", hidden_size=17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "labelled: 16 training sequences" in text(app))
        app.screen.query_one("#dataset", ChoiceField).value = "digits"
        await until(pilot, lambda: "1,437 training images" in text(app))
        await until(pilot, lambda: not is_shown(app, "label_column"))
        assert app.train_screen.config == small_config(num_epochs=2, hidden_size=17)

    drive_with(config, tmp_path / "runs", steps)


def test_letters_are_text_in_the_name_of_a_column(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: is_shown(app, "label_column"))
        app.screen.query_one("#label_column", Input).focus()
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press(*"kitq", "backspace", "backspace", "n", "d")
        await until(pilot, lambda: "walks: 16 training sequences" in text(app))

    drive_with(resolve({"dataset": str(table)}), tmp_path / "runs", steps)


def test_the_end_of_a_long_text_is_seen(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: is_shown(app, "features"))
        app.screen.query_one("#features", Input).focus()
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press(*"abcdefghijklmnopqrstuvwxyz")
        await until(pilot, lambda: "tuvwxyz" in text(app))

    drive_with(resolve({"dataset": str(table)}), tmp_path / "runs", steps)


def test_while_data_are_read_nothing_is_trained_and_keys_work(
    tmp_path: Path, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer, started, ended = asyncio.Event(), [], []
    ask = data_reader_client._read

    async def slow(question: ReadData) -> DataOverview:
        started.append(question)
        try:
            await may_answer.wait()
        except asyncio.CancelledError:
            ended.append(question.config.seed)
            raise
        return await ask(question)

    monkeypatch.setattr(data_reader_client, "_read", slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: text(app).count("Reading labelled.csv …") == 2)
        await pilot.press("t")
        await until(pilot, lambda: is_pointed_to(app, "Reading labelled.csv …"))
        await until(pilot, lambda: len(started) == 1)  # it waits until nobody types any more
        app.screen.query_one("#test_fraction", Input).value = "0.4"  # other data
        await until(pilot, lambda: ended == [0])
        assert app.train_screen.config is None
        may_answer.set()
        await until(pilot, lambda: "labelled: 12 training sequences" in text(app))
        await until(pilot, lambda: "Reading" not in text(app))
        assert app.train_screen.config

    drive_with(resolve({"dataset": str(labelled)}), tmp_path / "runs", steps)


def test_a_setting_that_the_data_rule_out_is_named_at_once(tmp_path: Path) -> None:
    rows = [f"{n},{n * step},{'ab'[n % 2]}" for n in range(20) for step in range(3 + n % 3)]
    path = tmp_path / "walks.csv"
    path.write_text("\n".join(["id,height,label", *rows]), encoding="utf-8")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "16 training sequences" in text(app))
        app.screen.query_one("#readout", ChoiceField).value = "all"
        await until(pilot, lambda: "needs sequences of equal length" in text(app))
        await pilot.press("t")
        await until(pilot, lambda: is_pointed_to(app, "needs sequences of equal length"))
        app.screen.query_one("#readout", ChoiceField).value = "last"
        await until(pilot, lambda: "16 training sequences" in text(app))

    drive_with(resolve({"dataset": str(path)}), tmp_path / "runs", steps)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "there is no such file or folder" in text(app))
        assert app.train_screen.config is None
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.focused, DataView))
        assert "there is no such file or folder" in text(app)

    drive_with(resolve({"dataset": str(tmp_path / "gone.csv")}), tmp_path / "runs", steps)


class TestListOfDataSets:
    """Looking for the recent paths takes long where they are on a network."""

    @pytest.fixture
    def may_answer(self, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        may_answer = threading.Event()

        def slow(paths: list[str]) -> list[str]:
            assert may_answer.wait(PATIENCE_SECONDS), "the app waits for an answer"
            return existing(paths)

        monkeypatch.setattr(dataset_field, "existing", slow)
        return may_answer

    def test_what_is_marked_meanwhile_stays_marked(
        self, tmp_path: Path, labelled: Path, may_answer: threading.Event
    ) -> None:
        file = PreferencesFile(tmp_path / "app.toml")
        file.save(Preferences(recent_data=[str(labelled)]))

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            app.screen.query_one(DatasetField).focus()
            await pilot.press("enter")
            await until(pilot, lambda: "a file or folder …" in text(app))
            await pilot.press("end")
            may_answer.set()
            await until(pilot, lambda: "labelled.csv" in text(app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, PathPrompt) and app.focused)

        drive(FakeWorker(), tmp_path / "runs", steps, TALL, preferences=file)

    def test_what_is_chosen_meanwhile_stays_chosen(
        self, tmp_path: Path, may_answer: threading.Event
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            field = app.screen.query_one(DatasetField)
            field.focus()
            await pilot.press("enter")
            await until(pilot, lambda: "a file or folder …" in text(app))
            await pilot.press("home", "enter")
            await until(pilot, lambda: not field.is_open)
            may_answer.set()
            await app.workers.wait_for_complete(
                [worker for worker in app.workers if worker.node is field]
            )
            await until(pilot, lambda: app.train_screen.config)
            assert field.value == "mnist"
            assert app.train_screen.config == small_config(dataset="mnist")

        drive(FakeWorker(), tmp_path / "runs", steps, TALL)


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


@pytest.mark.usefixtures("real_children")
def test_a_run_with_a_table_trains(tmp_path: Path, labelled: Path) -> None:
    config = small_config(dataset=str(labelled), num_epochs=1)
    app = BilstmApp(config, "default", tmp_path / "runs", make_worker=WorkerClient)

    async def main() -> None:
        async with app.run_test(size=TALL) as pilot:
            await until(pilot, lambda: "labelled: 16 training sequences" in text(app))
            await pilot.press("t")
            await until(pilot, lambda: "/ 4 with accuracy" in text(app))

    asyncio.run(main())

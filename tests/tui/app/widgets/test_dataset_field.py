"""The list of data sets, while its recent paths are looked for."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.path_completion import existing
from bilstm_tui.app.preferences import Preferences, PreferencesFile
from bilstm_tui.app.screens.path_prompt import PathPrompt
from bilstm_tui.app.widgets import dataset_field
from bilstm_tui.app.widgets.choice_field import ChoiceList
from bilstm_tui.app.widgets.dataset_field import DatasetField
from bilstm_tui.app.widgets.form import Form
from tests.samples import small_config
from tests.tui.driving import PATIENCE_SECONDS, FakeWorker, drive, text, until
from tests.tui.own_data import TALL


async def has_looked(app: BilstmApp, field: DatasetField) -> None:
    """Wait until a field has looked for its recent paths."""
    await app.workers.wait_for_complete([it for it in app.workers if it.node is field])


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

    def test_the_line_under_the_cursor_is_chosen_though_paths_arrive(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            field = app.screen.query_one(DatasetField)
            field.action_open()
            await has_looked(app, field)
            choices = field.query_one(ChoiceList)
            choices.highlighted = choices.option_count - 1
            choices.action_select()
            names = [(name, name) for name in field.listed[:-1]]
            field.show([*names, ("a.csv", "/a.csv"), ("a file or folder …", "")], field.value)
            await until(pilot, lambda: isinstance(app.screen, PathPrompt))

        drive(FakeWorker(), tmp_path / "runs", steps, TALL)

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
            await has_looked(app, field)
            await until(pilot, lambda: app.train_screen.config)
            assert field.value == "mnist"
            assert app.train_screen.config == small_config(dataset="mnist")

        drive(FakeWorker(), tmp_path / "runs", steps, TALL)


def test_two_changes_in_a_row_end_with_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    use_dataset = Form._use_dataset

    def note(form: Form) -> None:
        used.append(form._values["dataset"])
        use_dataset(form)

    monkeypatch.setattr(Form, "_use_dataset", note)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        field = app.screen.query_one(DatasetField)
        field.choose("kmnist")
        field.choose("mnist")
        await until(pilot, lambda: used)
        await pilot.pause()
        assert field.value == "mnist"
        assert used == ["mnist"]

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("move", [ChoiceList.action_page_up, ChoiceList.action_page_down])
def test_page_keys_before_a_list_is_laid_out(move: Callable[[ChoiceList], None]) -> None:
    choices = ChoiceList([("one", "1"), ("two", "2")], marked=0)
    move(choices)
    assert choices.highlighted == 0

"""The screen of all runs."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input

from bilstm_core.processes.protocol import ResumeRun
from bilstm_core.runs import overview
from bilstm_core.runs.notes import Notes, read_notes
from bilstm_core.runs.overview import Overview, read_overview
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs, remove_run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import runs as runs_screen
from bilstm_tui.app.screens.run_rows import RunsTable
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets.run_details import RunDetails
from tests.recording import Recording, copies
from tests.samples import MOONS, small_config
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    asked,
    drive,
    open_runs,
    past_runs,
    said,
    text,
    until,
)


def test_runs_are_filtered_compared_copied_and_opened(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 2)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: "hidden_size" in text(app))
        assert "learning_rate" not in text(app)
        await pilot.press("slash", *"zzzz")  # longer than the random end of a name
        await until(pilot, lambda: table.row_count == 0)
        assert "No run contains 'zzzz'" in text(app)
        app.screen.query_one("#filter", Input).value = "×48"  # "48" may stand in a time, too
        await until(pilot, lambda: table.row_count == 1)
        await pilot.press("escape", "c")
        await until(pilot, lambda: app.screen is app.train_screen)
        await until(pilot, lambda: app.train_screen.config == small_config(hidden_size=48))
        await open_runs(app, pilot, 2)
        await pilot.press("enter")
        await until(pilot, lambda: "got 351 / 360" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_without_a_run_it_says_what_will_appear_and_trains_one(tmp_path: Path) -> None:
    worker = FakeWorker()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: "Each run will be a row here" in text(app))
        await until(pilot, lambda: "t Train esc Back" in text(app))
        assert "Inspect" not in text(app)
        await pilot.press("t")
        await until(pilot, lambda: app.screen is app.train_screen and "got 351" in text(app))
        await open_runs(app, pilot, 1)
        await until(pilot, lambda: "i Inspect" in text(app) and "t Train" not in text(app))

    drive(worker, tmp_path, steps)
    assert len(worker.orders) == 1


def test_marks_stay_while_the_app_runs(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: "hidden_size" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.train_screen and app.train_screen.shown_run)
        await open_runs(app, pilot, 2)
        await until(pilot, lambda: "▲" in text(app) and "hidden_size" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_the_cursor_stays_where_it_is_when_its_run_is_deleted_or_renamed(tmp_path: Path) -> None:
    past_runs(tmp_path, 8, 16, 32, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 4)
        table = app.screen.query_one(RunsTable)
        newest, second, third, oldest = table.names()
        update = RunDetails.update

        async def update_late(details: RunDetails, *arguments: Any) -> None:
            await may_go_on.wait()
            await update(details, *arguments)

        may_go_on = asyncio.Event()
        with pytest.MonkeyPatch.context() as patches:
            patches.setattr(RunDetails, "update", update_late)
            await pilot.press("down", "R")
            await asked(pilot, "The readable part")
            await pilot.press(*"ed", "enter")
            await until(pilot, lambda: second not in table.rows)
            assert "_ed_" in table.selected
            may_go_on.set()
        for left, selected in ((3, third), (2, oldest), (1, newest)):
            await pilot.press("d")
            await asked(pilot, "Delete this run?")
            await pilot.press("right", "enter")
            await until(pilot, lambda left=left: table.row_count == left)
            assert table.selected == selected

    drive(FakeWorker(), tmp_path, steps)


def test_a_key_that_needs_a_run_says_why_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()

    def read_slowly(*arguments: Any) -> dict[str, Overview]:
        assert may_go_on.wait(PATIENCE_SECONDS)
        return overview.read_overviews(*arguments)

    monkeypatch.setattr(runs_screen, "read_overviews", read_slowly)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.focused)
        for words in ("The runs are still being read.", "No run here yet."):
            for key in ("enter", *"enRdixcp"):
                app.clear_notifications()
                await pilot.press(key)
                await until(pilot, lambda words=words: words in said(app))
            may_go_on.set()
            await until(pilot, lambda: "Each run will be a row here" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_the_mark_of_a_run_that_another_process_deletes_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, deleted = past_runs(tmp_path, 16, 32, 48)
    monkeypatch.setattr(runs_screen, "_POLL_SECONDS", 0.1)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 3)
        await pilot.press("space")
        await until(pilot, lambda: "●" in text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen is app.train_screen and app.train_screen.shown_run)
        remove_run(deleted)
        await pilot.press("C")  # with the run before it, as no other is marked
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await until(pilot, lambda: "● bilstm" in text(app) and "▲ bilstm" in text(app))
        assert deleted.name not in app._marked_runs
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        await open_runs(app, pilot, 2)
        await until(pilot, lambda: "hidden_size" in text(app))
        for run in list_runs(tmp_path):
            remove_run(run)
        await until(pilot, lambda: "Each run will be a row here" in text(app))
        assert not app._marked_runs

    drive(FakeWorker(), tmp_path, steps)


def test_one_run_or_all_that_are_marked_are_deleted(tmp_path: Path) -> None:
    past_runs(tmp_path, 8, 16, 32, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 4)
        await pilot.press("d")
        await asked(pilot, "Delete this run?")
        await pilot.press("enter")  # to keep is the default
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("d")
        await asked(pilot, "Delete this run?")
        assert len(list_runs(tmp_path)) == 4
        await pilot.press("right", "enter")
        await until(pilot, lambda: table.row_count == 3)
        await pilot.press("space", "down", "space", "d")
        await asked(pilot, "Delete these 2 runs?")
        await pilot.press("right", "enter")
        await until(pilot, lambda: table.row_count == 1)

    drive(FakeWorker(), tmp_path, steps)
    assert len(list_runs(tmp_path)) == 1


@pytest.mark.parametrize(("name", "key"), [("remove_run", "d"), ("rename_run", "R")])
def test_keys_are_taken_while_a_run_of_another_machine_is_watched(
    name: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = past_runs(tmp_path, 16, 32)
    may_go_on = threading.Event()
    change = getattr(runs_screen, name)

    def slow(*arguments: Any) -> Any:
        may_go_on.wait(PATIENCE_SECONDS)
        return change(*arguments)

    monkeypatch.setattr(runs_screen, name, slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        await pilot.press("down", key)
        await asked(pilot, "Delete this run?" if key == "d" else "The readable part of")
        await pilot.press(*(("right", "enter") if key == "d" else (*"ed", "enter")))
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("o")
        await until(pilot, lambda: "by test %" in text(app))
        assert first.path.exists()
        may_go_on.set()
        await until(pilot, lambda: not first.path.exists())
        await until(pilot, lambda: first.name not in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_a_run_is_pinned_noted_and_renamed(tmp_path: Path) -> None:
    oldest, *_ = past_runs(tmp_path, 16, 32, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 3)
        await pilot.press("down", "down", "p")
        await until(pilot, lambda: read_notes(oldest).pinned)
        await until(pilot, lambda: table.get_row_index(oldest.name) == 0)
        await pilot.press("n")
        await asked(pilot, "A note on")
        await pilot.press(*"good", "enter")
        await until(pilot, lambda: "good" in text(app) and isinstance(app.screen, RunsScreen))
        await pilot.press("n")
        await asked(pilot, "A note on")
        await pilot.press(*["backspace"] * len("good"), "escape", "n")  # cancelled: it is kept
        await until(pilot, lambda: app.screen.query(Input).first().value == "good")
        await pilot.press(*["backspace"] * len("good"), "enter")
        await until(pilot, lambda: not read_notes(oldest).note)
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("n")
        await asked(pilot, "A note on")
        await pilot.press(*"better", "enter")
        await until(pilot, lambda: "better" in text(app) and isinstance(app.screen, RunsScreen))
        await pilot.press("R")
        await asked(pilot, "The readable part of")
        app.screen.query_one("#answer", Input).value = "no/way"
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be part of a folder" in said(app))
        app.screen.query_one("#answer", Input).value = "tuesday"
        await pilot.press("enter")
        await until(pilot, lambda: "tuesday_" in text(app))

    drive(FakeWorker(), tmp_path, steps)
    assert not oldest.path.exists()
    (renamed,) = [run for run in list_runs(tmp_path) if "_tuesday_" in run.name]
    assert read_notes(renamed) == Notes(pinned=True, note="better")


def test_runs_are_sorted_by_any_column(tmp_path: Path) -> None:
    past_runs(tmp_path, 48, 16, 32)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 3)

        def models() -> list[str]:
            return [str(table.get_row_at(row)[5]).strip() for row in range(3)]

        assert models() == ["BiLSTM 1×32", "BiLSTM 1×16", "BiLSTM 1×48"]  # the newest first
        for _ in range(4):
            await pilot.press("o")
        await until(pilot, lambda: models() == ["BiLSTM 1×16", "BiLSTM 1×32", "BiLSTM 1×48"])
        assert "by model" in text(app)

    drive(FakeWorker(), tmp_path, steps)


def test_a_run_is_resumed_for_longer(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)
    typed = {"9": {"num_epochs": 9}, "2": {}, "5.0": {"num_epochs": 5}}

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for count, words in enumerate(typed):
            await open_runs(app, pilot, 1)
            await until(pilot, lambda: "finished" in text(app))  # which it was not when it resumed
            await pilot.press("e")
            await asked(pilot, "Resume: total epochs")
            field = app.screen.query_one("#answer", Input)
            assert field.value == "4"
            if not count:
                field.value = "many"
                await pilot.press("enter")
                await until(pilot, lambda: "a whole number" in text(app))
            field.value = words
            await pilot.press("enter")
            await until(pilot, lambda count=count: len(worker.orders) > count)
            await until(pilot, lambda: app.screen is app.train_screen and not app._is_starting)

    drive(worker := FakeWorker(), tmp_path, steps)
    assert worker.orders == [ResumeRun(run=run.path, changes=it) for it in typed.values()]


def test_a_damaged_remark_is_named_and_left_alone(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)
    run.notes_file.write_text("pinned = maybe", encoding="utf-8")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await pilot.press("p")
        await until(pilot, lambda: "is damaged and was not changed" in said(app))

    drive(FakeWorker(), tmp_path, steps)
    assert run.notes_file.read_text(encoding="utf-8") == "pinned = maybe"


MANY_RUNS = 500


def test_many_runs_are_read_beside_the_keys_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies(past_runs(tmp_path, 48)[0], MANY_RUNS)
    may_go_on = threading.Event()
    looked: list[Run] = []

    def slow(run: Run) -> Overview:
        may_go_on.wait(PATIENCE_SECONDS)
        looked.append(run)
        return read_overview(run)

    monkeypatch.setattr(overview, "read_overview", slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, runs_screen.RunsScreen))
        words, table = app.screen.query_one("#filter", Input), app.screen.query_one(DataTable)
        await pilot.press("slash", *"copy")
        await until(pilot, lambda: words.value == "copy")
        assert not looked
        may_go_on.set()
        await until(pilot, lambda: table.row_count == MANY_RUNS - 1)
        await pilot.press(*"_49")
        await until(pilot, lambda: table.row_count == 10)
        words.value = ""
        await until(pilot, lambda: table.row_count == MANY_RUNS)
        assert isinstance(app.screen, runs_screen.RunsScreen)
        await app.screen._update()
        assert len(looked) == MANY_RUNS

    drive(FakeWorker(), tmp_path, steps)


def test_a_note_survives_a_pin_that_follows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the runs are read again."""
    (run,) = past_runs(tmp_path, 16)
    is_reading, may_go_on = threading.Event(), threading.Event()

    def read_slowly(*arguments: Any) -> dict[str, Overview]:
        is_reading.set()
        assert may_go_on.wait(PATIENCE_SECONDS)
        return overview.read_overviews(*arguments)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await pilot.press("n")
        await asked(pilot, "A note on")
        monkeypatch.setattr(runs_screen, "read_overviews", read_slowly)
        await pilot.press(*"hello", "enter")
        await until(pilot, is_reading.is_set)
        await pilot.press("p")
        assert read_notes(run) == Notes(pinned=True, note="hello")
        await pilot.press("p", "p")
        assert read_notes(run).pinned
        may_go_on.set()
        await until(pilot, lambda: "▸" in text(app) and " hello" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_the_runs_begin_at_the_one_that_is_shown_and_it_keeps_its_view(tmp_path: Path) -> None:
    older, _newer = past_runs(tmp_path, 16, 17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(older)
        table = await open_runs(app, pilot, 2)
        await until(pilot, lambda: table.cursor_row == 1)
        await pilot.press("R")
        await asked(pilot, "The readable part")
        app.screen.query_one(Input).value = "renamed"
        await pilot.press("enter")
        view = app.train_screen.view
        await until(pilot, lambda: view.shown_run and "renamed" in view.shown_run.name)
        assert view.history.final

    drive(FakeWorker(), tmp_path, steps)


def test_escape_shows_all_runs_again_before_it_leaves(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 2)
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).value = "×17"  # "17" may stand in a time, too
        await until(pilot, lambda: table.row_count == 1)
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is table)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 2)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)

    drive(FakeWorker(), tmp_path, steps)


def test_the_footer_names_the_keys_of_what_has_the_focus(tmp_path: Path) -> None:
    past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 1)
        await until(pilot, lambda: "? Keys q Quit" in text(app) and "i Inspect" in text(app))
        size = table.size
        await pilot.press("slash")
        await until(pilot, lambda: "⏎ To the runs esc Back" in text(app))
        assert table.size == size
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is table and "i Inspect" in text(app))

    drive(FakeWorker(), tmp_path, steps, (80, 24))


def test_a_run_that_is_trained_is_left_alone_by_the_list(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, "Being trained now")
        await pilot.press("escape")
        await open_runs(app, pilot, 1)
        for key in ("i", "d", "e"):
            app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: "stop it first" in said(app))
            assert isinstance(app.screen, RunsScreen)

    with Recording(tmp_path, 1000) as recording:
        recording.advance(10)
        drive(FakeWorker(), tmp_path, steps)


def test_a_run_on_unknown_data_is_shown_and_its_settings_are_not_copied(tmp_path: Path) -> None:
    with Recording(tmp_path, 2000, MOONS) as recording:
        recording.finish()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await until(pilot, lambda: "moons" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "two moons: 90 training" in text(app))
        await open_runs(app, pilot, 1)
        await pilot.press("c")
        await asked(pilot, "dataset = moons is not allowed")
        assert app.train_screen.config == small_config()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.train_screen)

    assert not drive(FakeWorker(), tmp_path, steps, (120, 60)).internal_error


def test_copied_settings_are_seen(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        await pilot.press("enter")
        await until(pilot, lambda: "got 351" in text(app))
        await open_runs(app, pilot, 2)
        await pilot.press("c")
        await until(pilot, lambda: "10 classes" in text(app))
        assert "The form has the settings of" in said(app)

    drive(FakeWorker(), tmp_path, steps)

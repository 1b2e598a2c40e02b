"""The screen of all runs."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_core.runs.notes import Notes, read_notes
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.runs import RunsScreen
from tests.samples import small_config
from tests.tui.driving import FakeWorker, asked, drive, open_runs, past_runs, said, text, until


def test_runs_are_filtered_compared_copied_and_opened(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 2)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: "hidden_size" in text(app))
        assert "learning_rate" not in text(app)
        await pilot.press("slash", *"zzzz")  # longer than the random end of a name
        await until(pilot, lambda: table.row_count == 0)
        assert "No run has zzzz in its line" in text(app)
        app.screen.query_one("#filter", Input).value = "×48"  # "48" may stand in a time, too
        await until(pilot, lambda: table.row_count == 1)
        await pilot.press("escape", "c")
        await until(pilot, lambda: app.screen is app.train_screen)
        await until(pilot, lambda: app.train_screen.config == small_config(hidden_size=48))
        await open_runs(app, pilot, 2)
        await pilot.press("enter")
        await until(pilot, lambda: "got 351 / 360" in text(app))

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("marked", [0, 2])
def test_one_run_or_all_that_are_marked_are_deleted(tmp_path: Path, marked: int) -> None:
    past_runs(tmp_path, 16, 32, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 3)
        for _ in range(marked):
            await pilot.press("space", "down")
        question = f"Delete these {marked} runs?" if marked else "Delete this run?"
        await pilot.press("d")
        await asked(pilot, question)
        await pilot.press("enter")  # to keep is the default
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("d")
        await asked(pilot, question)
        await pilot.press("right", "enter")
        await until(pilot, lambda: table.row_count == 3 - (marked or 1))

    drive(FakeWorker(), tmp_path, steps)
    assert len(list_runs(tmp_path)) == 3 - (marked or 1)


def test_a_run_is_pinned_noted_and_renamed(tmp_path: Path) -> None:
    oldest, *_ = past_runs(tmp_path, 16, 32, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 3)
        await pilot.press("down", "down", "p")
        await until(pilot, lambda: read_notes(oldest).pinned)
        await until(pilot, lambda: table.get_row_index(oldest.name) == 0)
        await pilot.press("n")
        await asked(pilot, "A line on")
        await pilot.press(*"good", "enter")
        await until(pilot, lambda: "good" in text(app) and isinstance(app.screen, RunsScreen))
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
    assert read_notes(renamed) == Notes(pinned=True, note="good")


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


@pytest.mark.parametrize(
    ("typed", "changes"), [("9", {"num_epochs": 9}), ("2", {}), ("5.0", {"num_epochs": 5})]
)
def test_a_run_is_resumed_for_longer(tmp_path: Path, typed: str, changes: dict[str, int]) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await pilot.press("e")
        await asked(pilot, "Train for longer")
        field = app.screen.query_one("#answer", Input)
        assert field.value == "4"
        field.value = "many"
        await pilot.press("enter")
        await until(pilot, lambda: "a whole number" in text(app))
        field.value = typed
        await pilot.press("enter")
        await until(pilot, lambda: worker.orders)

    drive(worker := FakeWorker(), tmp_path, steps)
    (order,) = worker.orders
    assert (order["command"], Run(Path(order["run"])), order["changes"]) == ("resume", run, changes)


def test_a_damaged_remark_is_named_and_left_alone(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)
    run.notes_file.write_text("pinned = maybe", encoding="utf-8")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await pilot.press("p")
        await until(pilot, lambda: "is damaged, and left as it is" in said(app))

    drive(FakeWorker(), tmp_path, steps)
    assert run.notes_file.read_text(encoding="utf-8") == "pinned = maybe"

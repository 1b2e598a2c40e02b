"""Keys for what the form says, while its data are being read or a setting is wrong."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from bilstm_core.config.resolve import resolve
from bilstm_core.data.data_overview import DataOverview
from bilstm_core.processes import data_reader_client
from bilstm_core.processes.protocol import ReadData
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.learning_rate import LearningRateScreen
from tests.tui.driving import FakeWorker, drive, said, text, until
from tests.tui.forms import drive_default, go_to, hint
from tests.tui.own_data import drive_with, is_pointed_to, write_table

WAITS = "Reading labelled.csv …  It starts then; Esc cancels."


def line(app: BilstmApp) -> str:
    """What the line above the keys says."""
    return str(app.train_screen.query_one("#problem", Static).content)


class TestWhileDataAreRead:
    @pytest.fixture
    def may_answer(self, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
        may_answer, ask = asyncio.Event(), data_reader_client._read

        async def slow(question: ReadData) -> DataOverview:
            await may_answer.wait()
            return await ask(question)

        monkeypatch.setattr(data_reader_client, "_read", slow)
        return may_answer

    @pytest.mark.parametrize("key", ["t", "f"])
    def test_what_is_asked_for_starts_when_they_have_been_read(
        self, tmp_path: Path, labelled: Path, may_answer: asyncio.Event, key: str
    ) -> None:
        worker = FakeWorker()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press(key)
            await until(pilot, lambda: is_pointed_to(app, WAITS))
            assert "esc Cancel" in text(app).splitlines()[-1]
            may_answer.set()
            if key == "t":
                await until(pilot, lambda: worker.runs and "finished" in text(app))
            else:
                await until(pilot, lambda: isinstance(app.screen, LearningRateScreen))
                worker.cancel()

        drive_with(resolve({"dataset": str(labelled)}), tmp_path / "runs", steps, worker)

    def test_escape_another_setting_and_another_screen_cancel_it(
        self, tmp_path: Path, labelled: Path, may_answer: asyncio.Event
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            for cancel in ("escape", "setting", "question_mark"):
                await pilot.press("t")
                await until(pilot, lambda: line(app) == WAITS)
                if cancel == "setting":
                    app.screen.query_one("#hidden_size", Input).value = "32"
                else:
                    await pilot.press(cancel)
                await until(pilot, lambda: line(app) == "Reading labelled.csv …")
            await until(pilot, lambda: "Nothing is started" in said(app))
            await pilot.press("escape")
            may_answer.set()
            await until(pilot, lambda: "labelled: 16 training sequences" in text(app))
            assert worker.orders == []

        worker = FakeWorker()
        drive_with(resolve({"dataset": str(labelled)}), tmp_path / "runs", steps, worker)

    def test_what_is_wrong_with_them_is_pointed_to(
        self, tmp_path: Path, may_answer: asyncio.Event
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            may_answer.set()
            await until(pilot, lambda: is_pointed_to(app, "there is no such file or folder"))

        drive_with(resolve({"dataset": str(tmp_path / "gone.csv")}), tmp_path / "runs", steps)

    def test_at_home_too(self, tmp_path: Path, may_answer: asyncio.Event) -> None:
        path = write_table(tmp_path / "labelled.csv", "label,place")
        config = resolve({"dataset": str(path)})

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: app.screen is app.train_screen and line(app) == WAITS)
            may_answer.set()
            await until(pilot, lambda: worker.runs and "finished" in text(app))

        drive(worker := FakeWorker(), tmp_path / "runs", steps, config=config, at_home=True)


class TestProblem:
    FULL = "Allowed: a whole number from 1 to 16 layers"
    BRIEF = "1 setting to correct: num_layers"

    def test_it_is_said_once_in_full(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "num_layers")
            await pilot.press("9", "9")
            await until(pilot, lambda: line(app) == self.BRIEF and self.FULL in hint(app))
            assert f"! {self.BRIEF}" in text(app)  # above the last valid network
            assert " ".join(text(app).split()).count("Not allowed") == 1
            await pilot.press("down")  # the hint says something else now
            await until(pilot, lambda: self.FULL in line(app) and self.FULL not in hint(app))
            await pilot.press("up")
            await until(pilot, lambda: line(app) == self.BRIEF)
            await pilot.press("v")  # and here there is no hint
            await until(pilot, lambda: self.FULL in line(app))

        drive_default(steps, tmp_path)

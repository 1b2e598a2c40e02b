"""The learning-rate finder, from the form."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from bilstm_core.errors import DataError
from bilstm_core.processes.protocol import FindLearningRate
from bilstm_core.training.learning_rate_curve import LearningRateCurve
from bilstm_tui.app.app import BilstmApp
from tests.samples import small_config
from tests.tui.driving import FakeWorker, asked, drive, said, text, until


def test_the_key_tries_rates_and_fills_the_field(tmp_path: Path) -> None:
    worker = FakeWorker()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("f")
        await asked(pilot, "rates that rise")
        worker.may_answer.set()
        await until(pilot, lambda: "Suggested: 0.012" in said(app))
        await until(pilot, lambda: "2.0" in text(app) and "0.01" in text(app))
        assert "Learning rate" in text(app)
        assert "loss by learning rate, cut off at 2.6" in text(app)
        assert "new network" not in text(app)
        await until(pilot, lambda: isinstance(app.focused, Button) and app.focused.id == "use")
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.config == small_config(learning_rate=0.012))
        await until(pilot, lambda: "learning_rate is 0.012 in the form" in said(app))

    drive(worker, tmp_path, steps, (80, 24))
    assert worker.orders == [FindLearningRate(config=small_config())]


@pytest.mark.parametrize("losses", [[], [2.0]])
def test_without_a_line_there_is_no_plot(tmp_path: Path, losses: list[float]) -> None:
    worker = FakeWorker()
    worker.curve = LearningRateCurve(rates=[1e-5] * len(losses), losses=losses, suggestion=None)
    worker.may_answer.set()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("f")
        await asked(pilot, "The loss was not finite.")
        assert "loss by learning rate" not in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.train_screen)

    drive(worker, tmp_path, steps)


def test_escape_gives_up(tmp_path: Path) -> None:
    worker = FakeWorker()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("f")
        await asked(pilot, "rates that rise")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen and worker.has_given_up)
        assert app.train_screen.config == small_config()

    drive(worker, tmp_path, steps)


def test_what_went_wrong_is_a_dialog(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("f")
        await asked(pilot, "No mirror")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.train_screen)

    drive(FakeWorker(failure=DataError("No mirror gave a good file.")), tmp_path, steps)

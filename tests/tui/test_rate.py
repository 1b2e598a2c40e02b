"""A learning rate is found: in lines, and from the form."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import DataError, TrainingError
from bilstm_core.processes.worker_client import Worker
from bilstm_core.training.learning_rate_curve import LearningRateCurve
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.cli.learning_rate import show_learning_rates
from bilstm_tui.cli.main import run
from tests.samples import small_config
from tests.tui.driving import FakeWorker, asked, drive, said, text, until

SETTINGS = ["--dataset", "digits", "--hidden-size", "16", "--precision", "float32"]


def test_lr_find_prints_a_curve_and_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lr-find", *SETTINGS]) == 0
    out = capsys.readouterr().out
    assert "BiLSTM 1×16 on digits" in out
    assert "█" in out
    name, _, value = out.splitlines()[-1].partition(" = ")
    assert name == "learning_rate"
    assert 1e-5 < float(value) < 1


def test_lr_find_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lr-find", "--json", *SETTINGS]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["rates"]) == len(answer["losses"]) > 50
    assert answer["rates"][0] < answer["suggestion"] < answer["rates"][-1]


def test_no_fall_is_a_failure_in_words() -> None:
    flat = LearningRateCurve(rates=[0.1, 1.0], losses=[2.0, 2.0], suggestion=None)
    with pytest.raises(TrainingError) as caught:
        show_learning_rates(small_config(), flat, as_json=False)
    assert "fell at none" in caught.value.message


def test_the_key_tries_rates_and_fills_the_field(tmp_path: Path) -> None:
    worker = FakeWorker()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("f")
        await asked(pilot, "rates that rise")
        worker.may_answer.set()
        await until(pilot, lambda: "Suggested: 0.012" in said(app))
        await until(pilot, lambda: "2.0" in text(app) and "0.01" in text(app))
        assert "Learning rate" in text(app)
        assert "fresh network" not in text(app)
        await until(pilot, lambda: isinstance(app.focused, Button) and app.focused.id == "take")
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.config == small_config(learning_rate=0.012))

    drive(worker, tmp_path, steps, (80, 24))
    assert RunConfig.model_validate(worker.orders[0]["config"]) == small_config()


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


def test_a_real_worker_finds_one() -> None:
    worker = Worker()
    worker.expect(small_config(batch_size=8))
    worker.expect(small_config())
    curve = worker.find_learning_rate(small_config(), None)
    assert curve.suggestion is not None

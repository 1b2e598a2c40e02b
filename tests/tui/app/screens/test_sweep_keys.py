"""What keys do in the screen of a sweep."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_core.config.schema import RunConfig
from bilstm_core.processes.protocol import ResumeRun
from bilstm_core.runs.run import Run
from bilstm_core.sweeps import helper
from bilstm_core.sweeps.study import Study
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.dialogs import Dialog
from tests.sweeping import MadeUpSweep
from tests.tui.driving import FakeWorker, asked, said, text, until
from tests.tui.sweep_driving import table_of, watch


def copied(app: BilstmApp) -> RunConfig:
    """The settings of the form."""
    assert app.train_screen.config
    return app.train_screen.config


def test_the_settings_of_a_trial_are_copied(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 1)
            await pilot.press("c")
            await until(pilot, lambda: app.screen is app.train_screen)
            there = claim.run.config
            await until(pilot, lambda: copied(app).hidden_size == there.hidden_size)
            assert copied(app).cell == there.cell
            assert copied(app).learning_rate == pytest.approx(there.learning_rate)
            assert copied(app).validation_fraction == 0.1

        watch(tmp_path, steps)


def test_a_run_is_resumed_for_longer(tmp_path: Path) -> None:
    worker = FakeWorker()
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.finish(with_events=True)
        sweep.start(1)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 2)
            await pilot.press("down", "e")
            await until(pilot, lambda: "is being trained: stop it first" in said(app))
            await pilot.press("up", "e")
            await asked(pilot, "Resume: total epochs")
            app.screen.query_one("#answer", Input).value = "30"
            await pilot.press("enter")
            await until(pilot, lambda: worker.orders)

        watch(tmp_path, steps, worker)
    assert worker.orders == [ResumeRun(run=claim.run.path, changes={"num_epochs": 30})]


def orders_to(run: Run) -> list[str]:
    """The orders that were sent to a run."""
    file = run.commands_file
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line)["command"] for line in lines]


def test_a_trial_is_stopped_or_the_whole_sweep(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        sweep.finish()
        claim = sweep.start(2)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 2)
            await pilot.press("down", "s")
            await asked(pilot, f"Stop trial {claim.number}?")
            await pilot.press("escape", "s")
            await asked(pilot, f"Stop trial {claim.number}?")
            await pilot.press("right", "enter")
            await until(pilot, lambda: orders_to(claim.run) == ["stop_at_once"])
            assert not sweep.study.stops
            await pilot.press("up", "s")
            await asked(pilot, "Stop the sweep?")
            await pilot.press("enter", "s")  # the default answer stops nothing
            await asked(pilot, "Stop the sweep?")
            assert not sweep.study.stops
            await pilot.press("right", "enter")
            await until(pilot, lambda: sweep.study.stops)
            sweep.lose(claim)
            await until(pilot, lambda: "interrupted" in text(app))
            await pilot.press("s")
            await until(pilot, lambda: "No trial is being trained" in said(app))

        watch(tmp_path, steps)


def test_a_sweep_is_paused_and_continued(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.start(2)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("p")
            await until(pilot, lambda: " paused   1 training" in text(app))
            assert sweep.study.is_paused
            await until(pilot, lambda: orders_to(claim.run) == ["pause"])
            await pilot.press("t")
            await until(pilot, lambda: "p continues it" in said(app))
            await pilot.press("p")
            await until(pilot, lambda: " paused " not in text(app).splitlines()[0])
            assert not sweep.study.is_paused
            await until(pilot, lambda: orders_to(claim.run) == ["pause", "resume"])

        watch(tmp_path, steps)


class Helpers:
    """Stands in for what starts a process that trains trials."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def __call__(self, study: Study, devices: str, *_: object) -> None:
        self.started.append(f"{study.name} {devices}")


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> Helpers:
    helpers = Helpers()
    monkeypatch.setattr(helper, "start_in_background", helpers)
    return helpers


def test_trials_are_added_and_trained_here_if_nobody_does(tmp_path: Path, helpers: Helpers) -> None:
    with MadeUpSweep(tmp_path, trials=1) as sweep:
        sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: "a adds more" in said(app))
            await pilot.press("a")
            await asked(pilot, "How many more?")
            answer = app.screen.query_one("#answer", Input)
            for typed in ("0", "x", "-1", "1e3", "9999999"):
                answer.value = typed
                await until(pilot, lambda: "a whole number from 1" in said(app))
                await pilot.press("enter")
                assert isinstance(app.screen, Dialog)
                answer.value = "3"
                await until(pilot, lambda: "a whole number from 1" not in said(app))
            await pilot.press("enter")
            await asked(pilot, "No trial is being trained")
            assert sweep.study.trials_wanted == 4
            await pilot.press("enter")
            await until(pilot, lambda: helpers.started == ["first auto"])
            await until(pilot, lambda: "1 of 4" in text(app))
            sweep.start(1)
            await until(pilot, lambda: "1 training" in text(app))
            await pilot.press("a")
            await asked(pilot, "How many more?")
            await pilot.press("enter")
            await until(pilot, lambda: "1 of 14" in text(app))
            assert not isinstance(app.screen, Dialog)
            await pilot.press("t")
            await asked(pilot, "Train here, too?")
            await pilot.press("enter")
            await until(pilot, lambda: len(helpers.started) == 2)

        watch(tmp_path, steps)


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_there_are_no_more_trials_than_combinations(sampler: str, tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path, trials=1, search={"cell": "lstm,gru"}, sampler=sampler) as sweep:

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("a")
            await asked(pilot, "How many more?")
            assert app.screen.query_one("#answer", Input).value == "1"
            await pilot.press("enter")
            await asked(pilot, "No trial is being trained")
            await pilot.press("escape")
            await until(pilot, lambda: "0 of 2" in text(app))
            await pilot.press("a")
            await until(pilot, lambda: "All combinations" in said(app))

        watch(tmp_path, steps)
    assert sweep.study.trials_wanted == 2


def test_what_has_ended_is_not_paused(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path, trials=1) as sweep:
        sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("p")
            await until(pilot, lambda: "nothing to pause" in said(app))

        watch(tmp_path, steps)
        assert not sweep.study.is_paused

"""The first screen: the form, the run, and the keys of both."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TabbedContent

from bilstm_core import events
from bilstm_core.data.sources.registry import describe
from bilstm_core.network.summary import summarise
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.dialogs import Dialog
from bilstm_tui.app.widgets.choice_field import ChoiceField
from tests.samples import run_started, small_config
from tests.tui.driving import (
    STEPS,
    FakeWorker,
    asked,
    drive,
    said,
    story,
    tell,
    text,
    until,
)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_one_key_trains_and_shows_curve_and_accuracy_lines(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: "got 351 / 360 with accuracy 97.50" in text(app))
        await until(pilot, lambda: any("\u2801" <= char <= "\u28ff" for char in text(app)))
        shown = text(app)
        assert "finished" in shown
        assert "training loss by step" in shown
        assert "accuracy %" in shown

    worker = FakeWorker()
    drive(worker, tmp_path, steps, size)
    assert worker.orders[0].config == small_config()


def test_the_sketch_and_the_command_follow_the_form(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#hidden_size", Input).value = "32"
        config = small_config(hidden_size=32)
        await until(
            pilot, lambda: f"{summarise(config, describe(config)).parameters:,}" in text(app)
        )
        assert "--hidden-size 32" in text(app)

    drive(FakeWorker(), tmp_path, steps)


def test_a_wrong_value_is_said_and_cannot_be_trained(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#num_layers", Input).value = "99"
        await until(pilot, lambda: "from 1 to 16 layers" in text(app))
        await pilot.press("t")
        await pilot.pause()
        app.screen.query_one("#num_layers", Input).value = "2"
        await until(pilot, lambda: "from 1 to 16 layers" not in text(app))

    worker = FakeWorker()
    drive(worker, tmp_path, steps)
    assert worker.orders == []


def test_a_run_is_paused_and_let_go_on(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        run = worker.runs[0]
        await pilot.press("p")
        await until(pilot, run.commands_file.exists)
        tell(run, events.Paused(epoch=1, step=STEPS))
        await until(pilot, lambda: "paused" in text(app))
        await pilot.press("p")
        await until(pilot, lambda: "resume" in run.commands_file.read_text(encoding="utf-8"))

    drive(worker := FakeWorker(events_told=2), tmp_path, steps)


def test_a_grey_key_says_why(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for key, why in {"i": "No run is shown", "p": "No run is being trained"}.items():
            await pilot.press(key)
            await until(pilot, lambda why=why: why in said(app))
        await pilot.press("t")
        await until(pilot, lambda: "running" in text(app))
        await pilot.press("t")
        await until(pilot, lambda: "stop it first" in said(app))

    drive(worker := FakeWorker(events_told=2), tmp_path, steps)
    assert len(worker.orders) == 1


@pytest.mark.parametrize(
    ("keys", "command"), [(["enter"], '"stop"'), (["right", "enter"], '"stop_at_once"')]
)
def test_a_run_is_stopped_one_way_or_the_other(
    tmp_path: Path, keys: list[str], command: str
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        run = worker.runs[0]
        await pilot.press("s")
        await asked(pilot, "Stop the run")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        assert not run.commands_file.exists()
        await pilot.press("s")
        await asked(pilot, "Stop the run")
        await pilot.press(*keys)
        await until(pilot, run.commands_file.exists)
        assert command in run.commands_file.read_text(encoding="utf-8")
        tell(run, events.Stopping(epoch=1, step=STEPS))
        await until(pilot, lambda: "stopping" in text(app))

    drive(worker := FakeWorker(events_told=2), tmp_path, steps)


def test_the_learning_rate_is_changed_and_marked(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        run = worker.runs[0]
        await pilot.press("l")
        await asked(pilot, "with this as its peak")
        field = app.screen.query_one("#answer", Input)
        assert field.value == "0.008"
        field.value = "fast"
        await pilot.press("enter")
        await until(pilot, lambda: "a number above 0 to 10" in said(app))
        field.value = "0.002"
        await pilot.press("enter")
        await until(pilot, run.commands_file.exists)
        assert '"learning_rate": 0.002' in run.commands_file.read_text(encoding="utf-8")
        tell(run, events.LearningRateChanged(epoch=1, step=20, learning_rate=0.002))
        await until(pilot, lambda: "learning rate changed" in text(app))
        assert "Learning rate 0.002 after step 20" in text(app)

    drive(worker := FakeWorker(events_told=2), tmp_path, steps, (160, 50))


def test_a_download_is_shown_as_progress(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        tell(
            worker.runs[0],
            events.Download(
                dataset="mnist",
                title="MNIST",
                file="train-images.gz",
                received=2_500_000,
                total=10_000_000,
            ),
        )
        await until(pilot, lambda: "Downloading MNIST: train-images.gz, 2.5 MB" in text(app))
        assert "25%" in text(app)

    drive(worker := FakeWorker(events_told=0), tmp_path, steps)


def test_without_data_the_ways_out_are_said_and_digits_offered(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#dataset", ChoiceField).value = "mnist"
        await until(pilot, lambda: app.train_screen.config == small_config(dataset="mnist"))
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        failed = events.Failed(
            title="No data", message="No mirror answers.", advice="1. Copy it.", exit_code=3
        )
        tell(worker.runs[0], failed)
        worker.locks[0].release()
        worker.events_told = 99
        await asked(pilot, "No mirror answers.\n\n1. Copy it.")
        await pilot.press("right", "enter")
        await until(pilot, lambda: "got 351 / 360" in text(app))
        assert worker.orders[1].config.dataset == "digits"

    drive(worker := FakeWorker(events_told=0), tmp_path, steps)


def test_the_view_is_switched_wherever_the_focus_is(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        tabs = app.screen.query_one(TabbedContent)
        await pilot.press("t")
        await until(pilot, lambda: "finished" in text(app))
        inside = {type(it): it for it in app.screen.query("#run *") if it.focusable}
        assert len(inside) > 2
        for widget in inside.values():
            await until(pilot, lambda: tabs.active == "run")
            widget.focus()
            await until(pilot, lambda widget=widget: app.focused is widget)
            await pilot.press("v")
            await until(pilot, lambda: tabs.active == "explain")
            await pilot.pause()
            assert tabs.active == "explain"
            tabs.active = "run"

    drive(FakeWorker(), tmp_path, steps)


def test_a_key_that_comes_before_the_last_one_was_shown_counts(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        tabs = app.screen.query_one(TabbedContent)
        for _ in range(2):
            app.train_screen.action_switch_view()
        await pilot.pause()
        assert tabs.active == "run"
        await pilot.pause()
        assert tabs.active == "run"

    drive(FakeWorker(), tmp_path, steps)


def test_the_keys_follow_what_the_run_does(tmp_path: Path) -> None:
    worker = FakeWorker(2)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await until(pilot, lambda: app.screen.active_bindings["p"].enabled)
        tell(worker.runs[0], *story(small_config())[2:])
        worker.locks[0].release()
        await until(pilot, lambda: not app.screen.active_bindings["p"].enabled)

    drive(worker, tmp_path, steps)


def test_the_rate_of_a_run_of_a_newer_version(tmp_path: Path) -> None:
    worker = FakeWorker(0)
    started = run_started(small_config())
    started.config["wings"] = 2

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: worker.runs)
        tell(worker.runs[0], started)
        await until(pilot, lambda: app.train_screen.view.history.started)
        await pilot.press("l")
        await asked(pilot, "From the next step on")

    drive(worker, tmp_path, steps)


def test_a_key_that_is_pressed_twice_asks_once(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for key in ("f", "t", "s", "l"):
            if key == "t":
                await pilot.press("t")
                await until(pilot, lambda: app.train_screen.view.is_training)
                continue
            await pilot.press(key, key)
            await until(pilot, lambda: isinstance(app.screen, Dialog))
            await pilot.pause()
            assert app.screen_stack[-2] is app.train_screen
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.train_screen)

    drive(FakeWorker(events_told=2), tmp_path, steps)


def test_a_pause_is_taken_back_before_it_is_seen(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("p", "p", "p")
        written = worker.runs[0].commands_file.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["command"] for line in written] == ["pause", "resume", "pause"]

    drive(worker := FakeWorker(events_told=2), tmp_path, steps, redraws_per_second=0.1)

"""The app's first screen and its dialogs, with a worker that only pretends to train."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Collapsible, Input, Select, TabbedContent

from bilstm_core import events
from bilstm_core.errors import RelayedError
from bilstm_core.network.summary import summarise
from bilstm_core.runs.orders import Orders
from bilstm_core.runs.run import Run
from bilstm_core.stopping import Stop
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.text.command_line import command_for
from tests.samples import small_config
from tests.tui.driving import (
    PATIENCE_SECONDS,
    STEPS,
    FakeWorker,
    asked,
    drive,
    open_runs,
    said,
    tell,
    text,
    until,
)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 50)])
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
    assert worker.orders[0]["config"] == small_config().model_dump()


def test_no_second_worker_loads_beside_one_that_begins_a_run(tmp_path: Path) -> None:
    class Slow(FakeWorker):
        made = 0

        def __call__(self) -> FakeWorker:
            self.made += 1
            return self

        def order(self, order: dict[str, Any]) -> Run:
            self.may_answer.wait(PATIENCE_SECONDS)
            return super().order(order)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: worker.made == 1)
        await pilot.press("t")
        await until(pilot, lambda: app._is_starting)
        app._warm_up()  # comes after the key, where that is pressed at the first paint
        assert worker.made == 1
        worker.may_answer.set()
        await until(pilot, lambda: "finished" in text(app))
        await until(pilot, lambda: worker.made == 2)

    worker = Slow()
    drive(worker, tmp_path, steps)


def test_the_sketch_and_the_command_follow_the_form(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#hidden_size", Input).value = "32"
        config = small_config(hidden_size=32)
        await until(pilot, lambda: f"{summarise(config).parameters:,}" in text(app))
        assert "--hidden-size 32" in text(app)

    drive(FakeWorker(), tmp_path, steps)


def test_a_worker_expects_what_the_form_says(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: worker.expected == [small_config()])
        app.screen.query_one("#hidden_size", Input).value = "32"
        await until(pilot, lambda: len(worker.expected) > 1)
        await pilot.press("t")  # whatever follows is expected of the next worker
        await until(pilot, lambda: len(worker.expected) > 2)

    worker = FakeWorker()
    drive(worker, tmp_path, steps)
    assert worker.expected[1:] == [small_config(hidden_size=32)] * 2


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


def test_a_preset_fills_the_form(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#preset", Select).value = "notebook"
        await until(pilot, lambda: "LSTM 2×256" in text(app))
        app.screen.query_one("#group-optimisation", Collapsible).collapsed = False
        await until(pilot, lambda: app.screen.query("#learning_rate"))
        assert app.screen.query_one("#learning_rate", Input).value == "0.001"
        await until(pilot, lambda: "--preset notebook --dataset digits" in text(app))

    drive(FakeWorker(), tmp_path, steps, (160, 50))


def test_quitting_leaves_a_live_run_alone_unless_told_otherwise(tmp_path: Path) -> None:
    async def leave(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("q")
        await asked(pilot, "A run is live")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        orders = Orders(worker.runs[0].commands_file)
        await pilot.press("q")
        await asked(pilot, "A run is live")
        await pilot.press("enter")
        await pilot.pause()
        assert orders.requested_stop() is Stop.NO

    worker = FakeWorker(events_told=2)
    assert drive(worker, tmp_path, leave).return_value == 0


def test_quitting_can_stop_the_run(tmp_path: Path) -> None:
    async def stop(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("ctrl+c")
        await asked(pilot, "A run is live")
        await pilot.press("right", "enter")
        await pilot.pause()

    worker = FakeWorker(events_told=2)
    assert drive(worker, tmp_path, stop).return_value == 0
    assert '"stop"' in worker.runs[0].commands_file.read_text(encoding="utf-8")


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


def test_a_refusal_is_a_dialog(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await asked(pilot, "no such GPU")
        assert "no such GPU" in text(app)
        assert "ask for another" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.train_screen)

    failure = RelayedError("There is no such GPU.", "So ask for another.", title="No", exit_code=2)
    drive(FakeWorker(failure=failure), tmp_path, steps)


def test_a_run_that_dies_is_a_dialog_with_its_last_lines(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        worker.runs[0].worker_log_file.write_text("first\nsegmentation fault\n", encoding="utf-8")
        worker.locks.pop().release()
        await asked(pilot, "The run was lost")
        assert "segmentation fault" in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "lost" in text(app))
        assert len(worker.orders) == 1

    worker = FakeWorker(events_told=2)
    drive(worker, tmp_path, steps)


def test_a_run_that_died_goes_on_with_one_key(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        worker.locks.pop().release()
        await asked(pilot, "The run was lost")
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.view.is_training)
        assert worker.orders[-1]["command"] == "resume"
        assert worker.runs[0].path == worker.runs[1].path

    worker = FakeWorker(events_told=2)
    drive(worker, tmp_path, steps)


def test_a_live_run_is_offered(tmp_path: Path) -> None:
    other = FakeWorker(events_told=2)
    run = other.order({"config": small_config().model_dump(), "runs_dir": str(tmp_path)})

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, "Being trained now")
        await pilot.press("enter")
        await until(pilot, lambda: "running" in text(app) and run.name in text(app))

    drive(FakeWorker(), tmp_path, steps)
    other.locks[0].release()


def test_the_keys_of_a_screen_are_shown_on_request(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: "Change the learning rate of the run" in text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: app.screen is app.train_screen)
        await open_runs(app, pilot, 0)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Give it another name" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))

    drive(FakeWorker(), tmp_path, steps)


def test_a_grey_key_says_why(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for key, why in {"i": "No run is shown", "p": "Nothing is being trained"}.items():
            await pilot.press(key)
            await until(pilot, lambda why=why: why in said(app))
        await pilot.press("t")
        await until(pilot, lambda: "running" in text(app))
        await pilot.press("t")
        await until(pilot, lambda: "stop it first" in said(app))

    drive(worker := FakeWorker(events_told=2), tmp_path, steps)
    assert len(worker.orders) == 1


def test_the_command_says_only_what_differs() -> None:
    config = small_config(bidirectional=False, learning_rate=1e-5)
    assert command_for(config, "default") == (
        "bilstm-tui --no-ui --dataset digits --no-bidirectional --hidden-size 16 "
        "--learning-rate 1e-05 --num-epochs 2 --device cpu --precision float32"
    )


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
                dataset="mnist", file="train-images.gz", received=2_500_000, total=10_000_000
            ),
        )
        await until(pilot, lambda: "Fetching MNIST: train-images.gz, 2.5 MB" in text(app))
        assert "25%" in text(app)

    drive(worker := FakeWorker(events_told=0), tmp_path, steps)


def test_without_data_the_ways_out_are_said_and_digits_offered(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#dataset", Select).value = "mnist"
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
        assert worker.orders[1]["config"]["dataset"] == "digits"

    drive(worker := FakeWorker(events_told=0), tmp_path, steps)


def test_every_key_is_in_the_palette(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Train" in text(app))
        await pilot.press(*"Redraw")
        await until(pilot, lambda: "How often curves and figures" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Times a second" in said(app))
        await pilot.press("escape", "ctrl+p", *"Runs")
        await until(pilot, lambda: "key: r" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "No runs here yet" in text(app))
        await pilot.press("ctrl+p", *"quit")
        await until(pilot, lambda: "key: q" in text(app))
        assert "as soon as possible" not in text(app)  # that would not ask

    drive(FakeWorker(), tmp_path, steps)


def test_presets_are_explained(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#preset", Select).value = "best"
        app.screen.query_one("#preset", Select).focus()
        await until(pilot, lambda: "the most accurate" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_escape_leaves_a_field(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#hidden_size", Input).focus()
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is None)

    drive(FakeWorker(), tmp_path, steps)


def test_an_app_in_ascii_draws_nothing_else(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: "got 351 / 360" in text(app))
        drawn = [
            segment.text
            for strip in app.screen._compositor.render_strips()
            for segment in strip.apply_filter(app.get_line_filters()[-1], app.styles.background)
        ]
        assert "".join(drawn).isascii()
        assert any(mark in "".join(drawn) for mark in ("'", ":"))

    drive(FakeWorker(), tmp_path, steps, is_ascii=True)


def test_the_view_is_switched_wherever_the_focus_is(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        tabs = app.screen.query_one(TabbedContent)
        await pilot.press("t")
        await until(pilot, lambda: "finished" in text(app))
        inside = [widget for widget in app.screen.query("#run *") if widget.focusable]
        assert inside
        for widget in inside:
            await until(pilot, lambda: tabs.active == "run")
            widget.focus()
            await until(pilot, lambda widget=widget: app.focused is widget)
            await pilot.press("v")
            await until(pilot, lambda: tabs.active == "network")
            await pilot.pause()
            assert tabs.active == "network"
            await pilot.press("v")

    drive(FakeWorker(), tmp_path, steps)

"""The app's screens and dialogs, with a worker that only pretends to train."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, DataTable, HelpPanel, Input, Select

from bilstm_core import events
from bilstm_core.architecture import summarise
from bilstm_core.config import RunConfig
from bilstm_core.control import Orders
from bilstm_core.errors import BilstmError, RelayedError
from bilstm_core.log import EventLog
from bilstm_core.runs import Run, RunLock, create_run
from bilstm_tui.app import BilstmApp
from bilstm_tui.screens.dialogs import Question
from bilstm_tui.screens.runs import RunsScreen
from bilstm_tui.screens.train import TrainScreen
from bilstm_tui.widgets.form import command_for
from tests.conftest import run_started, small_config

STEPS = 40


def story(config: RunConfig) -> list[events.Event]:
    """A whole run, as a worker tells it."""
    losses: list[float | None] = [math.exp(-step / 10) for step in range(STEPS)]
    at: dict[str, Any] = {"epoch": 1, "step": STEPS}
    scores: dict[str, Any] = {"loss": 0.1, "total": 360, "correct": 351, "accuracy": 0.975}
    return [
        run_started(config),
        events.Progress(**at, losses=losses, learning_rate=0.01, samples_per_second=5000),
        events.EpochEnded(**at, **scores, seconds=1),
        events.Evaluation(**at, **scores, split="test", final=False),
        events.Evaluation(**at, **scores, split="train", final=True),
        events.Evaluation(**at, **scores, split="test", final=True),
        events.Finished(**at, kept_epoch=1, seconds=2, training_seconds=1),
    ]


class FakeWorker:
    """Makes a run whose log is written already."""

    def __init__(self, events_told: int = 99, *, failure: BilstmError | None = None) -> None:
        self.events_told = events_told
        self.failure = failure
        self.orders: list[dict[str, Any]] = []
        self.runs: list[Run] = []
        self.locks: list[RunLock] = []

    def __call__(self) -> "FakeWorker":
        return self

    def order(self, order: dict[str, Any]) -> Run:
        self.orders.append(order)
        if self.failure:
            raise self.failure
        config = RunConfig.model_validate(order["config"])
        run, lock = create_run(Path(order["runs_dir"]), config)
        log = EventLog(run.log_file)
        for event in story(config)[: self.events_told]:
            log.append(event)
        log.close()
        if self.events_told < 99:
            self.locks.append(lock)
        else:
            lock.release()
        self.runs.append(run)
        return run

    def dismiss(self) -> None:
        """Nothing waits."""


Steps = Callable[[BilstmApp, Pilot[int]], Awaitable[None]]


def drive(
    worker: FakeWorker, runs_dir: Path, steps: Steps, size: tuple[int, int] = (120, 36)
) -> BilstmApp:
    """Open the app and do something in it."""
    app = BilstmApp(small_config(), "default", runs_dir, make_worker=worker)

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: isinstance(app.screen, TrainScreen | Question))
            await steps(app, pilot)

    try:
        asyncio.run(main())
    finally:
        for lock in worker.locks:
            lock.release()
    return app


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await pilot.pause(0.01)
    pytest.fail(f"waited in vain; the screen:\n{text(pilot.app)}")


def text(app: Any) -> str:
    """What the screen shows."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


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
        assert "training loss, smoothed 0.9" in shown
        assert "accuracy %" in shown

    worker = FakeWorker()
    drive(worker, tmp_path, steps, size)
    assert worker.orders[0]["config"] == small_config().model_dump()


def test_the_sketch_and_the_command_follow_the_form(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#hidden_size", Input).value = "32"
        config = small_config(hidden_size=32)
        await until(pilot, lambda: f"{summarise(config).parameters:,}" in text(app))
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


def test_a_preset_fills_the_form(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#preset", Select).value = "notebook"
        await until(pilot, lambda: "LSTM 2×256" in text(app))
        assert app.screen.query_one("#learning_rate", Input).value == "0.001"
        assert "--preset notebook --dataset digits" in text(app).replace("\n", " ")

    drive(FakeWorker(), tmp_path, steps, (160, 50))


def test_quitting_leaves_a_live_run_alone_unless_told_otherwise(tmp_path: Path) -> None:
    async def leave(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("q")
        await until(pilot, lambda: "A run is live" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        orders = Orders(worker.runs[0].commands_file)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.focused, Button))
        await pilot.press("enter")
        await pilot.pause()
        assert not orders.stop_asked()

    worker = FakeWorker(events_told=2)
    assert drive(worker, tmp_path, leave).return_value == 0


def test_quitting_can_stop_the_run(tmp_path: Path) -> None:
    async def stop(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: isinstance(app.focused, Button))
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
        log = EventLog(run.log_file)
        log.append(events.Paused(epoch=1, step=STEPS))
        log.close()
        await until(pilot, lambda: "paused" in text(app))
        await pilot.press("p")
        await until(pilot, lambda: "go_on" in run.commands_file.read_text(encoding="utf-8"))

    drive(worker := FakeWorker(events_told=2), tmp_path, steps)


def test_a_refusal_is_a_dialog(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: "no such GPU" in text(app))
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
        await until(pilot, lambda: "The run was lost" in text(app))
        assert "segmentation fault" in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "lost" in text(app))

    worker = FakeWorker(events_told=2)
    drive(worker, tmp_path, steps)


def test_a_live_run_is_offered(tmp_path: Path) -> None:
    other = FakeWorker(events_told=2)
    run = other.order({"config": small_config().model_dump(), "runs_dir": str(tmp_path)})

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Being trained now" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "running" in text(app) and run.name in text(app))

    drive(FakeWorker(), tmp_path, steps)
    other.locks[0].release()


def test_runs_are_filtered_compared_copied_opened_and_deleted(tmp_path: Path) -> None:
    past = FakeWorker()
    for hidden_size in (16, 48):
        config = small_config(hidden_size=hidden_size)
        past.order({"config": config.model_dump(), "runs_dir": str(tmp_path)})

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        table = app.screen.query_one(DataTable)
        await until(pilot, lambda: table.row_count == 2)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: "hidden_size" in text(app))
        assert "learning_rate" not in text(app)
        await pilot.press("slash", "q", "x")
        await until(pilot, lambda: table.row_count == 0)
        app.screen.query_one("#filter", Input).value = "×48"  # "48" may stand in a time, too
        await until(pilot, lambda: table.row_count == 1)
        await pilot.press("escape", "c")
        await until(pilot, lambda: app.screen is app.train_screen)
        await until(pilot, lambda: app.train_screen.config == small_config(hidden_size=48))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        table = app.screen.query_one(DataTable)
        await until(pilot, lambda: table.row_count == 2)
        await pilot.press("d")
        await until(pilot, lambda: "Delete this run?" in text(app))
        app.screen.query_one("#delete", Button).press()
        await until(pilot, lambda: table.row_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: "got 351 / 360" in text(app))

    drive(FakeWorker(), tmp_path, steps)
    assert [run.path.is_dir() for run in past.runs].count(True) == 1


def test_the_keys_of_a_screen_are_shown_on_request(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: app.screen.query(HelpPanel))
        await pilot.press("question_mark")
        await until(pilot, lambda: not app.screen.query(HelpPanel))

    drive(FakeWorker(), tmp_path, steps)


def test_a_chart_changes_with_its_keys(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: "finished" in text(app))
        app.screen.query_one("#loss").focus()
        await pilot.press("l", "m")
        await until(pilot, lambda: "training loss, log10, smoothed 0.98" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_the_command_says_only_what_differs() -> None:
    config = small_config(bidirectional=False, learning_rate=1e-5)
    assert command_for(config, "default") == (
        "bilstm-tui --no-ui --dataset digits --no-bidirectional --hidden-size 16 "
        "--learning-rate 1e-05 --num-epochs 2 --device cpu --precision float32"
    )

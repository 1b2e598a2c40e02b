"""Drives the app in tests, with a worker that only pretends to train."""

import asyncio
import math
import os
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text
from textual.app import App
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Button, Collapsible, DataTable, Input, Static

from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError
from bilstm_core.processes.protocol import FindLearningRate, ResumeRun, StartRun
from bilstm_core.processes.worker_client import WorkerClient
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from bilstm_core.training.learning_rate_curve import LearningRateCurve
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.dialogs import Question
from bilstm_tui.app.screens.home import HomeScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.screens.train import TrainScreen
from tests.samples import run_started, small_config

STEPS = 40
PATIENCE_SECONDS = 60


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
        events.EvaluationStarted(**at, split="train", total=360),
        events.Evaluation(**at, **scores, split="train", final=True),
        events.EvaluationStarted(**at, split="test", total=360),
        events.Evaluation(**at, **scores, split="test", final=True),
        events.Finished(**at, kept_epoch=1, seconds=2, training_seconds=1),
    ]


class FakeWorker(WorkerClient):
    """Makes a run whose log is written already."""

    def __init__(self, events_told: int = 99, *, failure: BilstmError | None = None) -> None:
        self.events_told = events_told
        self.failure = failure
        self.orders: list[Any] = []
        self.prepared: list[RunConfig] = []
        self.runs: list[Run] = []
        self.locks: list[RunLock] = []
        self.curve = LearningRateCurve(
            rates=[1e-3, 1e-2, 1e-1], losses=[2.0, 1.0, 3.0], suggestion=0.0123
        )
        self.may_answer = threading.Event()
        self.has_given_up = False

    def __call__(self) -> "FakeWorker":
        return self

    def prepare(self, config: RunConfig) -> None:
        self.prepared.append(config)

    def open_run(self, order: StartRun | ResumeRun) -> Run:
        self.orders.append(order)
        if self.failure:
            raise self.failure
        if isinstance(order, ResumeRun):
            run = Run(order.run)
            config, lock = run.config, RunLock(run)
        else:
            config = order.config
            run, lock = create_run(order.runs_dir, config)
        log = EventLog(run.open_folder())
        for event in story(config)[: self.events_told]:
            log.append(event)
        log.close()
        if self.events_told < 99:
            self.locks.append(lock)
        else:
            lock.release()
        self.runs.append(run)
        return run

    def find_learning_rate(self, order: FindLearningRate) -> LearningRateCurve:
        self.orders.append(order)
        if self.failure:
            raise self.failure
        self.may_answer.wait(PATIENCE_SECONDS)
        return self.curve

    def cancel(self) -> None:
        self.may_answer.set()
        self.has_given_up = True

    def close(self) -> None:
        """There is no process to end."""


Steps = Callable[[BilstmApp, Pilot[int]], Awaitable[None]]


def drive(
    worker: FakeWorker,
    runs_dir: Path,
    steps: Steps,
    size: tuple[int, int] = (120, 36),
    *,
    has_toasts: bool = False,
    config: RunConfig | None = None,
    **options: Any,
) -> BilstmApp:
    """Open the app and do something in it; `said` knows messages also where none is drawn."""
    app = BilstmApp(config or small_config(), "default", runs_dir, make_worker=worker, **options)
    app.animation_level = "none"

    async def main() -> None:
        async with app.run_test(size=size, notifications=has_toasts) as pilot:
            first = TrainScreen | HomeScreen | Question | SweepScreen
            await until(pilot, lambda: isinstance(app.screen, first))
            await steps(app, pilot)

    try:
        asyncio.run(main())
    finally:
        for lock in worker.locks:
            lock.release()
    return app


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait for a condition, and then for what every widget has yet to do and to draw."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    between_looks = 0.005
    while not condition():
        if failure := pilot.app._exception:
            raise failure
        if time.monotonic() > deadline:
            pytest.fail(f"timed out; the screen:\n{text(pilot.app)}")
        await asyncio.sleep(between_looks)  # a pause of the pilot's would wake all widgets
        between_looks = min(2 * between_looks, 0.04)  # to look at the screen is to draw it
    await pilot.pause()


def text(app: Any) -> str:
    """What the screen shows."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def said(app: App[Any]) -> str:
    """What the dialog on top says, and what passes by in a corner, unwrapped."""
    texts = [str(widget.content) for widget in app.screen.query(Static)]
    return " ".join([*texts, *(note.message for note in app._notifications)])


def tell(run: Run, *reported: events.Event) -> None:
    """Have a run say something more."""
    log = EventLog(run.open_folder())
    for event in reported:
        log.append(event)
    log.close()


def past_runs(runs_dir: Path, *hidden_sizes: int) -> list[Run]:
    """Finished runs of different networks."""
    worker = FakeWorker()
    for hidden_size in hidden_sizes:
        config = small_config(hidden_size=hidden_size)
        worker.open_run(StartRun(config=config, runs_dir=runs_dir))
    for number, run in enumerate(worker.runs):  # one after another, however coarse the clock
        started_at = run.config_file.stat().st_mtime - len(worker.runs) + number
        os.utime(run.config_file, (started_at, started_at))
    return worker.runs


async def open_runs(app: BilstmApp, pilot: Pilot[int], count: int) -> "DataTable[Text]":
    """Go to the runs, and wait until so many are listed."""
    await pilot.press("r")
    await until(pilot, lambda: isinstance(app.screen, RunsScreen))
    table = app.screen.query_one(DataTable)
    await until(pilot, lambda: table.row_count == count)
    return table


async def asked(pilot: Pilot[Any], words: str) -> None:
    """Wait for a dialog that says something, is drawn and takes keys."""

    def takes_keys() -> bool:
        screen = pilot.app.screen
        taker = screen.focused
        is_there = isinstance(taker, Button | Input) and taker.region.area > 0
        return isinstance(screen, ModalScreen) and is_there

    await until(pilot, lambda: takes_keys() and words in said(pilot.app))


async def watch_live_run(app: BilstmApp, pilot: Pilot[Any]) -> None:
    """Accept the offer to watch the run that is being trained."""
    await asked(pilot, "Being trained now")
    await pilot.press("enter")
    await until(pilot, lambda: app.screen is app.train_screen and app.train_screen.view.shown_run)


async def unfold(app: BilstmApp, pilot: Pilot[int], group: str, field: str) -> None:
    app.screen.query_one(f"#group-{group}", Collapsible).collapsed = False
    await until(pilot, lambda: app.screen.query(f"#{field}"))

"""The view of a run: what it shows, and how little it keeps, reads and draws of a long one."""

import gc
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot
from textual.widgets import TabbedContent

from bilstm_core import events
from bilstm_core.runs import history
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets import run_view
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.run_state import RunState
from bilstm_tui.app.widgets.run_view import RunView
from tests.recording import Recording
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    asked,
    drive,
    open_runs,
    past_runs,
    tell,
    text,
    until,
)

MANY_STEPS, CAPACITY = 100_000, 1 << 12
LITTLE_BYTES = 3 << 18
"""For two pictures are never alike, and fifty lines are reported; half the numbers take 1.5 MiB."""


def test_many_steps_take_no_memory_and_no_more_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_MAX_BINS", CAPACITY)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = app.train_screen.view

        def drawn() -> int:
            curves = [curve for chart in view.query(Chart) for curve in chart._curves]
            return sum(len(x) for curve in curves for x, _ in (curve.line, curve.noise))

        async def memory_at(step: int) -> int:
            recording.advance(step)
            await until(pilot, lambda: view.history.step == step)
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        with Recording(tmp_path, MANY_STEPS) as recording:
            await app.train_screen.watch_run(recording.run)
            tracemalloc.start()
            await memory_at(MANY_STEPS // 10)  # from the second picture on, all take as much
            before = await memory_at(MANY_STEPS // 2)
            assert await memory_at(MANY_STEPS) - before < LITTLE_BYTES
            tracemalloc.stop()
            recording.finish()
            await until(pilot, lambda: view.history.ending)
        for _ in ("as it came", "opened again"):
            assert len(view.history.losses) == MANY_STEPS
            widths = sum(chart._width for chart in view.query(Chart))
            assert 100 < drawn() <= 16 * (widths + 2)
            await app.train_screen.watch_run(recording.run)

    try:
        drive(FakeWorker(), tmp_path, steps, redraws_per_second=10.0)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("per_second", "draws"), [(1.0, 20), (0.2, 4)])
def test_a_run_is_drawn_as_often_as_was_chosen(
    per_second: float, draws: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty seconds on a clock of our own, with news and a look every tenth of a second."""
    now = 1000.0
    drawn = []
    show = RunView._show

    def count(view: RunView) -> None:
        drawn.append(now)
        show(view)

    monkeypatch.setattr(run_view, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(RunView, "_show", count)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        nonlocal now
        view = app.train_screen.view
        with Recording(tmp_path, 10_000) as recording:
            recording.advance(10)
            await app.train_screen.watch_run(recording.run)
            drawn.clear()
            for tick in range(1, 201):
                now = 1000 + tick / 10
                recording.advance(10 + 10 * tick)
                await view._poll_run()

    drive(FakeWorker(), tmp_path, steps, redraws_per_second=per_second)
    assert draws - 1 <= len(drawn) <= draws + 1


def test_keys_are_taken_while_a_long_run_is_read_and_the_later_one_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, earlier = past_runs(tmp_path, 16, 32)
    may_go_on = threading.Event()
    read = []

    def slow(run: Run, state: RunState) -> Follower[RunState]:
        if run == earlier:
            may_go_on.wait(PATIENCE_SECONDS)
        follower = Follower(run, state)
        read.append(run)
        return follower

    monkeypatch.setattr(run_view, "Follower", slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = app.train_screen.view
        tabs = app.train_screen.query_one(TabbedContent)
        await open_runs(app, pilot, 2)
        await pilot.press("enter")
        await until(pilot, lambda: tabs.active == "run")
        for tab in ("explain", "network"):
            await pilot.press("v")
            await until(pilot, lambda tab=tab: tabs.active == tab)
        await open_runs(app, pilot, 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: view.shown_run == later)
        may_go_on.set()
        await until(pilot, lambda: read == [later, earlier])
        await pilot.pause()
        assert view.shown_run == later
        assert later.name in text(app)

    drive(FakeWorker(), tmp_path, steps)


def test_a_new_run_is_seen_whole_whatever_was_looked_at_before(tmp_path: Path) -> None:
    first, second = past_runs(tmp_path, 16, 17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(first)
        app.train_screen.view.query_one("#loss", Chart).focus()
        await pilot.press("+", "+", "right", "full_stop")
        await until(pilot, lambda: "step 2" in text(app))
        await app.train_screen.watch_run(second)
        loss = app.train_screen.view.query_one("#loss", Chart)
        await until(pilot, lambda: loss._across.ends == (1, 40))

    drive(FakeWorker(), tmp_path, steps)


def taken_up(tmp_path: Path) -> tuple[Run, RunLock]:
    """A run that was stopped once, and is loading for the second time."""
    (run,) = past_runs(tmp_path, 16)
    tell(run, events.Stopped(time=time.time() - 1, epoch=1, step=40))
    return run, RunLock(run)


def test_a_run_that_is_taken_up_is_live_before_its_first_word(tmp_path: Path) -> None:
    run, lock = taken_up(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, run.name)
        await pilot.press("enter")
        view = app.train_screen.view
        await until(pilot, lambda: view.shown_run and view.is_training)
        await pilot.press("t")
        await pilot.pause()
        assert len(worker.orders) == 0
        lock.release()  # it is killed
        await asked(pilot, "exited without reporting a result")

    worker = FakeWorker()
    drive(worker, tmp_path, steps)


def test_the_curve_of_a_paused_run_is_whole(tmp_path: Path) -> None:
    worker = FakeWorker(2)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        view = app.train_screen.view
        await until(pilot, lambda: view.history.step == 40)
        reported = events.Progress(
            epoch=2, step=43, losses=[1, 1, 1], learning_rate=0.1, samples_per_second=1
        )
        tell(worker.runs[0], reported, events.Paused(epoch=2, step=43))
        chart = view.query_one("#loss", Chart)
        await until(pilot, lambda: chart._series and chart._series[0].steps[-1] == 43)
        assert view.history.is_paused

    drive(worker, tmp_path, steps)


def test_a_download_belongs_to_its_run(tmp_path: Path) -> None:
    worker = FakeWorker(0)
    reported = events.Download(dataset="mnist", title="MNIST", file="a.gz", received=10, total=100)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: worker.runs)
        tell(worker.runs[0], reported)
        await until(pilot, lambda: "Downloading MNIST" in text(app))
        worker.locks.pop().release()
        await asked(pilot, "exited without reporting a result")
        await pilot.press("escape")
        await until(pilot, lambda: "run ───" in text(app))

    drive(worker, tmp_path, steps)

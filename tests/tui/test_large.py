"""Long runs and many: what is kept, read and drawn of them is bounded."""

import threading
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, TabbedContent

from bilstm_core.runs import event_log as log
from bilstm_core.runs import history, overview
from bilstm_core.runs.overview import Overview, read_overview
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import runs as runs_screen
from bilstm_tui.app.widgets import device_usage as vitals
from bilstm_tui.app.widgets import run_view
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.device_usage import DeviceUsage
from bilstm_tui.app.widgets.run_state import read_account
from bilstm_tui.app.widgets.run_view import RunView
from tests.recording import Recording, copies
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    drive,
    open_runs,
    past_runs,
    text,
    until,
)

MANY_RUNS = 500
MANY_STEPS, CAPACITY = 100_000, 1 << 12
LITTLE_BYTES = 1 << 19
"""For two pictures are never alike, and fifty lines are told; half the numbers take 1.5 MiB."""


def test_many_steps_take_no_memory_and_no_more_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_CAPACITY", CAPACITY)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = app.train_screen.view

        def drawn() -> int:
            return sum(len(data.x) for chart in view.query(Chart) for data in chart._datasets)

        async def memory_at(step: int) -> int:
            recording.go_on(step)
            await until(pilot, lambda: view.history.step == step)
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

    def count(view: RunView, status: Any) -> None:
        drawn.append(now)
        show(view, status)

    monkeypatch.setattr(run_view, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(RunView, "_show", count)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        nonlocal now
        view = app.train_screen.view
        with Recording(tmp_path, 10_000) as recording:
            recording.go_on(10)
            await app.train_screen.watch_run(recording.run)
            drawn.clear()
            for tick in range(1, 201):
                now = 1000 + tick / 10
                recording.go_on(10 + 10 * tick)
                await view._look()

    drive(FakeWorker(), tmp_path, steps, redraws_per_second=per_second)
    assert draws - 1 <= len(drawn) <= draws + 1


def test_what_another_screen_hides_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past_runs(tmp_path, 16)
    for module in (runs_screen, vitals):  # nothing else is new
        monkeypatch.setattr(module, "_SECONDS", 1e6)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        sent, seen = [], []

        def is_quiet() -> bool:
            seen.append(len(sent))
            return len(seen) > 2 and seen[-1] == seen[-3]

        await open_runs(app, pilot, 1)
        display = app._display
        monkeypatch.setattr(app, "_display", lambda *it: (sent.append(it), display(*it)))
        await until(pilot, is_quiet)  # what the list itself had to show is shown
        sent.clear()
        app.train_screen.query_one("#network").query_one(DeviceUsage).update("hidden words")
        for _ in range(5):
            await pilot.pause()
        assert sent == []
        await pilot.press("escape")
        await until(pilot, lambda: "hidden words" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_keys_are_taken_while_a_long_run_is_read_and_the_later_one_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, earlier = past_runs(tmp_path, 16, 32)
    may_go_on = threading.Event()
    read = []

    def slow(run: Run) -> Any:
        if run == earlier:
            may_go_on.wait(PATIENCE_SECONDS)
        result = read_account(run)
        read.append(run)
        return result

    monkeypatch.setattr(run_view, "read_account", slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = app.train_screen.view
        tabs = app.train_screen.query_one(TabbedContent)
        await open_runs(app, pilot, 2)
        await pilot.press("enter")
        await until(pilot, lambda: tabs.active == "run")
        await pilot.press("v")
        await until(pilot, lambda: tabs.active == "network")
        await open_runs(app, pilot, 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: view.shown_run == later)
        may_go_on.set()
        await until(pilot, lambda: read == [later, earlier])
        await pilot.pause()
        assert view.shown_run == later
        assert later.name in text(app)

    drive(FakeWorker(), tmp_path, steps)


def test_many_runs_are_read_beside_the_keys_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies(past_runs(tmp_path, 48)[0], MANY_RUNS)
    may_go_on = threading.Event()
    looked: list[Run] = []

    def slow(run: Run) -> Overview:
        may_go_on.wait(PATIENCE_SECONDS)
        looked.append(run)
        return read_overview(run)

    monkeypatch.setattr(overview, "read_overview", slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, runs_screen.RunsScreen))
        words, table = app.screen.query_one("#filter", Input), app.screen.query_one(DataTable)
        await pilot.press("slash", *"copy")
        await until(pilot, lambda: words.value == "copy")
        assert not looked
        may_go_on.set()
        await until(pilot, lambda: table.row_count == MANY_RUNS - 1)
        await pilot.press(*"_49")
        await until(pilot, lambda: table.row_count == 10)
        words.value = ""
        await until(pilot, lambda: table.row_count == MANY_RUNS)
        assert isinstance(app.screen, runs_screen.RunsScreen)
        await app.screen._look()
        assert len(looked) == MANY_RUNS

    drive(FakeWorker(), tmp_path, steps)


def test_of_a_long_log_a_glance_reads_the_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recording(tmp_path, 100_000) as recording:
        recording.finish()
    read = 0
    bytes_at = log._bytes_at

    def counted(path: Path, start: int, length: int) -> bytes:
        nonlocal read
        piece = bytes_at(path, start, length)
        read += len(piece)
        return piece

    monkeypatch.setattr(log, "_bytes_at", counted)
    seen = read_overview(recording.run)
    assert (seen.status, seen.epochs) == ("finished", 100)
    assert 0 < read < 100_000 < recording.run.log_file.stat().st_size

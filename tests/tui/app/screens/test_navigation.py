"""Which screen comes after which, where several lie above each other."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, TabbedContent

from bilstm_core.processes.protocol import ResumeRun
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.base import InspectRequested
from bilstm_tui.app.screens.home import HomeScreen
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.run_rows import RunsTable
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.screens.train import TrainScreen
from bilstm_tui.app.widgets import run_view
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.app.widgets.run_details import RunDetails
from bilstm_tui.app.widgets.sweep.table import TrialsTable
from tests.samples import small_config
from tests.sweeping import MadeUpSweep
from tests.tui.app.screens.test_explain import trained
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    asked,
    drive,
    open_runs,
    past_runs,
    said,
    text,
    until,
)


async def inspect_and_list(app: BilstmApp, pilot: Pilot[int], runs_dir: Path) -> None:
    """Inspect a run, and open the list of runs above; the cursor is at another one."""
    inspected = trained(runs_dir / "elsewhere")
    app.screen.post_message(InspectRequested(inspected))
    await until(pilot, lambda: isinstance(app.screen, InspectScreen))
    await until(pilot, lambda: "(95 %" in text(app))
    await open_runs(app, pilot, 1)


@pytest.mark.parametrize("at_home", [False, True])
def test_a_run_that_is_opened_above_other_screens_closes_them(
    at_home: bool, tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await inspect_and_list(app, pilot, tmp_path)
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.shown_run == run)
        await until(pilot, lambda: app.screen is app.train_screen)
        below = [HomeScreen] if at_home else []
        assert [type(it) for it in app.screen_stack] == [*below, TrainScreen]

    drive(FakeWorker(), tmp_path, steps, at_home=at_home)


def test_a_run_that_is_read_slowly_does_not_replace_one_that_was_opened_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = past_runs(tmp_path, 16, 48)
    is_reading, may_go_on = threading.Event(), threading.Event()

    def follow(run: Run, *rest: Any) -> Any:
        if run == slow:
            is_reading.set()
            assert may_go_on.wait(PATIENCE_SECONDS)
        return Follower(run, *rest)

    monkeypatch.setattr(run_view, "Follower", follow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        train = app.train_screen
        reading = asyncio.create_task(train.watch_run(slow))
        await until(pilot, is_reading.is_set)
        await train.watch_run(quick)
        may_go_on.set()
        await reading
        assert train.shown_run == quick
        assert train.explanation._run == quick

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("key", ["c", "e"])
def test_settings_that_are_copied_and_a_run_that_is_resumed_are_seen(
    key: str, tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await inspect_and_list(app, pilot, tmp_path)
        await pilot.press(key)
        if key == "e":
            await asked(pilot, "Resume: total epochs")
            await pilot.press("7", "enter")
            await until(
                pilot, lambda: worker.orders == [ResumeRun(run=run.path, changes={"num_epochs": 7})]
            )
        await until(pilot, lambda: app.screen is app.train_screen)
        if key == "e":
            tabs = app.screen.query_one(TabbedContent)
            await until(pilot, lambda: tabs.active == "run")
        else:
            await until(pilot, lambda: app.train_screen.config == small_config(hidden_size=16))

    drive(worker := FakeWorker(), tmp_path, steps)


def test_lists_do_not_pile_up_above_the_network_of_a_run_in_them(tmp_path: Path) -> None:
    run = trained(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectScreen))
        await open_runs(app, pilot, 1)
        assert [type(it) for it in app.screen_stack] == [TrainScreen, RunsScreen]
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectScreen))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, SweepScreen))
        assert [type(it) for it in app.screen_stack] == [TrainScreen, SweepScreen]

    drive(FakeWorker(), tmp_path, steps)
    assert run.path.exists()


def test_home_from_the_palette_closes_what_is_above_the_form(tmp_path: Path) -> None:
    past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await inspect_and_list(app, pilot, tmp_path)
        await app.action_home()
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        assert [type(it) for it in app.screen_stack] == [TrainScreen, HomeScreen]

    drive(FakeWorker(), tmp_path, steps)


def test_a_run_that_is_renamed_leaves_the_list_open(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.shown_run == run)
        await open_runs(app, pilot, 1)
        await pilot.press("R")
        await asked(pilot, "ame")
        await pilot.press(*"tuesday", "enter")
        await until(pilot, lambda: "tuesday" in str(app.train_screen.shown_run))
        assert isinstance(app.screen, RunsScreen)

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_escape_leads_from_a_run_back_to_the_list_it_was_opened_from(
    size: tuple[int, int], tmp_path: Path
) -> None:
    runs = past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        assert app.train_screen.query_one(Form)
        await open_runs(app, pilot, 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.train_screen.shown_run == runs[0])
        await until(pilot, lambda: "esc Back" in text(app).splitlines()[-1])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await until(pilot, lambda: app.screen.query_one(RunsTable).cursor_row == 1)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        await until(pilot, lambda: "esc Back" not in text(app).splitlines()[-1])

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_escape_leads_from_a_run_back_to_home_where_it_was_opened(
    size: tuple[int, int], tmp_path: Path
) -> None:
    runs = past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        def has_cursor_at_the_run() -> bool:
            option = app.screen.query_one(OptionList).highlighted_option
            return option is not None and str(option.id).endswith(runs[0].name)

        await until(pilot, lambda: isinstance(app.screen, HomeScreen) and "7  bilstm" in text(app))
        await pilot.press("7")
        await until(pilot, lambda: app.train_screen.shown_run == runs[0])
        await until(pilot, lambda: "esc Back" in text(app).splitlines()[-1])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen) and has_cursor_at_the_run())
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.train_screen)
        await until(pilot, lambda: "esc Back" in text(app).splitlines()[-1])

    drive(FakeWorker(), tmp_path, steps, size, at_home=True)


def test_a_run_is_compared_with_the_one_before_it_or_with_the_marked_ones(tmp_path: Path) -> None:
    runs = past_runs(tmp_path, 16, 48, 64)

    async def compare(app: BilstmApp, pilot: Pilot[int], run: Run) -> list[str]:
        await app.train_screen.watch_run(run)
        app.clear_notifications()  # what was said of the run before
        await pilot.press("C")
        await until(
            pilot,
            lambda: isinstance(app.screen, RunsScreen) or "No earlier run" in said(app),
        )
        if not isinstance(app.screen, RunsScreen):
            return []
        await until(pilot, lambda: app.screen.query(RunDetails).first().marked)
        marked = app.screen.query_one(RunDetails).marked
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        return marked

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        first, second, third = (run.name for run in runs)
        assert await compare(app, pilot, runs[0]) == []
        assert await compare(app, pilot, runs[1]) == [first, second]
        assert await compare(app, pilot, runs[1]) == [first, second]
        assert await compare(app, pilot, runs[2]) == [first, second, third]

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_escape_leads_from_a_trial_back_to_the_leaderboard(
    size: tuple[int, int], tmp_path: Path
) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        runs = [sweep.finish(with_events=True).run for _ in range(2)]

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            def table() -> TrialsTable:
                return app.screen.query_one(TrialsTable)

            await until(pilot, lambda: isinstance(app.screen, SweepScreen) and table().row_count)
            await pilot.press("down")
            chosen = table().selected
            assert chosen is not None
            await pilot.press("enter")
            await until(pilot, lambda: app.train_screen.shown_run == runs[chosen])
            await until(pilot, lambda: "esc Back" in text(app).splitlines()[-1])
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, SweepScreen))
            await until(pilot, lambda: table().row_count and table().selected == chosen)

        drive(FakeWorker(), tmp_path, steps, size, sweep="first", at_home=True)

"""Screens that open, close, are hidden and change their size at any moment."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Resize
from textual.geometry import Size
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from bilstm_core.runs.notes import read_notes
from bilstm_core.runs.store import create_run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import runs as runs_screen
from bilstm_tui.app.screens.dialogs import Prompt, Question
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.learning_rate import LearningRateScreen
from bilstm_tui.app.screens.runs import Choice, RunsScreen
from bilstm_tui.app.screens.train import TrainScreen
from bilstm_tui.app.widgets import device_usage
from bilstm_tui.app.widgets.device_usage import DeviceUsage
from tests.samples import small_config
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    asked,
    drive,
    open_runs,
    past_runs,
    text,
    until,
)

WORKER = FakeWorker()
LOOKS = 10  # without a layout in between, until there are no more


def inspect(runs_dir: Path) -> Screen[Any]:
    run, lock = create_run(runs_dir, small_config())
    lock.release()
    return InspectScreen(run, runs_dir)


SCREENS: dict[str, Callable[[Path], Screen[Any]]] = {
    "question": lambda _: Question("Stop?", "It trains.", {"stop": "Stop it"}),
    "prompt": lambda _: Prompt("Rename", "To what?"),
    "rate": lambda _: LearningRateScreen(lambda: WORKER.curve, WORKER.cancel),
    "runs": RunsScreen,
    "inspect": inspect,
    "train": lambda runs_dir: TrainScreen(small_config(), "default", runs_dir, 1),
}


@pytest.mark.parametrize("kind", SCREENS)
def test_the_app_is_left_while_a_screen_opens(kind: str, tmp_path: Path) -> None:
    """Textual then composes nothing, and says so to nobody."""

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        opened = app.push_screen(SCREENS[kind](tmp_path))
        app.exit()
        await opened

    drive(FakeWorker(), tmp_path, steps)


def test_a_size_that_is_no_more_does_not_come_back(tmp_path: Path) -> None:
    """Textual has a screen below a dialog send itself each size again: two chased each other."""

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(Question("Stop?", "It trains.", {"stop": "Stop it"}))
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        for screen in app.screen_stack:
            screen.post_message(Resize(Size(60, 24), Size(60, 24)))
            await pilot.pause()
            assert screen.outer_size == Size(100, 30)

    drive(FakeWorker(), tmp_path, steps)


def test_layouts_end_in_a_narrow_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scroll bar that takes a column of its content may end the need for it, and so on."""
    layouts = 0
    refresh_layout = TrainScreen._refresh_layout

    def counted(screen: TrainScreen, *size: Any, **how: Any) -> None:
        nonlocal layouts
        layouts += 1
        refresh_layout(screen, *size, **how)

    monkeypatch.setattr(TrainScreen, "_refresh_layout", counted)

    async def steps(_: BilstmApp, pilot: Pilot[int]) -> None:
        counts: list[int] = []

        def are_over() -> bool:
            counts.append(layouts)
            return len(counts) > LOOKS and counts[-LOOKS] == layouts

        await pilot.resize_terminal(40, 12)
        await until(pilot, are_over)

    drive(FakeWorker(), tmp_path, steps)


def test_a_screen_closes_nothing_but_itself_and_once(tmp_path: Path) -> None:
    """A key that is pressed twice over a slow link closed the screen below, or ended the app."""
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        runs = app.screen
        await pilot.press("n")
        await asked(pilot, "A note on")
        prompt = app.screen
        await pilot.press(*"good")
        await until(pilot, lambda: prompt.query_one(Input).value == "good")
        runs.dismiss(Choice("open", run))  # as after a wait
        assert app.screen is prompt
        for _ in range(2):
            prompt.dismiss("good")
            assert app.screen is runs
        await until(pilot, lambda: read_notes(run).note == "good")

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("kind", ["worker", "callback"])
def test_what_a_screen_misses_of_itself_while_it_goes_is_no_defect(
    kind: str, tmp_path: Path
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        screen = RunsScreen(tmp_path)
        await app.push_screen(screen)

        looked = asyncio.Event()

        def look() -> None:
            looked.set()
            screen.query_one("#nothing-of-the-kind")

        async def look_beside() -> None:
            look()

        screen._pruning = True  # as between the end of its parts and its own
        if kind == "worker":
            screen.run_worker(look_beside())
        else:
            screen.call_later(look)
        await asyncio.wait_for(looked.wait(), PATIENCE_SECONDS)
        screen._pruning = False

    drive(FakeWorker(), tmp_path, steps)


def test_what_another_screen_hides_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past_runs(tmp_path, 16)
    for module in (runs_screen, device_usage):  # nothing else is new
        monkeypatch.setattr(module, "_POLL_SECONDS", 1e6)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        sent, seen = [], []

        def is_quiet() -> bool:
            seen.append(len(sent))
            return len(seen) > 2 and seen[-1] == seen[-3]

        await open_runs(app, pilot, 1)
        await until(pilot, lambda: "1 epoch trained" in text(app))  # the preview, read in a thread
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

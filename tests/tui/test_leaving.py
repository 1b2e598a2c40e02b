"""Leaving at a moment nobody thinks of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from bilstm_core.runs import create_run
from bilstm_tui.app import BilstmApp
from bilstm_tui.screens.dialogs import Prompt, Question
from bilstm_tui.screens.inspect import InspectScreen
from bilstm_tui.screens.rate import RateScreen
from bilstm_tui.screens.runs import RunsScreen
from bilstm_tui.screens.train import TrainScreen
from tests.samples import small_config
from tests.tui.driving import FakeWorker, drive

WORKER = FakeWorker()


def inspect(runs_dir: Path) -> Screen[Any]:
    run, lock = create_run(runs_dir, small_config())
    lock.release()
    return InspectScreen(run, runs_dir)


SCREENS: dict[str, Callable[[Path], Screen[Any]]] = {
    "question": lambda _: Question("Stop?", "It trains.", {"stop": "Stop it"}),
    "prompt": lambda _: Prompt("Rename", "To what?"),
    "rate": lambda _: RateScreen(lambda: WORKER.curve, WORKER.give_up),
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

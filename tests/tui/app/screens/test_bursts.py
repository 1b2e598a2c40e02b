"""Letters that arrive together with the key that opens a text field belong to the field."""

from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.dialogs import TextDialog
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.widgets.sweep.table import TrialsTable
from tests.sweeping import MadeUpSweep
from tests.tui.driving import FakeWorker, drive, open_runs, past_runs, text, until

LETTERS = "xhqdtw7"
"""All mean something on the screens below."""


async def type_at_once(app: BilstmApp, pilot: Pilot[int], key: str) -> None:
    """Send a key and letters as a slow connection does, and close what they have opened."""
    for character in key + LETTERS:
        name = {"/": "slash"}.get(character, character)
        app.post_message(Key(name, character))

    def typed() -> str:
        return app.screen.query_one(Input).value if isinstance(app.screen, TextDialog) else ""

    await until(pilot, lambda: typed().endswith(LETTERS))
    await pilot.press("escape")
    await until(pilot, lambda: not isinstance(app.screen, TextDialog))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_on_the_screen_of_a_run_and_in_the_list(tmp_path: Path, size: tuple[int, int]) -> None:
    runs = past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, len(runs))
        for key in "Rne":
            await type_at_once(app, pilot, key)
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.shown_run and "finished" in text(app))
        for key in "e/":
            await type_at_once(app, pilot, key)
        assert not worker.orders

    drive(worker := FakeWorker(), tmp_path, steps, size)


def test_while_a_run_is_trained(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await type_at_once(app, pilot, "l")

    drive(FakeWorker(events_told=2), tmp_path, steps)


def test_on_a_leaderboard(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        sweep.finish(with_events=True)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: isinstance(app.screen, SweepScreen) and app.screen.seen)
            await until(pilot, lambda: app.screen.query_one(TrialsTable).row_count)
            for key in "ae":
                await type_at_once(app, pilot, key)

        drive(FakeWorker(), tmp_path, steps, sweep="first")

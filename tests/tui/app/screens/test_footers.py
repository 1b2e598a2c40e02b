"""The keys in the last line of the smallest terminal, and the order of their list."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import TabbedContent

from bilstm_core.errors import DataError
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import tour
from bilstm_tui.app.screens.dialogs import error_dialog
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.widgets.explain.view import ExplainView
from bilstm_tui.app.widgets.gallery import Gallery
from bilstm_tui.app.widgets.key_footer import KeyFooter
from tests.sweeping import MadeUpSweep
from tests.tui.app.screens.test_explain import explained, trained
from tests.tui.app.screens.test_tour import TINY, WorkerHere
from tests.tui.driving import FakeWorker, asked, drive, text, until

SMALLEST = (80, 24)


async def footer_says(app: BilstmApp, pilot: Pilot[int], words: str) -> None:
    """Wait for keys in the last line, each with its label."""
    await until(pilot, lambda: words in text(app).splitlines()[-1])


def test_the_tour_names_first_what_leads_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tour, "_SETTINGS", TINY)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: "step 1 of 5" in text(app))
        await footer_says(app, pilot, "⏎ Next step esc Leave r Runs")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.screen.query_one(ExplainView).shown)
        app.screen.query_one(ExplainView)._set_playing(False)
        await footer_says(app, pilot, "⏎ Next step ⌫ Back space Play → Step n Example esc Leave")

    drive(WorkerHere(), tmp_path, steps, SMALLEST, at_home=True)


def test_the_tooltip_is_that_of_the_key_under_the_pointer_now(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        footer = app.screen.query_one(KeyFooter)
        app.screen.query_one("#cell").focus()
        await footer_says(app, pilot, "⏎ Choose")
        await pilot.hover(KeyFooter, offset=(1, 0))
        await until(pilot, lambda: footer.tooltip == "Open the list of choices")
        await pilot.press("enter")
        await footer_says(app, pilot, "esc Close")
        await until(pilot, lambda: footer.tooltip == "Go to the choice above")
        assert footer._hovered in footer._shown

    drive(FakeWorker(), tmp_path, steps, SMALLEST)


def test_the_tabs_of_a_trained_network_follow_a_key(tmp_path: Path) -> None:
    run = trained(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        await footer_says(app, pilot, "v View j Mistakes c Class n Shares esc Back")
        tabs = app.screen.query_one(TabbedContent)
        for tab in ("classes", "calibration", "mistakes", "explain", "draw", "confusion"):
            await pilot.press("v")
            await until(pilot, lambda tab=tab: tabs.active == f"{tab}-tab")
            if tab == "mistakes":
                await until(pilot, lambda: isinstance(app.focused, Gallery))
                assert "first, true→predicted" in text(app)
            elif tab == "explain":
                await footer_says(app, pilot, "→ Step n Example v View j Next esc Back")

    drive(FakeWorker(), tmp_path, steps, SMALLEST)


def test_a_question_names_the_keys_of_its_answers(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("s")
        await asked(pilot, "Stop the run?")
        await footer_says(app, pilot, "⏎ Select ←→ Choose esc Cancel")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        app.push_screen(error_dialog(DataError("There is nothing.")))
        await asked(pilot, "There is nothing.")
        await footer_says(app, pilot, "⏎ Select esc Cancel")
        assert "Choose" not in text(app).splitlines()[-1]

    drive(FakeWorker(events_told=2), tmp_path, steps, SMALLEST)


def test_the_explanation_of_the_form_names_the_key_that_leads_out_of_it(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await explained(app, pilot)
        await footer_says(app, pilot, "n Example m Merge d Readout v View")
        await pilot.press("question_mark")
        await until(pilot, lambda: "Train with" in text(app))
        assert text(app).index("Try the next merge") < text(app).index("Train with")

    drive(FakeWorker(), tmp_path, steps, SMALLEST)


def test_a_leaderboard_names_what_changes_the_sweep(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: isinstance(app.screen, SweepScreen) and app.screen.seen)
            await footer_says(app, pilot, "⏎ Open b Best c Copy s Stop p Pause a Add v View esc")

        drive(FakeWorker(), tmp_path, steps, SMALLEST, sweep="first", at_home=True)

"""The list of a screen's keys."""

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import TabbedContent

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets.charts.chart import Chart
from tests.tui.driving import (
    FakeWorker,
    drive,
    open_runs,
    text,
    until,
)


def test_the_keys_of_a_screen_are_shown_on_request(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: "Change the learning rate of the run" in text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: app.screen is app.train_screen)
        await open_runs(app, pilot, 0)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Rename it" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))

    drive(FakeWorker(), tmp_path, steps)


def test_the_keys_of_a_chart_are_listed(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.screen.query(Chart))  # made after the first paint
        await pilot.press("question_mark")
        await until(pilot, lambda: "Error instead of accuracy" in text(app))
        assert "Zoom in vertically" in text(app)

    drive(FakeWorker(), tmp_path, steps, size=(120, 110))


def test_the_keys_of_a_chart_come_first_while_it_has_the_focus(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.screen.query(Chart))
        app.screen.query_one(TabbedContent).active = "run"
        await until(pilot, lambda: app.screen.query_one("#accuracy").size.area)
        app.screen.query_one("#accuracy").focus()
        keys = "y Log x Axis +- Zoom 0 All ,. Crosshair e Error"
        await until(pilot, lambda: keys in text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: "In the chart of accuracies" in text(app))
        assert "Zoom in vertically" in text(app)  # one of those that all charts have

    drive(FakeWorker(), tmp_path, steps, size=(80, 24))

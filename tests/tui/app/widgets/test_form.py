"""The form: presets, folded groups, and leaving a field."""

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Collapsible, Input

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.form import Form
from tests.samples import small_config
from tests.tui.driving import (
    FakeWorker,
    drive,
    text,
    unfold,
    until,
)


def test_what_is_put_into_a_folded_group_is_there_when_it_unfolds(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one(Form).show(small_config(learning_rate=0.125))
        await until(pilot, lambda: app.train_screen.config == small_config(learning_rate=0.125))
        await unfold(app, pilot, "optimisation", "learning_rate")
        assert app.screen.query_one("#learning_rate", Input).value == "0.125"
        app.screen.query_one("#group-optimisation", Collapsible).collapsed = True
        await unfold(app, pilot, "optimisation", "learning_rate")
        assert len(app.screen.query("#learning_rate")) == 1

    drive(FakeWorker(), tmp_path, steps)


def test_a_preset_fills_the_form(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#preset", ChoiceField).value = "notebook"
        await until(pilot, lambda: "LSTM 2×256" in text(app))
        app.screen.query_one("#group-optimisation", Collapsible).collapsed = False
        await until(pilot, lambda: app.screen.query("#learning_rate"))
        assert app.screen.query_one("#learning_rate", Input).value == "0.001"
        await until(pilot, lambda: "--preset notebook --dataset digits" in text(app))

    drive(FakeWorker(), tmp_path, steps, (160, 50))


def test_presets_are_explained(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#preset", ChoiceField).value = "best"
        app.screen.query_one("#preset", ChoiceField).focus()
        await until(pilot, lambda: "the most accurate" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_escape_leaves_a_field(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#hidden_size", Input).focus()
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is None)

    drive(FakeWorker(), tmp_path, steps)


def test_settings_that_the_data_rule_out_are_named_and_the_app_goes_on(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.screen.query_one("#dataset", ChoiceField).value = "japanese-vowels"
        await until(pilot, lambda: "Japanese Vowels: 270 training sequences" in text(app))
        app.screen.query_one("#readout", ChoiceField).value = "all"
        await until(pilot, lambda: "needs sequences of equal length" in text(app))
        app.screen.query_one("#readout", ChoiceField).value = "max"
        await until(pilot, lambda: "Japanese Vowels: 270 training sequences" in text(app))

    drive(FakeWorker(), tmp_path, steps, (160, 50))

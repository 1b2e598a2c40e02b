"""The keys of the form: moving, changing, editing, jumping to a setting."""

from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Collapsible, Input, OptionList, TabbedContent

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.choice_field import ChoiceField, ChoiceList
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.app.widgets.form_input import FormInput
from tests.tui.driving import FakeWorker, drive, said, text, until
from tests.tui.forms import SMALLEST, drive_default, focused_name, go_to, hint


class TestKeys:
    def test_up_and_down_go_over_open_and_closed_groups(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            names = [focused_name(app)]
            while names[-1] not in names[:-1]:  # until it goes no further
                await pilot.press("down")
                names.append(focused_name(app))
            assert names[:4] == ["preset", "group-data", "dataset", "validation_fraction"]
            assert names[-1] == names[-2] == "group-machine"
            assert names.index("group-optimisation") == names.index("dropout") + 1
            await pilot.press("up")
            assert focused_name(app) == "group-optimisation"
            await pilot.press("right")
            await until(pilot, lambda: app.train_screen.query("#optimizer"))
            await pilot.press("down")
            assert focused_name(app) == "optimizer"
            await pilot.press("up", "left")
            group = app.train_screen.query_one("#group-optimisation", Collapsible)
            await until(pilot, lambda: group.collapsed)

        drive_default(steps, tmp_path)

    def test_keys_that_arrive_together_move_as_many_rows(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "preset")
            stops = app.train_screen.query_one(Form)._stops
            for _ in range(3):
                app.post_message(Key("down", None))
            await until(pilot, lambda: app.focused is stops[3])

        drive(FakeWorker(), tmp_path, steps, SMALLEST)

    @pytest.mark.parametrize("size", [SMALLEST, (120, 36)])
    def test_the_row_has_the_focus_again_when_the_form_comes_back(
        self, size: tuple[int, int], tmp_path: Path
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "hidden_size")
            tabs = app.train_screen.query_one(TabbedContent)
            for tab in ("data", "run", "explain", "network"):
                await pilot.press("v")
                await until(pilot, lambda tab=tab: tabs.active == tab)
            await until(pilot, lambda: focused_name(app) == "hidden_size")
            await pilot.press("down")
            await until(pilot, lambda: focused_name(app) not in {"", "hidden_size"})

        drive(FakeWorker(), tmp_path, steps, size)

    def test_a_word_that_is_allowed_beside_numbers_is_typed(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await app.train_screen.query_one(Form).go_to("lanes")
            await until(pilot, lambda: focused_name(app) == "lanes")
            await pilot.press("2", "enter")
            await until(
                pilot, lambda: app.train_screen.config and app.train_screen.config.lanes == 2
            )
            await pilot.press(*"auto", "enter")
            await until(
                pilot, lambda: app.train_screen.config and app.train_screen.config.lanes == 0
            )

        drive_default(steps, tmp_path)

    def test_left_and_right_change_what_has_the_focus(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            form = app.train_screen.query_one(Form)
            for name, key, value in (
                ("hidden_size", "right", "256"),
                ("hidden_size", "left", "128"),
                ("dropout", "right", "0.05"),
                ("learning_rate", "left", "0.005"),
                ("bidirectional", "right", False),
                ("bidirectional", "left", True),
                ("cell", "right", "gru"),
                ("cell", "left", "lstm"),
                ("dataset", "right", "japanese-vowels"),
                ("dataset", "right", "japanese-vowels"),
            ):
                await go_to(app, pilot, name)
                await pilot.press(key)
                await until(pilot, lambda n=name, v=value: form._values[n] == v)

        drive_default(steps, tmp_path)

    def test_a_number_never_leaves_its_range(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "num_layers")
            field = app.train_screen.query_one("#num_layers", FormInput)
            for value, key, last in (("14", "right", "16"), ("3", "left", "1")):
                field.value = value
                await pilot.press(*[key] * 4)
                assert field.value == last
            assert app.train_screen.config

        drive_default(steps, tmp_path)

    def test_a_number_is_edited_after_a_digit_or_enter(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "hidden_size")
            field = app.train_screen.query_one("#hidden_size", FormInput)
            await pilot.press("6", "4", "left", "1", "enter")
            assert field.value == "614"
            assert not field.is_editing
            await pilot.press("enter", "backspace", "0")
            assert (field.value, field.is_editing) == ("610", True)
            await pilot.press("escape")
            assert (field.value, field.is_editing) == ("614", False)
            assert app.focused is field
            await pilot.press("5", "down")  # which accepts it, too
            assert field.value == "5"
            assert focused_name(app) == "merge"
            await pilot.press("escape")
            assert app.focused is None

        drive_default(steps, tmp_path)

    def test_enter_opens_a_list_and_arrow_keys_then_belong_to_it(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "cell")
            field = app.train_screen.query_one("#cell", ChoiceField)
            await pilot.press("enter")
            await until(pilot, lambda: field.is_open and isinstance(app.focused, OptionList))
            await pilot.press("down")
            await until(pilot, lambda: "gru: gates without a cell state" in hint(app))
            await until(pilot, lambda: "↑↓ Move ⏎ Choose esc Close" in text(app).splitlines()[-1])
            assert app.train_screen.config
            assert app.train_screen.config.cell == "lstm"
            await pilot.press("enter")
            await until(pilot, lambda: field.value == "gru" and focused_name(app) == "cell")

        drive_default(steps, tmp_path)

    def test_a_list_has_the_focus_as_soon_as_it_is_open_and_is_not_opened_twice(
        self, tmp_path: Path
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "cell")
            field = app.train_screen.query_one("#cell", ChoiceField)
            field.action_open()
            assert isinstance(app.focused, ChoiceList)
            field.action_open()
            await until(pilot, lambda: app.focused and app.focused.has_focus)
            assert [*field.query(ChoiceList)] == [app.focused]
            await pilot.press("escape")
            await until(pilot, lambda: not field.query(ChoiceList))

        drive_default(steps, tmp_path)

    def test_a_list_near_the_end_does_not_cover_its_hint(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "readout")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.focused, OptionList))
            await pilot.press("up", "up")
            await until(pilot, lambda: "final: each direction" in text(app).replace("\n", " "))
            shown = app.screen.query_one("#readout").query_one(OptionList).region
            assert shown.bottom <= app.screen.query_one("#help").region.y

        drive_default(steps, tmp_path)

    def test_a_letter_in_a_number_is_a_key(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "hidden_size")
            await pilot.press("3", "2", "t")
            await until(pilot, lambda: worker.orders)
            assert worker.orders[0].config.hidden_size == 32

        drive(worker := FakeWorker(), tmp_path, steps, SMALLEST)

    def test_what_is_no_number_is_answered_with_what_is_allowed(self, tmp_path: Path) -> None:
        words = "Allowed in num_layers: a whole number from 1 to 16 layers."

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "num_layers")
            field = app.screen.query_one("#num_layers", FormInput)
            for keys in ("z", "2z", "é", "1日", "2🙂", "1-", "1ee", "1." + "."):
                app.clear_notifications()
                await pilot.press("escape" if field.is_editing else "left")
                for character in keys:
                    app.post_message(Key(character, character))
                await until(pilot, lambda: words in said(app))
            app.clear_notifications()
            await pilot.press("p")  # a grey key says why it is
            await until(pilot, lambda: "No run is being trained" in said(app))

        drive_default(steps, tmp_path)

    @pytest.mark.parametrize("pasted", ["1e-3", " 0.001\n", "0.001\nx"])
    def test_a_number_is_pasted_in_the_place_of_the_value(
        self, tmp_path: Path, pasted: str
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "learning_rate")
            field = app.screen.query_one("#learning_rate", FormInput)
            app.post_message(Paste(pasted))
            await until(pilot, lambda: field.is_editing and float(field.value) == 0.001)
            await until(
                pilot,
                lambda: app.train_screen.config and app.train_screen.config.learning_rate == 0.001,
            )

        drive(FakeWorker(), tmp_path, steps, SMALLEST)

    @pytest.mark.parametrize("pasted", ["1" * 10_000, "1" * 40 + "x", "🙂" * 10_000, "\n", "1 2"])
    def test_what_is_pasted_and_no_number_changes_nothing(
        self, tmp_path: Path, pasted: str
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "hidden_size")
            field = app.screen.query_one("#hidden_size", FormInput)
            app.post_message(Paste(pasted))
            await until(pilot, lambda: field.is_editing)
            await pilot.press("escape", "right")
            await until(pilot, lambda: field.value == "256")

        drive_default(steps, tmp_path)

    def test_slash_goes_to_a_setting_by_a_part_of_its_name(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("slash")
            await until(pilot, lambda: "Go to a setting" in said(app))
            await pilot.press(*"smooth")
            await until(pilot, lambda: "label_smoothing" in text(app))
            await pilot.press("enter")
            await until(pilot, lambda: focused_name(app) == "label_smoothing")
            await pilot.press("slash", *"learn", "tab")
            await until(pilot, lambda: "learning_rate" in app.screen.query_one(Input).value)
            await pilot.press("enter")
            await until(pilot, lambda: focused_name(app) == "learning_rate")
            assert app.train_screen.query_one("#learning_rate").region.area > 0

        drive_default(steps, tmp_path)

    def test_a_letter_without_a_meaning_says_so(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("z")
            await until(pilot, lambda: "z does nothing here; ? lists the keys" in said(app))

        drive_default(steps, tmp_path)

"""The rows of the form: keys, highlight, marks, hints, the preset."""

import asyncio
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.events import Key
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES
from textual.widgets import Collapsible, Input, OptionList, Static, TabbedContent

from bilstm_core.config.presets import PRESETS
from bilstm_core.config.schema import GROUPS
from bilstm_core.config.settings import OWN_DATA_SETTINGS, SETTINGS, Setting
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.textual_internals import CollapsibleTitle
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.app.widgets.form_hint import hint_for_setting
from bilstm_tui.app.widgets.form_input import FormInput
from bilstm_tui.app.widgets.form_row import FormRow
from tests.samples import small_config
from tests.tui.app.contrast.walk import restyle
from tests.tui.contrast import TEXT, contrast
from tests.tui.driving import FakeWorker, Steps, drive, said, text, until

SMALLEST = (80, 24)


def drive_default(steps: Steps, runs_dir: Path, size: tuple[int, int] = SMALLEST) -> None:
    """As `drive`, with the form of a first start."""
    app = BilstmApp(
        small_config(hidden_size=128, num_epochs=30, device="auto", precision="auto"),
        "default",
        runs_dir,
        make_worker=FakeWorker(),
    )
    app.animation_level = "none"

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.train_screen.query(FormRow))
            await steps(app, pilot)

    asyncio.run(main())


def focused_name(app: BilstmApp) -> str:
    focused = app.focused
    if isinstance(focused, CollapsibleTitle) and focused.parent:
        return focused.parent.id or ""
    return (focused and focused.id) or ""


async def go_to(app: BilstmApp, pilot: Pilot[int], name: str) -> None:
    await app.train_screen.query_one(Form).go_to(name)
    await until(pilot, lambda: focused_name(app) == name)


def form_line(app: BilstmApp, name: str) -> str:
    """The line of a row, as wide as the form."""
    row = app.train_screen.query_one(f"#{name}").region
    form = app.train_screen.query_one(Form).region
    return text(app).splitlines()[row.y][: form.width - 1]


def segments_of(app: BilstmApp, name: str) -> list[Segment]:
    """What is drawn of a row, from edge to edge."""
    row = app.train_screen.query_one(f"#{name}").region
    width = app.train_screen.query_one(Form).size.width
    strip = app.screen._compositor.render_strips()[row.y]
    return list(strip.crop(0, width))


def hint(app: BilstmApp) -> str:
    return str(app.train_screen.query_one("#help", Static).content)


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


class TestHighlight:
    def test_it_goes_from_edge_to_edge_and_is_read_in_every_theme(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            for theme in BUILTIN_THEMES:
                app.theme = theme
                for name in ("cell", "hidden_size"):
                    await go_to(app, pilot, name)
                    await pilot.pause()
                    segments = segments_of(app, name)
                    assert form_line(app, name).startswith("▌")
                    styles = [(it.text, it.style) for it in segments[1:] if it.style]
                    colours = {style.bgcolor for _, style in styles if style.bgcolor}
                    assert len(colours) == 1, (theme, name)
                    if theme.startswith("ansi"):
                        (ground,) = colours
                        inks = {style.color for words, style in styles if words.strip()}
                        numbers = {ground.number, *(ink.number for ink in inks if ink)}
                        assert numbers in ({0, 7}, {0, 15}), (theme, name)  # black and white
                        continue
                    for words, style in styles:
                        if words.strip() and style.color and style.bgcolor:
                            ratio = contrast(
                                Color.from_rich_color(style.color),
                                Color.from_rich_color(style.bgcolor),
                            )
                            assert ratio >= TEXT, (theme, name, words)

        monkeypatch.setattr(BilstmApp, "refresh_css", restyle)
        drive_default(steps, tmp_path, (120, 36))

    def test_without_colours_and_in_ascii_there_is_a_marker(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "cell")
            await until(pilot, lambda: form_line(app, "cell").startswith("|"))
            bold = "".join(it.text for it in segments_of(app, "cell") if it.style and it.style.bold)
            assert "cell" in bold
            assert "lstm" in bold

        monkeypatch.setenv("NO_COLOR", "1")
        drive(FakeWorker(), tmp_path, steps, is_ascii=True)

    def test_a_switch_says_in_words_whether_it_is_on(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            assert "[✓] on" in form_line(app, "bidirectional")
            await go_to(app, pilot, "bidirectional")
            await pilot.press("space")
            await until(pilot, lambda: "[ ] off" in form_line(app, "bidirectional"))

        drive_default(steps, tmp_path)


class TestHint:
    @pytest.mark.parametrize("group", GROUPS)
    def test_no_hint_is_cut_on_the_smallest_terminal(self, tmp_path: Path, group: str) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            form = app.train_screen.query_one(Form)
            for name, setting in SETTINGS.items():
                if setting.group != group or name in OWN_DATA_SETTINGS:
                    continue
                await go_to(app, pilot, name)
                for choice in setting.choices or (None,):
                    form._explain(name, choice)
                    await pilot.pause()
                    place = app.screen.query_one("#help").region
                    lines = text(app).splitlines()[place.y : place.bottom]
                    shown = " ".join(" ".join(line[: place.width] for line in lines).split())
                    assert " ".join(hint(app).split()) in shown
                    assert app.screen.query_one(f"#{name}").region.bottom <= place.y

        drive_default(steps, tmp_path)

    @pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
    def test_every_choice_is_explained(self, setting: Setting) -> None:
        for choice in setting.choices:
            words = str(hint_for_setting(setting, choice, "", ""))
            assert setting.choice_help[choice] in words

    def test_one_gpu_of_several_is_explained(self) -> None:
        assert "with this number" in str(hint_for_setting(SETTINGS["device"], "cuda:3", "", ""))


class TestMarks:
    def test_a_setting_without_effect_is_dim_and_says_why(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            row = app.train_screen.query_one("#merge").parent
            assert isinstance(row, FormRow)
            assert not row.has_class("-without-effect")
            await go_to(app, pilot, "bidirectional")
            await pilot.press("right")
            await until(pilot, lambda: row.has_class("-without-effect"))
            await until(pilot, lambda: form_line(app, "merge").startswith(" - merge"))
            await go_to(app, pilot, "merge")
            await until(pilot, lambda: "No effect: there is one direction" in hint(app))
            await go_to(app, pilot, "bidirectional")
            await pilot.press("right")
            await until(pilot, lambda: form_line(app, "merge").startswith("   merge"))

        drive_default(steps, tmp_path)

    def test_an_invalid_field_is_marked_and_the_last_network_stays(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: "BiLSTM 1×128" in text(app))
            await go_to(app, pilot, "num_layers")
            await pilot.press("9", "9")
            await until(pilot, lambda: "! num_layers" in form_line(app, "num_layers"))
            assert "Not allowed. Allowed: a whole number from 1 to 16 layers" in hint(app)
            await until(pilot, lambda: "The last valid network" in text(app))
            assert "BiLSTM 9×128" in text(app)
            await pilot.press("escape")
            await until(pilot, lambda: "!" not in form_line(app, "num_layers"))
            await until(pilot, lambda: "last valid" not in text(app))

        drive_default(steps, tmp_path, (120, 36))

    def test_both_settings_of_a_contradiction_are_marked(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            app.train_screen.query_one("#merge", ChoiceField).value = "sum"
            await go_to(app, pilot, "bidirectional")
            await pilot.press("space")
            await until(pilot, lambda: form_line(app, "merge").startswith(" ! merge"))
            assert "! bidirectional" in form_line(app, "bidirectional")
            assert "combines two directions" in hint(app)

        drive_default(steps, tmp_path, (120, 36))

    def test_a_setting_that_the_data_rule_out_is_marked(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            app.train_screen.query_one("#dataset", ChoiceField).value = "japanese-vowels"
            await until(pilot, lambda: "Japanese Vowels" in text(app))
            app.train_screen.query_one("#readout", ChoiceField).value = "all"
            await until(pilot, lambda: form_line(app, "readout").startswith(" ! readout"))

        drive_default(steps, tmp_path, (120, 36))

    def test_a_closed_group_shows_that_something_in_it_is_wrong(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "batch_size")
            await pilot.press("0")
            await until(pilot, lambda: "optimisation !" in text(app))

        drive_default(steps, tmp_path)


class TestPreset:
    def test_it_says_how_many_settings_differ_and_resets_them(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "hidden_size")
            await pilot.press("right", "down", "right")
            await until(pilot, lambda: "default (modified: 5)" in form_line(app, "preset"))
            await go_to(app, pilot, "preset")
            await until(pilot, lambda: "hidden_size, merge" in hint(app))
            assert "Choose default again to reset" in hint(app)
            await pilot.press("right")  # discards nothing by accident
            await until(pilot, lambda: "5 settings would be reset" in said(app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.focused, OptionList))
            await pilot.press("down")
            await until(pilot, lambda: PRESETS["default"].help in hint(app))
            await pilot.press("enter")
            await until(pilot, lambda: "modified" not in form_line(app, "preset"))
            assert app.train_screen.config
            assert app.train_screen.config.hidden_size == 128
            assert app.train_screen.preset == "default"

        drive(FakeWorker(), tmp_path, steps)

    def test_the_line_that_is_chosen_resets_them_too(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "hidden_size")
            await pilot.press("right")
            await until(pilot, lambda: "modified" in form_line(app, "preset"))
            await go_to(app, pilot, "preset")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.focused, OptionList))
            await pilot.press("enter")
            await until(pilot, lambda: "modified" not in form_line(app, "preset"))
            assert app.train_screen.config
            assert app.train_screen.config.hidden_size == 128

        drive(FakeWorker(), tmp_path, steps)

    def test_arrow_keys_go_through_presets_that_are_not_modified(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "preset")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.focused, OptionList))
            await pilot.press("down", "enter")
            await until(pilot, lambda: app.train_screen.query_one(Form).edited == [])
            await pilot.press("right")
            await until(pilot, lambda: app.train_screen.preset == "notebook")
            await until(pilot, lambda: "LSTM 2×256" in text(app))

        drive(FakeWorker(), tmp_path, steps)

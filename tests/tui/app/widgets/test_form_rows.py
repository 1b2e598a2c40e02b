"""The rows of the form: highlight, marks, hints, the preset."""

from pathlib import Path

import pytest
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES
from textual.widgets import OptionList

from bilstm_core.config.presets import PRESETS
from bilstm_core.config.schema import GROUPS
from bilstm_core.config.settings import OWN_DATA_SETTINGS, SETTINGS, Setting
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.app.widgets.form_hint import hint_for_setting
from bilstm_tui.app.widgets.form_row import FormRow
from tests.tui.app.contrast.walk import restyle
from tests.tui.contrast import TEXT, contrast
from tests.tui.driving import FakeWorker, drive, said, text, until
from tests.tui.forms import drive_default, form_line, go_to, hint, segments_of


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

    def test_what_depends_on_others_is_right_while_one_is_invalid(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await go_to(app, pilot, "num_layers")
            await pilot.press("0")
            await until(pilot, lambda: "! num_layers" in form_line(app, "num_layers"))
            await go_to(app, pilot, "bidirectional")
            await pilot.press("space")
            await until(pilot, lambda: form_line(app, "merge").startswith(" - merge"))
            await pilot.press("space")
            await until(pilot, lambda: form_line(app, "merge").startswith("   merge"))

        drive_default(steps, tmp_path)

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

"""The form, made from the schema: a preset, and a field for each setting."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import DescendantFocus
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Collapsible, Input, Static

from bilstm_core.config.resolve import nearest_valid, resolve
from bilstm_core.config.schema import BUILT_IN, GROUPS, RunConfig
from bilstm_core.config.settings import (
    COLUMN_SETTINGS,
    OWN_DATA_SETTINGS,
    SETTINGS,
    Setting,
    settings_in,
    without_effect,
)
from bilstm_core.errors import ConfigError
from bilstm_core.wording import counted

from ...text.command_line import as_typed
from ..textual_internals import CollapsibleTitle
from .choice_field import ChoiceField, ChoiceList
from .form_hint import Hint, hint_for_preset, hint_for_setting
from .form_input import FormInput
from .form_row import BY_HAND, INVALID, WITHOUT_EFFECT, FormRow, row_for
from .preset_field import MODIFIED, PresetField
from .switch_field import SwitchField

_OPEN_GROUPS = {"data", "architecture"}
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Form(Widget):
    """A field for each setting, validated while the user types; the arrow keys go through it.

    Args:
        config: What it shows first.
        preset: On which that is based.
        recent: Paths of data that were chosen before, newest first.
    """

    @dataclass
    class Changed(Message):
        """Posted when a setting changes; `config` is None if a field is invalid.

        Whether the settings fit the data, which may have to be read first, is not checked.
        """

        config: RunConfig | None
        problem: str

    class Explained(Message):
        """Posted when the hint begins or ceases to say what is wrong."""

    BINDING_GROUP_TITLE = "In the form"
    BINDINGS: ClassVar[list[BindingType]] = [
        # with priority: what is typed right after them already goes into another field
        Binding("up", "move(-1)", "Row", priority=True, tooltip="Go to the row above"),
        Binding("down", "move(1)", "Row", priority=True, tooltip="Go to the row below"),
        Binding("left", "step(-1)", "Change", priority=True, tooltip="The value before"),
        Binding("right", "step(1)", "Change", priority=True, tooltip="The next value"),
    ]

    def __init__(self, config: RunConfig, preset: str, recent: list[str]) -> None:
        super().__init__()
        self.preset = preset
        self._recent = recent
        self._values = _field_values(config)
        self._preset_values = self._read_preset()
        self._explained = "preset"
        self._last_focused: Widget | None = None
        self._problems: Mapping[str, str] = {}
        self._problem_title = ""
        self._valid, self._no_effect = config, without_effect(config)
        self._by_hand: dict[str, tuple[Any, str]] = {}
        """What was set by hand in the run that was copied: the value, and words that say so."""

    def compose(self) -> ComposeResult:
        """Compose a field for each setting, by group."""
        with VerticalScroll(can_focus=False):
            yield FormRow("preset", PresetField(self.preset, len(self.edited)), "preset")
            for group in GROUPS:
                is_open = group in _OPEN_GROUPS
                fields = self._fields(group) if is_open else ()
                yield Collapsible(*fields, title=group, collapsed=not is_open, id=f"group-{group}")
        yield Static(id="help")

    def set_dataset(self, name: str) -> RunConfig:
        """Choose a data set or a path, as if the user had; return the new configuration.

        Raises:
            ConfigError: Another field is invalid.
        """
        self._set_field("dataset", name)
        self._use_dataset()
        return resolve(self._values)

    def set_learning_rate(self, rate: float) -> None:
        """Fill in a learning rate, as if the user had."""
        self._set_field("learning_rate", f"{rate:.2g}")
        self._validate()

    def show(self, config: RunConfig, by_hand: Mapping[str, str] = _NOTHING) -> None:
        """Fill the fields with the configuration of a run.

        Args:
            config: The configuration.
            by_hand: What is said of settings whose values were set by hand while the run trained.

        Raises:
            ConfigError: This version does not know the data set.
        """
        resolve(config.model_dump())
        values = _field_values(config)
        self._by_hand = {name: (values[name], words) for name, words in by_hand.items()}
        for name, value in values.items():
            self._set_field(name, value)
        self._validate()

    @on(Collapsible.Expanded)
    async def _fill_group(self, event: Collapsible.Expanded) -> None:
        await self._fill(event.collapsible)

    async def _fill(self, group: Collapsible) -> None:
        """Make the fields of a group when it is first opened: this halves the first paint."""
        contents = group.query_one(Collapsible.Contents)
        if not contents.children:
            await contents.mount(*self._fields((group.id or "").removeprefix("group-")))
            self._mark_rows()

    def _fields(self, group: str) -> list[FormRow]:
        return [
            self._row(setting)
            for setting in settings_in(group)
            if self._has_own_data or setting.name not in OWN_DATA_SETTINGS
        ]

    def _row(self, setting: Setting) -> FormRow:
        return row_for(setting, self._values[setting.name], self._recent)

    def _show_rows_of_own_data(self) -> None:
        """Show or hide them; they are made when they are first needed, not for the first paint."""
        rows = self.query(".own-data")
        for row in rows:
            row.display = self._has_own_data
        if rows or not self._has_own_data:
            return
        before = None
        for setting in settings_in("data"):
            if setting.name not in OWN_DATA_SETTINGS:
                before = self.query_one(f"#{setting.name}").parent
            elif isinstance(before, FormRow) and isinstance(before.parent, Widget):
                row = self._row(setting)
                before.parent.mount(row, after=before)
                before = row

    @property
    def _has_own_data(self) -> bool:
        return self._values["dataset"] not in BUILT_IN

    def _read_preset(self) -> dict[str, Any]:
        return _field_values(resolve({"dataset": self._values["dataset"]}, preset=self.preset))

    @on(Input.Changed)
    @on(ChoiceField.Changed)
    @on(Checkbox.Changed)
    def _update_setting(
        self, event: Input.Changed | ChoiceField.Changed | Checkbox.Changed
    ) -> None:
        event.stop()
        control = event.control
        # not the event's: it may be overtaken, and would be written back, which is a change again
        name, value = control.id or "", control.value
        if name == "preset":
            if value != MODIFIED:
                self._choose_preset(str(value))
        elif name in self._values and value != self._values[name]:
            self._values[name] = value
            if name == "dataset":
                self._use_dataset()
            else:
                self._validate()

    @on(PresetField.ChosenAgain)
    def _reset_settings(self) -> None:
        self._choose_preset(self.preset)

    def _choose_preset(self, preset: str) -> None:
        """Fill in a preset, also the present one again; what names columns of a file stays."""
        if preset != self.preset or self.edited:
            self.preset = preset
            self._apply_preset(keep=COLUMN_SETTINGS)

    def _use_dataset(self) -> None:
        """Apply the preset to other data; what names columns was meant for a certain file."""
        self._apply_preset(keep=set(self.edited) - COLUMN_SETTINGS - {"dataset"})

    @property
    def edited(self) -> list[str]:
        """The settings that differ from the preset; the data and their columns do not count."""
        names = (name for name in self._values if name not in COLUMN_SETTINGS)
        return [name for name in names if self._values[name] != self._preset_values[name]]

    def _apply_preset(self, keep: Set[str]) -> None:
        """Fill the fields with the values of the preset, except some."""
        self._preset_values = self._read_preset()
        for name, value in self._preset_values.items():
            if name not in keep:
                self._set_field(name, value)
        self._validate()

    def _set_field(self, name: str, value: Any) -> None:
        self._values[name] = value
        for field in self.query(f"#{name}"):  # none if its group was never opened
            if isinstance(field, ChoiceField | FormInput):
                field.choose(value)
            elif isinstance(field, SwitchField):
                field.value = value

    def _validate(self) -> None:
        self._show_rows_of_own_data()
        problems: Mapping[str, str] = {}
        title = ""
        try:
            config, problem = resolve(self._values, typed_in="the form"), ""
        except ConfigError as error:
            config, problem, problems, title = None, error.message, error.problems, error.title
            self._valid = nearest_valid(self._values, self._valid)
        else:
            self._valid = config
        self._no_effect = without_effect(self._valid)
        self.query_one(PresetField).show_preset(self.preset, len(self.edited))
        self.show_problems(problems, title)
        self.post_message(self.Changed(config, problem))

    def show_problems(self, problems: Mapping[str, str], title: str = "") -> None:
        """Mark the settings with problems; those in a group that was never opened, later.

        Args:
            problems: What is wrong with which setting.
            title: What is wrong, in brief; also where it is not with certain settings.
        """
        self._problems, self._problem_title = problems, title
        self._mark_rows()
        self._explain(self._explained)

    @property
    def problem_in_brief(self) -> str:
        """How many settings are wrong and which, or else what is wrong; empty if nothing is."""
        if not self._problems:
            return self._problem_title
        return f"{counted(len(self._problems), 'setting')} to correct: {', '.join(self._problems)}"

    @property
    def explains_problem(self) -> bool:
        """Whether the hint says in full what is wrong with a setting."""
        return self.display and self._explained in self._problems

    def _mark_rows(self) -> None:
        for row in self.query(FormRow):
            name = row.field.id or ""
            row.mark(self._sign_of(name), has_effect=name not in self._no_effect)
        for group in GROUPS:
            names = {setting.name for setting in settings_in(group)}
            collapsible = self.query_one(f"#group-{group}", Collapsible)
            is_invalid = not names.isdisjoint(self._problems)
            collapsible.title = f"{group} !" if is_invalid else group
            collapsible.set_class(is_invalid, "-invalid")

    def _sign_of(self, name: str) -> str:
        """What a setting is marked with: first what needs attention."""
        if name in self._problems:
            return INVALID
        if name in self._no_effect:
            return WITHOUT_EFFECT
        return BY_HAND if self._words_by_hand(name) else ""

    def _words_by_hand(self, name: str) -> str:
        """What is said of a setting as long as it has the value that was set by hand."""
        value, words = self._by_hand.get(name, (None, ""))
        return words if self._values.get(name) == value else ""

    def on_mount(self) -> None:
        """Mark what has no effect at first."""
        self._mark_rows()

    @on(DescendantFocus)
    def _explain_focused(self, event: DescendantFocus) -> None:
        widget = event.widget
        if isinstance(widget, ChoiceList):  # its field was explained when it got the focus
            return
        self._last_focused = widget
        is_title = isinstance(widget, CollapsibleTitle) and widget.parent
        self._explain((widget.parent.id if is_title and widget.parent else widget.id) or "")

    @on(ChoiceField.Highlighted)
    def _explain_highlighted(self, event: ChoiceField.Highlighted) -> None:
        event.stop()
        self._explain(event.field.id or "", event.value)

    def _explain(self, name: str, choice: str | None = None) -> None:
        """Say what a setting and a choice of it are: the value that it has, unless one is given."""
        if name == "preset":
            preset = self.query_one(PresetField).preset_of(choice or self.preset)
            edited = self.edited if preset == self.preset else []
            hint = hint_for_preset(preset, edited)
        elif name in SETTINGS:
            value = self._values[name] if choice is None else choice
            problem, no_effect = self._problems.get(name, ""), self._no_effect.get(name, "")
            by_hand = self._words_by_hand(name)
            hint = hint_for_setting(SETTINGS[name], value, problem, no_effect, by_hand)
        elif name.startswith("group-"):
            hint = Hint(GROUPS[name.removeprefix("group-")])
        else:
            return
        did_explain, self._explained = self.explains_problem, name
        if self.explains_problem != did_explain:
            self.post_message(self.Explained())
        self.query_one("#help", Static).update(hint.as_text())
        self.call_after_refresh(self._keep_focus_visible)

    def _keep_focus_visible(self) -> None:
        """Scroll to the row of the focus if a longer hint has covered it."""
        focused = self.screen.focused
        if focused and self in focused.ancestors:
            focused.scroll_visible(animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the arrow keys to an open list, and those to the side to a text that is edited."""
        focused = self.screen.focused
        if action == "move":
            return focused in self._stops
        if action == "step":
            is_text = isinstance(focused, FormInput) and (
                focused.is_editing or not focused.setting.is_numeric
            )
            return focused in self._stops and not is_text
        return True

    @property
    def _stops(self) -> list[Widget]:
        """What the arrow keys go through: fields, and titles of groups."""
        kinds = (ChoiceField, SwitchField, FormInput, CollapsibleTitle)
        return [
            it for it in self.screen.focus_chain if isinstance(it, kinds) and self in it.ancestors
        ]

    def action_move(self, by: int) -> None:
        """Go to another row."""
        stops = self._stops
        focused = self.screen.focused
        if focused in stops:
            place = stops.index(focused) + by
            # at once: the next key may be here already
            self.screen.set_focus(stops[min(max(place, 0), len(stops) - 1)])

    def action_step(self, direction: int) -> None:
        """Change the value of the row, or open or close its group."""
        field = self.screen.focused
        if isinstance(field, PresetField) and field.modified:
            self.notify(
                f"{counted(field.modified, 'setting')} would be reset: Enter lists the presets.",
                timeout=4,
            )
        elif isinstance(field, ChoiceField | SwitchField | FormInput):
            field.step(direction)
        elif isinstance(field, CollapsibleTitle) and isinstance(field.parent, Collapsible):
            field.parent.collapsed = direction < 0

    def focus_last(self) -> None:
        """Focus the row that had the focus; a text would take the letter keys."""
        last = self._last_focused
        takes_letters = isinstance(last, FormInput) and last.type == "text"
        if last is None or takes_letters or not last.is_attached:
            last = self.query_one(PresetField)
        self.display = True  # which is decided again only after the tab is shown
        last.focus()

    async def go_to(self, name: str) -> None:
        """Focus the field of a setting, in a group that is opened for it."""
        if name != "preset":
            group = self.query_one(f"#group-{SETTINGS[name].group}", Collapsible)
            group.collapsed = False
            await self._fill(group)
        for field in self.query(f"#{name}"):
            field.focus()


def _field_values(config: RunConfig) -> dict[str, Any]:
    return {name: as_typed(SETTINGS[name], value) for name, value in config.model_dump().items()}

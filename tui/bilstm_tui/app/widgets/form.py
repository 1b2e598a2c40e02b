"""The form, made from the schema: a preset, and a field for each setting."""

from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantFocus
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Collapsible, Input, Label, Select, Static

from bilstm_core.config.presets import PRESETS
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import BUILT_IN, GROUPS, RunConfig
from bilstm_core.config.settings import (
    COLUMN_SETTINGS,
    OWN_DATA_SETTINGS,
    SETTINGS,
    Setting,
    settings_in,
)
from bilstm_core.errors import ConfigError

from ...text.command_line import as_typed
from .dataset_field import DatasetField
from .device_field import DeviceField
from .ordered_input import OrderedInput

_OPEN_GROUPS = {"data", "architecture"}


class Form(Widget):
    """A field for each setting, validated while the user types.

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

    def __init__(self, config: RunConfig, preset: str, recent: list[str]) -> None:
        super().__init__()
        self.preset = preset
        self._recent = recent
        self._values = _field_values(config)
        self._preset_values = self._read_preset()

    def compose(self) -> ComposeResult:
        """Compose a field for each setting, by group."""
        with VerticalScroll(can_focus=False):
            with Horizontal(classes="field", id="preset-field"):
                yield Label("preset")
                yield Select.from_values(
                    PRESETS, value=self.preset, allow_blank=False, id="preset", compact=True
                )
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

    def show(self, config: RunConfig) -> None:
        """Fill the fields with the configuration of a run.

        Raises:
            ConfigError: This version does not know the data set.
        """
        resolve(config.model_dump())
        for name, value in _field_values(config).items():
            self._set_field(name, value)
        self._validate()

    @on(Collapsible.Expanded)
    async def _fill_group(self, event: Collapsible.Expanded) -> None:
        """Make the fields of a group when it is first opened: this halves the first paint."""
        contents = event.collapsible.query_one(Collapsible.Contents)
        if not contents.children:
            await contents.mount(*self._fields((event.collapsible.id or "").removeprefix("group-")))

    def _fields(self, group: str) -> list[Horizontal]:
        return [
            self._row(setting)
            for setting in settings_in(group)
            if self._has_own_data or setting.name not in OWN_DATA_SETTINGS
        ]

    def _row(self, setting: Setting) -> Horizontal:
        kind = "own-data" if setting.name in OWN_DATA_SETTINGS else ""
        return Horizontal(Label(setting.name), self._field(setting), classes=f"field {kind}")

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
            elif isinstance(before, Horizontal) and isinstance(before.parent, Widget):
                row = self._row(setting)
                before.parent.mount(row, after=before)
                before = row

    @property
    def _has_own_data(self) -> bool:
        return self._values["dataset"] not in BUILT_IN

    def _field(self, setting: Setting) -> Widget:
        value = self._values[setting.name]
        if setting.kind == "switch":
            return _Switch("", value, id=setting.name, compact=True)
        if setting.name == "dataset":
            return DatasetField(value, self._recent, id=setting.name)
        if setting.name == "device":
            return DeviceField(value, id=setting.name)
        if setting.kind == "choice":
            return Select.from_values(
                setting.choices, value=value, allow_blank=False, id=setting.name, compact=True
            )
        kind = "number" if setting.is_numeric and not setting.others else "text"
        return OrderedInput(value, id=setting.name, compact=True, type=kind)

    def _read_preset(self) -> dict[str, Any]:
        return _field_values(resolve({"dataset": self._values["dataset"]}, preset=self.preset))

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _update_setting(self, event: Input.Changed | Select.Changed | Checkbox.Changed) -> None:
        event.stop()
        control = event.control
        name, value = control.id or "", event.value
        if name == "preset":
            if value != self.preset:
                self.preset = str(value)
                self._show_help(name)
                self._apply_preset(keep=set())
        elif name in self._values and value != self._values[name]:
            self._values[name] = value
            if name == "dataset":
                self._use_dataset()
            else:
                self._validate()

    def _use_dataset(self) -> None:
        """Apply the preset to other data; what names columns was meant for a certain file."""
        self._apply_preset(keep=self._edited() - COLUMN_SETTINGS - {"dataset"})

    def _edited(self) -> set[str]:
        """The settings that differ from the preset."""
        return {name for name, value in self._values.items() if value != self._preset_values[name]}

    def _apply_preset(self, keep: set[str]) -> None:
        """Fill the fields with the values of the preset, except some."""
        self._preset_values = self._read_preset()
        for name, value in self._preset_values.items():
            if name not in keep:
                self._set_field(name, value)
        self._validate()

    def _set_field(self, name: str, value: Any) -> None:
        self._values[name] = value
        for field in self.query(f"#{name}"):  # none if its group was never opened
            if isinstance(field, DatasetField | DeviceField):
                field.choose(value)
            elif isinstance(field, Input | Select | Checkbox) and field.value != value:
                field.value = value

    def _validate(self) -> None:
        self._show_rows_of_own_data()
        try:
            config, problem = resolve(self._values, typed_in="the form"), ""
        except ConfigError as error:
            config, problem = None, error.message
        self.post_message(self.Changed(config, problem))

    @on(DescendantFocus)
    def _explain(self, event: DescendantFocus) -> None:
        self._show_help(event.widget.id or "")

    def _show_help(self, name: str) -> None:
        if name in SETTINGS:
            setting = SETTINGS[name]
            choice = self._values[name]
            words = [setting.help]
            if choice in setting.choice_help:
                words.append(f"{choice} = {setting.choice_help[choice]}")
            self.query_one("#help", Static).update(f"{'; '.join(words)} ({setting.allowed})")
        elif name == "preset":
            self.query_one("#help", Static).update(PRESETS[self.preset].help)


def _field_values(config: RunConfig) -> dict[str, Any]:
    return {name: as_typed(SETTINGS[name], value) for name, value in config.model_dump().items()}


class _Switch(Checkbox):
    """A check box that also shows its state on terminals without colours."""

    @property
    def BUTTON_INNER(self) -> str:  # pyright: ignore  # noqa: N802 - Textual's name
        """The character in the box."""
        return "✓" if self.value else " "

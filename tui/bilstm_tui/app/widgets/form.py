"""The form, made from the schema: a preset, and a field for each setting."""

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
from bilstm_core.config.schema import GROUPS, RunConfig
from bilstm_core.config.settings import SETTINGS, Setting, settings_in
from bilstm_core.errors import ConfigError

from ...text.command_line import as_typed
from .device_field import DeviceField
from .ordered_input import OrderedInput

_OPEN = {"data", "architecture"}


class Form(Widget):
    """All settings as fields, checked as they are typed.

    Args:
        config: What they show at first.
        preset: The preset that it came from.
    """

    class Changed(Message):
        """The settings are others now.

        Attributes:
            config: The new configuration; None where a field is wrong.
            problem: What is wrong, in words.
        """

        def __init__(self, config: RunConfig | None, problem: str) -> None:
            super().__init__()
            self.config = config
            self.problem = problem

    def __init__(self, config: RunConfig, preset: str) -> None:
        super().__init__()
        self.preset = preset
        self._values: dict[str, Any] = {
            name: as_typed(SETTINGS[name], value) for name, value in config.model_dump().items()
        }
        self._start = self._starting_values()

    def compose(self) -> ComposeResult:
        """A field for each setting, by group."""
        with VerticalScroll(can_focus=False):
            with Horizontal(classes="field", id="preset-field"):
                yield Label("preset")
                yield Select.from_values(
                    PRESETS, value=self.preset, allow_blank=False, id="preset", compact=True
                )
            for group in GROUPS:
                is_open = group in _OPEN
                fields = self._fields(group) if is_open else ()
                yield Collapsible(*fields, title=group, collapsed=not is_open, id=f"group-{group}")
        yield Static(id="help")

    def choose_dataset(self, name: str) -> RunConfig:
        """Take another data set, as if it had been chosen in its field.

        Raises:
            ConfigError: Another field is wrong.
        """
        self._put("dataset", name)
        self._start_anew(keep=self._edited() - {"dataset"})
        return resolve(self._values)

    def choose_learning_rate(self, rate: float) -> None:
        """Take a learning rate, as if it had been typed."""
        self._put("learning_rate", f"{rate:.2g}")
        self._check()

    def show(self, config: RunConfig) -> None:
        """Put a configuration into the fields.

        Raises:
            ConfigError: This version does not know its data set.
        """
        resolve(config.model_dump())
        for name, value in config.model_dump().items():
            self._put(name, as_typed(SETTINGS[name], value))
        self._check()

    @on(Collapsible.Expanded)
    async def _fill_group(self, event: Collapsible.Expanded) -> None:
        """The fields of a folded group are made when it is unfolded: half of the first paint."""
        contents = event.collapsible.query_one(Collapsible.Contents)
        if not contents.children:
            await contents.mount(*self._fields((event.collapsible.id or "").removeprefix("group-")))

    def _fields(self, group: str) -> list[Horizontal]:
        return [
            Horizontal(Label(setting.name), self._field(setting), classes="field")
            for setting in settings_in(group)
        ]

    def _field(self, setting: Setting) -> Widget:
        value = self._values[setting.name]
        if setting.kind == "switch":
            return _Switch("", value, id=setting.name, compact=True)
        if setting.name == "device":
            return DeviceField(value, id=setting.name)
        if setting.kind == "choice":
            return Select.from_values(
                setting.choices, value=value, allow_blank=False, id=setting.name, compact=True
            )
        return OrderedInput(value, id=setting.name, compact=True, type="number")

    def _starting_values(self) -> dict[str, Any]:
        start = resolve({"dataset": self._values["dataset"]}, preset=self.preset).model_dump()
        return {name: as_typed(SETTINGS[name], value) for name, value in start.items()}

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _take(self, event: Input.Changed | Select.Changed | Checkbox.Changed) -> None:
        event.stop()
        control = event.control
        name, value = control.id or "", event.value
        if name == "preset":
            if value != self.preset:
                self.preset = str(value)
                self._say(PRESETS[self.preset].help)
                self._start_anew(keep=set())
        elif name in self._values and value != self._values[name]:
            self._values[name] = value
            if name == "dataset":
                self._start_anew(keep=self._edited())
            self._check()

    def _edited(self) -> set[str]:
        """The settings that are no longer as the preset has them."""
        return {name for name, value in self._values.items() if value != self._start[name]}

    def _start_anew(self, keep: set[str]) -> None:
        """Put the preset's values into the fields, but for some."""
        self._start = self._starting_values()
        for name, value in self._start.items():
            if name not in keep:
                self._put(name, value)
        self._check()

    def _put(self, name: str, value: Any) -> None:
        self._values[name] = value
        for field in self.query(f"#{name}"):  # none where its group was never unfolded
            if isinstance(field, DeviceField):
                field.choose(value)
            elif isinstance(field, Input | Select | Checkbox) and field.value != value:
                field.value = value

    def _check(self) -> None:
        try:
            config, problem = resolve(self._values, typed_in="the form"), ""
        except ConfigError as error:
            config, problem = None, error.message
        self.post_message(self.Changed(config, problem))

    @on(DescendantFocus)
    def _explain(self, event: DescendantFocus) -> None:
        name = event.widget.id or ""
        if name in SETTINGS:
            setting = SETTINGS[name]
            choice = self._values[name]
            help_of_choice = setting.choice_help.get(choice)
            words = (
                f"{setting.help}; {choice} = {help_of_choice}" if help_of_choice else setting.help
            )
            self._say(f"{words} ({setting.allowed})")
        elif name == "preset":
            self._say(PRESETS[self.preset].help)

    def _say(self, words: str) -> None:
        self.query_one("#help", Static).update(words)


class _Switch(Checkbox):
    """On or off, also where there is no colour."""

    @property
    def BUTTON_INNER(self) -> str:  # pyright: ignore  # noqa: N802 - Textual's name
        """What stands in its box."""
        return "✓" if self.value else " "

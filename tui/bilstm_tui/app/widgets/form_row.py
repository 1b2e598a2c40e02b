"""A row of the form: a mark, the name of a setting, and its field."""

from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from bilstm_core.config.settings import OWN_DATA_SETTINGS, Setting

from .choice_field import ChoiceField
from .dataset_field import DatasetField
from .device_field import DeviceField
from .form_input import FormInput
from .switch_field import SwitchField

INVALID, WITHOUT_EFFECT, BY_HAND = "!", "-", "*"


class FormRow(Widget):
    """The name of a setting beside its field; highlighted while the field has the focus.

    It draws the name itself: a label in each row would be a third more widgets in the form.
    """

    def __init__(self, title: str, field: Widget, classes: str = "") -> None:
        super().__init__(classes=f"field {classes}")
        self.field = field
        self._title = title
        self._mark = ""

    def compose(self) -> ComposeResult:
        """Compose the field."""
        yield self.field

    def render(self) -> Text:
        """The mark and the name."""
        return Text(f"{self._mark or ' '} {self._title}", no_wrap=True)

    def mark(self, sign: str, *, has_effect: bool) -> None:
        """Mark the row by a sign, and not only in colour: what matters most about its value."""
        self.set_class(sign == INVALID, "-invalid")
        self.set_class(not has_effect, "-without-effect")
        if sign != self._mark:
            self._mark = sign
            self.refresh()

    def on_click(self) -> None:
        """Focus the field also from its name."""
        if not self.has_focus_within:
            self.field.focus()


def row_for(setting: Setting, value: Any, recent: list[str]) -> FormRow:
    """The row of a setting; paths of data that were chosen before are offered for the data."""
    kind = "own-data" if setting.name in OWN_DATA_SETTINGS else ""
    return FormRow(setting.name, _field_for(setting, value, recent), kind)


def _field_for(setting: Setting, value: Any, recent: list[str]) -> Widget:
    if setting.kind == "switch":
        return SwitchField(value=value, id=setting.name)
    if setting.name == "dataset":
        return DatasetField(value, recent, id=setting.name)
    if setting.name == "device":
        return DeviceField(value, id=setting.name)
    if setting.kind == "choice":
        choices = [(choice, choice) for choice in setting.choices]
        return ChoiceField(choices, value, id=setting.name)
    return FormInput(value, id=setting.name)

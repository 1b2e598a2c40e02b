"""The form's field for the preset, which says whether settings differ from it."""

from textual import on
from textual.message import Message

from bilstm_core.config.presets import PRESETS

from ..textual_internals import SelectCurrent
from .choice_field import ChoiceField, ChoiceList

MODIFIED = "modified"
"""The value while settings differ from the preset; no preset has this name."""


class PresetField(ChoiceField):
    """A list of presets; where settings differ, its first line says so and the preset resets them.

    Attributes:
        modified: How many settings differ from the preset.
    """

    class ChosenAgain(Message):
        """Posted when the preset that settings differ from is chosen again."""

    def __init__(self, preset: str, modified: int) -> None:
        self.modified = modified
        self._preset = preset
        super().__init__(
            _options_for(preset, modified), MODIFIED if modified else preset, id="preset"
        )

    @on(ChoiceList.UpdateSelection)
    def _notice_same_line(self, event: ChoiceList.UpdateSelection) -> None:
        """Reset also by the line that is chosen already: Textual announces other values only."""
        if self.listed[event.option_index] == self.value == MODIFIED:
            self.post_message(self.ChosenAgain())

    def preset_of(self, value: str) -> str:
        """The preset of a line of the list."""
        return self._preset if value == MODIFIED else value

    def show(self, preset: str, modified: int) -> None:
        """Show the preset, and how many settings differ from it."""
        if (preset, modified) == (self._preset, self.modified):
            return
        self._preset, self.modified = preset, modified
        value = MODIFIED if modified else preset
        with self.prevent(ChoiceField.Changed):
            self.set_options(_options_for(preset, modified))
            self.value = value
        for current in self.query(SelectCurrent):  # whose text may be another for the same value
            current.update(_options_for(preset, modified)[self.listed.index(value)][0])

    @property
    def steps(self) -> list[str]:
        """All presets; none where that would discard what was modified."""
        return [] if self.modified else self.listed


def _options_for(preset: str, modified: int) -> list[tuple[str, str]]:
    names = [(name, name) for name in PRESETS]
    return [(f"{preset} (modified: {modified})", MODIFIED), *names] if modified else names

"""The form's field for the preset, which says whether settings differ from it."""

from textual.message import Message

from bilstm_core.config.presets import PRESETS

from .choice_field import ChoiceField

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
            _choices_for(preset, modified), MODIFIED if modified else preset, id="preset"
        )

    def pick(self, value: str) -> None:
        """Take a preset; the line that says how many settings differ resets them."""
        if value == MODIFIED:
            self.post_message(self.ChosenAgain())
        else:
            super().pick(value)

    def preset_of(self, value: str) -> str:
        """The preset of a line of the list."""
        return self._preset if value == MODIFIED else value

    def show_preset(self, preset: str, modified: int) -> None:
        """Show the preset, and how many settings differ from it."""
        if (preset, modified) != (self._preset, self.modified):
            self._preset, self.modified = preset, modified
            self.show(_choices_for(preset, modified), MODIFIED if modified else preset)

    @property
    def steps(self) -> list[str]:
        """All presets; none where that would discard what was modified."""
        return [] if self.modified else self.listed


def _choices_for(preset: str, modified: int) -> list[tuple[str, str]]:
    names = [(name, name) for name in PRESETS]
    return [(f"{preset} (modified: {modified})", MODIFIED), *names] if modified else names

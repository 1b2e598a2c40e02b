"""What is said below the form of the setting that has the focus."""

from dataclasses import dataclass

from rich.text import Text

from bilstm_core.config.presets import PRESETS
from bilstm_core.config.settings import Setting

from .form_row import BY_HAND, INVALID, WITHOUT_EFFECT

_MOST_NAMES = 4


@dataclass(frozen=True)
class Hint:
    """The parts of a hint; empty where there is nothing to say."""

    help: str
    choice: str = ""
    choice_help: str = ""
    allowed: str = ""
    problem: str = ""
    no_effect: str = ""
    by_hand: str = ""

    def as_text(self) -> Text:
        """The hint, a line for each part: first what needs attention."""
        text = Text()
        if self.problem:
            text.append(f"{INVALID} {self.problem}\n", "bold")
        if self.no_effect:
            text.append(f"{WITHOUT_EFFECT} No effect: {self.no_effect}.\n", "bold")
        if self.by_hand:
            text.append(f"{BY_HAND} {self.by_hand}\n", "bold")
        text.append(self.help)
        if self.choice_help:
            text.append("\n").append(self.choice, "bold").append(f": {self.choice_help}")
        if self.allowed:
            text.append(f"\n{self.allowed}", "italic")
        return text


def hint_for_setting(
    setting: Setting, value: object, problem: str, no_effect: str, by_hand: str = ""
) -> Hint:
    """Explain a setting, and the choice that is made or under the cursor."""
    choice = str(value)
    known = choice if choice in setting.choice_help else _with_placeholder(choice)
    choice_help = setting.choice_help.get(known, "")
    allowed = "" if setting.kind in {"choice", "switch"} or problem else setting.allowed
    return Hint(
        help=setting.help,
        choice=choice,
        choice_help=choice_help,
        allowed=allowed,
        problem=problem,
        no_effect=no_effect,
        by_hand=by_hand,
    )


def _with_placeholder(choice: str) -> str:
    """`cuda:3` as `cuda:N`, as the choices have it."""
    name, colon, _ = choice.partition(":")
    return f"{name}:N" if colon else choice


def hint_for_preset(preset: str, edited: list[str]) -> Hint:
    """Explain a preset, and what differs from it."""
    help_line = PRESETS[preset].help
    if not edited:
        return Hint(help=f"{preset}: {help_line}")
    names = ", ".join(edited[:_MOST_NAMES])
    more = f" and {len(edited) - _MOST_NAMES} more" if len(edited) > _MOST_NAMES else ""
    return Hint(
        help=f"{preset}: {help_line}",
        allowed=f"Modified: {names}{more}. Choose {preset} again to reset.",
    )

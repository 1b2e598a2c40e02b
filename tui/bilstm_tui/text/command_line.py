"""The command line that trains what a form shows."""

from typing import Any

from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import SETTINGS, RunConfig, Setting


def command_for(config: RunConfig, preset: str) -> str:
    """The command line that trains the same without screens."""
    start = resolve({"dataset": config.dataset}, preset=preset)
    words = ["bilstm-tui", "--no-ui"]
    if preset != "default":
        words += ["--preset", preset]
    for name, setting in SETTINGS.items():
        value = getattr(config, name)
        if name == "dataset":
            if value != setting.default:
                words += [setting.flag, value]
        elif value != getattr(start, name):
            if setting.kind == "switch":
                words.append(setting.flag if value else setting.flag.replace("--", "--no-", 1))
            else:
                words += [setting.flag, as_typed(setting, value)]
    return " ".join(words)


def as_typed(setting: Setting, value: Any) -> Any:
    """A value as its field holds it: numbers as text."""
    return f"{value:.10g}" if setting.is_numeric else value

"""Settings as options of the command line."""

import shlex
from typing import Any

from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS, Setting


def command_for(config: RunConfig, preset: str) -> str:
    """The command line that trains a configuration without the app."""
    words = ["bilstm-tui", "--no-ui"]
    if preset != "default":
        words += ["--preset", preset]
    if config.dataset != SETTINGS["dataset"].default:
        words.append(option(SETTINGS["dataset"], config.dataset))
    for setting, value in changes(config, preset):
        words.append(option(setting, value))
    return " ".join(words)


def changes(config: RunConfig, preset: str) -> list[tuple[Setting, Any]]:
    """The settings that differ from a preset, without the data, and their values as typed."""
    start = resolve({"dataset": config.dataset}, preset=preset)
    return [
        (setting, as_typed(setting, getattr(config, name)))
        for name, setting in SETTINGS.items()
        if name != "dataset" and getattr(config, name) != getattr(start, name)
    ]


def option(setting: Setting, value: Any) -> str:
    """The option that gives a setting a value."""
    if setting.kind == "switch":
        return setting.flag if value else setting.flag.replace("--", "--no-", 1)
    return f"{setting.flag} {shlex.quote(str(value))}"


def as_typed(setting: Setting, value: Any) -> Any:
    """A value as the form holds it: numbers as text."""
    return f"{value:.10g}" if setting.is_numeric else value

"""Settings as options of the command line."""

import shlex
from typing import Any

from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS, Setting


def command_for(config: RunConfig, preset: str) -> str:
    """The command line that trains a configuration without the app."""
    start = resolve({"dataset": config.dataset}, preset=preset)
    words = ["bilstm-tui", "--no-ui"]
    if preset != "default":
        words += ["--preset", preset]
    for name, setting in SETTINGS.items():
        value = getattr(config, name)
        if value != (setting.default if name == "dataset" else getattr(start, name)):
            words.append(option(setting, as_typed(setting, value)))
    return " ".join(words)


def option(setting: Setting, value: Any) -> str:
    """The option that gives a setting a value."""
    if setting.kind == "switch":
        return setting.flag if value else setting.flag.replace("--", "--no-", 1)
    return f"{setting.flag} {shlex.quote(str(value))}"


def as_typed(setting: Setting, value: Any) -> Any:
    """A value as the form holds it: numbers as text."""
    return f"{value:.10g}" if setting.is_numeric else value

"""Options that several commands share, and the options of the settings."""

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from bilstm_core import paths
from bilstm_core.config.presets import PRESETS, default_in_words
from bilstm_core.config.schema import GROUPS
from bilstm_core.config.settings import SETTINGS, Setting

COMMANDS = Group("Commands", sort_key=0)
HOW_TO_RUN = Group("How to run", sort_key=1)
_SETTINGS = {
    name: Group(f"{name.capitalize()}: {what}", sort_key=2 + index)
    for index, (name, what) in enumerate(GROUPS.items())
}
_METAVARS = {"choice": "NAME", "switch": None, "integer": "N", "number": "X", "text": "NAME"}

RunsDir = Annotated[
    Path | None,
    Parameter(help=f"folder of the runs; default: {paths.RUNS_DIR_VARIABLE} or ./runs"),
]
DataDir = Annotated[
    Path | None,
    Parameter(
        help="folder of the data sets in torchvision's layout; default: "
        f"{paths.DATA_DIR_VARIABLE} or the user's cache folder"
    ),
]
RunName = Annotated[
    str,
    Parameter(help="its name, the start or end of its name, a path, or latest", metavar="RUN"),
]
Preset = Annotated[
    str | None,
    Parameter(
        help="settings to start from: "
        + "; ".join(f"{name}, {preset.help}" for name, preset in PRESETS.items())
    ),
]
ConfigFile = Annotated[
    Path | None, Parameter(help="TOML file of settings, as --print-config writes it")
]


def switch(help_line: str) -> Parameter:
    """An option without a value."""
    return Parameter(help=help_line, negative="", show_default=False)


Ascii = Annotated[bool, switch("draw the app in ASCII only")]
Redraws = Annotated[
    float | None,
    Parameter(
        help="how often per second the app draws at most, from 0.1 to 10; fewer for slow "
        "links; default: as last chosen in the app, at first 1",
        metavar="X",
        validator=Number(gte=0.1, lte=10),
    ),
]


def with_settings(
    command: Callable[..., int],
    settings: Iterable[Setting] = SETTINGS.values(),
    default_of: Callable[[Setting], str] = default_in_words,
) -> Callable[..., int]:
    """Replace the last parameter of a command, `**settings`, by an option for each setting."""
    signature = inspect.signature(command)
    *own, _settings = signature.parameters.values()
    options = [*own, *(_setting_option(setting, default_of(setting)) for setting in settings)]
    command.__signature__ = signature.replace(parameters=options)  # pyright: ignore
    command.__annotations__ = {option.name: option.annotation for option in options}
    return command


def _setting_option(setting: Setting, default: str) -> inspect.Parameter:
    """The option of a setting: text, which the schema validates, or a switch."""
    is_switch = setting.kind == "switch"
    limits = "" if is_switch else f"{setting.limits}; "
    in_words = f" ({limits}default: {default})" if default else ""
    parameter = Parameter(
        name=setting.flag,
        help=setting.full_help + in_words,
        metavar=_METAVARS[setting.kind],
        group=_SETTINGS[setting.group],
        allow_leading_hyphen=True,
        show_default=False,
    )
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[bool | None if is_switch else str | None, parameter],
    )


def given(settings: dict[str, str | bool | None]) -> dict[str, str | bool]:
    """The settings that were typed."""
    return {name: value for name, value in settings.items() if value is not None}

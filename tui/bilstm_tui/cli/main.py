"""The command line: what can be typed, and where it leads."""

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeGuard

from cyclopts import App, CycloptsError, Group, Parameter, UnknownOptionError, UnusedCliTokensError
from cyclopts.validators import Number

from bilstm_core import __version__, paths
from bilstm_core.compute.openmp import limit_spinning
from bilstm_core.config.presets import PRESETS, default_in_words
from bilstm_core.config.resolve import did_you_mean, resolve, to_toml, unknown_variables
from bilstm_core.config.schema import GROUPS, SETTINGS, Setting
from bilstm_core.errors import BilstmError, OutputError, UsageError
from bilstm_core.runs.store import check_label

from ..app.preferences import LEAST_REDRAWS, MOST_REDRAWS, PreferencesFile
from ..text.console import (
    abandon_stdout,
    is_screen,
    make_console,
    show_failure,
    show_internal_error,
    show_warning,
)
from .commands import COMMANDS, DataDir, RunsDir, launched, switch

_HELP = """\
Train an LSTM or BiLSTM on images read row by row, on a screen or in a script.

A setting is taken from the first place that has it: its option, its environment
variable (BILSTM_HIDDEN_SIZE, …), --config, --preset, its default.
"""
_EPILOGUE = """\
Examples:
  bilstm-tui --no-ui --dataset digits       seconds, no network
  bilstm-tui --no-ui --preset notebook      the notebook's two accuracy lines
  bilstm-tui --no-ui --json > events.jsonl  one event a line, for scripts
  bilstm-tui --detach --preset best         goes on when the connection drops
  bilstm-tui resume latest                  from its last checkpoint

Exit codes: 0 done, 1 training failed, 2 wrong command or configuration,
3 data not available, 4 broken installation, 5 output cannot be written,
70 a defect of bilstm-tui, 130 stopped by Ctrl-C or `stop`, 143 by SIGTERM,
129 by SIGHUP, 138 by SIGUSR1.
"""

_COMMANDS = Group("Commands", sort_key=0)
_RUN = Group("How to run", sort_key=1)
_SETTINGS = {
    name: Group(f"{name.capitalize()}: {what}", sort_key=2 + index)
    for index, (name, what) in enumerate(GROUPS.items())
}

app = App(
    name="bilstm-tui",
    help=_HELP,
    help_epilogue=_EPILOGUE,
    help_format="plaintext",
    version=__version__,
    version_flags=["--version"],
    group_commands=_COMMANDS,
    group_parameters=_RUN,
    console=make_console(),
    result_action="return_value",
)
app["--help"].group = _RUN
app["--version"].group = _RUN


def run(tokens: list[str]) -> int:
    """Carry out a command line; the result is the process's exit code."""
    try:
        return app(tokens, exit_on_error=False, print_error=False) or 0
    except CycloptsError as error:
        failure: BilstmError = _usage_error(error)
    except BilstmError as error:
        failure = error
    except BrokenPipeError:  # whoever read our output has gone
        abandon_stdout()
        return 141
    except Exception as error:
        if not _is_of_a_stream(error):
            return show_internal_error(error)
        abandon_stdout()
        failure = OutputError(f"{error.strerror or error}.")
    show_failure(failure)
    return failure.exit_code


def _is_of_a_stream(error: Exception) -> TypeGuard[OSError]:
    """Whether writing our output failed: errors of files name their file."""
    return isinstance(error, OSError) and error.filename is None


def _usage_error(error: CycloptsError) -> UsageError:
    advice = "`bilstm-tui --help` lists every option."
    if isinstance(error, UnknownOptionError) and error.token:
        typed = error.token.keyword or error.token.value
        known = {flag.removeprefix("--") for flag in _FLAGS if flag != typed}
        nearest = did_you_mean(typed.lstrip("-"), known).replace("mean ", "mean --")
        return UsageError(f"There is no option {typed} here.{nearest}", advice)
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        typed = error.unused_tokens[0]
        if typed in _COMMAND_NAMES:
            return UsageError(f"{typed} is a command and comes first: bilstm-tui {typed}", advice)
        nearest = did_you_mean(typed, _COMMAND_NAMES)
        return UsageError(f"{typed} is no command, and no option takes it.{nearest}", advice)
    return UsageError(" ".join(str(error).split()), advice)


_TYPED_IN = "the command line"
_METAVARS = {"choice": "NAME", "switch": None, "integer": "N", "number": "X"}


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


def start(
    *,
    no_ui: Annotated[bool, switch("train here and now, in lines instead of on screens")] = False,
    json: Annotated[
        bool,
        switch("print events as JSON lines on stdout, nothing else there; implies --no-ui"),
    ] = False,
    preset: Preset = None,
    config: ConfigFile = None,
    print_config: Annotated[bool, switch("print the resulting settings as TOML and exit")] = False,
    name: Annotated[
        str | None, Parameter(help="the readable part of the run's name; default: its cell")
    ] = None,
    detach: Annotated[
        bool,
        switch("train in a process that outlives this terminal; print the run's name; no app"),
    ] = False,
    ascii: Annotated[bool, switch("draw the app in ASCII alone")] = False,  # noqa: A002
    redraws: Annotated[
        float | None,
        Parameter(
            help="how often a second the app draws at most, from 0.1 to 10; few on slow links; "
            "default: as last chosen in the app, at first 1",
            metavar="X",
            validator=Number(gte=LEAST_REDRAWS, lte=MOST_REDRAWS),
        ),
    ] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: str | bool | None,
) -> int:
    """Train: with screens, or with --no-ui in lines."""
    opens_app = not (no_ui or json or detach or print_config)
    data_dir = data_dir and paths.expanded(data_dir)
    chosen, given = _chosen(preset), _given(settings)
    typed = dict(given)
    is_data_named = "dataset" in typed or SETTINGS["dataset"].variable in os.environ or config
    if opens_app and not is_data_named and not _has_mnist(paths.data_dir(data_dir)):
        typed["dataset"] = "digits"  # a newcomer's first curve waits for no download
    resolved = resolve(typed, environ=os.environ, file=config, preset=chosen, typed_in=_TYPED_IN)
    for warning in unknown_variables(os.environ):
        show_warning(warning)
    if print_config:
        sys.stdout.write(to_toml(resolved))
        return 0
    if opens_app:
        _require_terminal()
    if name is not None:
        check_label(name)
    folder = paths.runs_dir(runs_dir)
    if detach:
        from bilstm_core.processes.protocol import StartRun  # not needed for --help

        order = StartRun(
            config=resolved,
            runs_dir=folder.absolute(),
            name=name,
            data_dir=data_dir and data_dir.absolute(),
        )
        return launched(order)
    if opens_app:
        from ..app.app import BilstmApp  # only where it is needed: --help stays fast

        remembered = PreferencesFile()
        is_anything_chosen = any(
            (given, config, preset, os.environ.get(paths.PRESET_VARIABLE), *_settings_in_environ())
        )
        if not is_anything_chosen and remembered.kept.last_form:
            resolved, chosen = remembered.kept.last_form
        app = BilstmApp(
            resolved,
            chosen,
            folder,
            data_dir,
            name=name,
            preferences=remembered,
            redraws_per_second=redraws,
            is_ascii=ascii or not sys.stdout.encoding.lower().startswith("utf"),
        )
        code = app.run()
        return show_internal_error(app.defect) if app.defect else code or 0
    from . import headless

    def begin() -> headless.TrainingSession:
        limit_spinning()
        from bilstm_core.processes import session  # imports torch: seconds

        return session.start_run(resolved, folder, name, data_dir)

    return headless.run(begin, as_json=json)


def _chosen(preset: str | None) -> str:
    """The preset to start from: as typed, as the environment has it, or the default."""
    return preset or os.environ.get(paths.PRESET_VARIABLE) or "default"


def _given(settings: dict[str, str | bool | None]) -> dict[str, str | bool]:
    """The settings that were typed."""
    return {name: value for name, value in settings.items() if value is not None}


def _settings_in_environ() -> list[str]:
    """The environment variables of settings that are set."""
    variables = (setting.variable for setting in SETTINGS.values())
    return [variable for variable in variables if os.environ.get(variable)]


def _has_mnist(folder: Path) -> bool:
    """Whether a data folder, in any of the forms that `load_dataset` takes, looks like MNIST's."""
    return folder.name == "raw" or any((folder / part).is_dir() for part in ("MNIST/raw", "raw"))


def _require_terminal() -> None:
    """Refuse to open the app where it could not be seen.

    Raises:
        UsageError: stdin or stdout is no terminal, or one that cannot move its cursor.
    """
    if sys.stdin.isatty() and is_screen():
        return
    is_dumb = sys.stdin.isatty() and sys.stdout.isatty()
    raise UsageError(
        f"The app needs a terminal, and TERM={os.environ.get('TERM', '')} cannot show it."
        if is_dumb
        else "The app needs a terminal, and stdin or stdout is none.",
        "Train without it: bilstm-tui --no-ui",
        title="No terminal",
    )


def lr_find(
    *,
    preset: Preset = None,
    config: ConfigFile = None,
    json: Annotated[bool, switch("print rates, losses and suggestion as JSON")] = False,
    data_dir: DataDir = None,
    **settings: str | bool | None,
) -> int:
    """Find a learning rate: train for a hundred steps while it rises, and see where loss falls."""
    from .learning_rate import show_learning_rates

    resolved = resolve(
        _given(settings),
        environ=os.environ,
        file=config,
        preset=_chosen(preset),
        typed_in=_TYPED_IN,
    )
    limit_spinning()
    from bilstm_core.training.learning_rate_finder import (
        find_learning_rate,  # imports torch: seconds
    )

    return show_learning_rates(
        resolved, find_learning_rate(resolved, data_dir=data_dir), as_json=json
    )


@app.command(group=_COMMANDS)
def doctor(
    *,
    data_dir: Annotated[Path | None, Parameter(help="folder of the data sets to look at")] = None,
) -> int:
    """Print versions, devices and folders, and what is wrong with them."""
    from .doctor import show_diagnosis

    return show_diagnosis(data_dir)


def _setting_parameter(setting: Setting) -> inspect.Parameter:
    """The option of a setting: text, checked by the schema alone, or a switch."""
    typed = bool | None if setting.kind == "switch" else str | None
    limits = "" if setting.kind == "switch" else f"{setting.limits}; "
    parameter = Parameter(
        name=setting.flag,
        help=f"{setting.help} ({limits}default: {default_in_words(setting)})",
        metavar=_METAVARS[setting.kind],
        group=_SETTINGS[setting.group],
        allow_leading_hyphen=True,
        show_default=False,
    )
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[typed, parameter],
    )


def _with_settings(command: Callable[..., int]) -> Callable[..., int]:
    """The command with an option for each setting of the schema in place of `**settings`."""
    signature = inspect.signature(command)
    own = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    options = [_setting_parameter(setting) for setting in SETTINGS.values()]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # pyright: ignore
    command.__annotations__ = {option.name: option.annotation for option in [*own, *options]}
    return command


for _command in COMMANDS:
    app.command(_command, group=_COMMANDS)
_COMMAND_NAMES = ["doctor", "lr-find", *(command.__name__ for command in COMMANDS)]
_FLAGS = [setting.flag for setting in SETTINGS.values()] + [
    "--" + name.replace("_", "-")
    for name, parameter in inspect.signature(start).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
]
app.command(_with_settings(lr_find), name="lr-find", group=_COMMANDS)
app.default(_with_settings(start))

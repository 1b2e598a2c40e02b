"""The command line: its commands, and what is printed when one fails."""

import inspect
from typing import TypeGuard

from cyclopts import App, CycloptsError, UnknownOptionError, UnusedCliTokensError

from bilstm_core import __version__, paths
from bilstm_core.config.presets import PRESETS, default_in_words
from bilstm_core.config.resolve import did_you_mean
from bilstm_core.config.settings import DATA_SETTINGS, RESUMABLE, SETTINGS, Setting
from bilstm_core.errors import BilstmError, OutputError, Remedy, UsageError, imports_in_words

from ..text.console import abandon_stdout, make_console, show_failure, show_internal_error
from .attach import attach
from .data import data
from .doctor import doctor
from .export import export
from .import_weights import KNOWN_BY_SHAPES, import_weights
from .learning_rate import lr_find
from .options import COMMANDS, HOW_TO_RUN, with_settings
from .predict import predict
from .remove import rm
from .resume import resume
from .runs import runs
from .stop import stop
from .sweep import sweep
from .train import train

_HELP = """\
Train an LSTM, GRU or BiLSTM to classify sequences, in an app or in a script.

A setting is taken from the first place that has it: its option, its environment
variable (BILSTM_HIDDEN_SIZE, …), --config, --preset, its default.
"""
_EPILOGUE = """\
Examples:
  bilstm-tui --no-ui --dataset digits       seconds, no network
  bilstm-tui --no-ui --preset notebook      the notebook's two accuracy lines
  bilstm-tui --no-ui --json > events.jsonl  one event per line, for scripts
  bilstm-tui --detach --preset best         continues when the connection drops
  bilstm-tui resume latest                  from its last checkpoint

Exit codes: 0 done, 1 training failed, 2 wrong command or configuration,
3 data not available, 4 broken installation, 5 output cannot be written,
70 internal error, 130 stopped by Ctrl-C or `stop`, 143 by SIGTERM,
129 by SIGHUP, 138 by SIGUSR1.
"""

app = App(
    name="bilstm-tui",
    help=_HELP,
    help_epilogue=_EPILOGUE,
    help_format="plaintext",
    version=__version__,
    version_flags=["--version"],
    group_commands=COMMANDS,
    group_parameters=HOW_TO_RUN,
    console=make_console(),
    result_action="return_value",
)
app["--help"].group = HOW_TO_RUN
app["--version"].group = HOW_TO_RUN


def _imported_default(setting: Setting) -> str:
    """What a setting of an imported network is where nothing is said, in words."""
    if setting.name in {"dataset", "readout"}:
        return ""
    values = {**PRESETS["notebook"].values, "num_epochs": 1}
    return (
        str(values[setting.name]).lower() if setting.name in values else default_in_words(setting)
    )


_COMMANDS = {
    "doctor": doctor,
    "runs": runs,
    "attach": attach,
    "stop": stop,
    "resume": with_settings(
        resume, (SETTINGS[name] for name in SETTINGS if name in RESUMABLE), lambda _: "as before"
    ),
    "rm": rm,
    "predict": predict,
    "export": export,
    "import": with_settings(
        import_weights,
        (SETTINGS[name] for name in SETTINGS if name not in KNOWN_BY_SHAPES),
        _imported_default,
    ),
    "data": with_settings(data, (SETTINGS[name] for name in DATA_SETTINGS if name != "dataset")),
    "lr-find": with_settings(lr_find),
    "sweep": with_settings(sweep),
}
for _name, _command in _COMMANDS.items():
    app.command(_command, name=_name, group=COMMANDS)
_TRAIN = with_settings(train)
app.default(_TRAIN)


def run(tokens: list[str]) -> int:
    """Run a command line; return the exit code."""
    command = tokens[0] if tokens and tokens[0] in _COMMANDS else ""
    try:
        paths.require_working_directory()
        with imports_in_words():
            return app(tokens, exit_on_error=False, print_error=False) or 0
    except CycloptsError as error:
        failure: BilstmError = _usage_error(error, command)
    except BilstmError as error:
        failure = error
    except BrokenPipeError:  # the process that reads stdout has exited
        abandon_stdout()
        return 141
    except Exception as error:
        if not _is_stream_error(error):
            return show_internal_error(error)
        abandon_stdout()
        failure = OutputError(f"{error.strerror or error}.")
    options = inspect.signature(_COMMANDS.get(command, _TRAIN)).parameters.keys() & SETTINGS.keys()
    show_failure(failure, options=options, typed=() if command else tokens)
    return failure.exit_code


def _is_stream_error(error: Exception) -> TypeGuard[OSError]:
    """Whether stdout could not be written; errors of files have a file name."""
    return isinstance(error, OSError) and error.filename is None


def _usage_error(error: CycloptsError, command: str) -> UsageError:
    advice = Remedy("List every option.", "list_settings")
    if command:
        advice = f"List every option: bilstm-tui {command} --help"
    if isinstance(error, UnknownOptionError) and error.token:
        typed = error.token.keyword or error.token.value
        if command == "resume" and any(typed == setting.flag for setting in SETTINGS.values()):
            return _not_resumable(typed)
        options = {name.replace("_", "-") for name in inspect.signature(_TRAIN).parameters}
        nearest = did_you_mean(typed.lstrip("-"), options - {typed.removeprefix("--")})
        nearest = nearest.replace("mean ", "mean --")
        return UsageError(f"There is no option {typed} here.{nearest}", advice)
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        typed = error.unused_tokens[0]
        if typed in _COMMANDS:
            return UsageError(f"{typed} is a command and comes first: bilstm-tui {typed}", advice)
        if typed.lower() in {"true", "false"}:
            message = f"{typed} cannot be the value of an option: a switch has two options."
            return UsageError(message, "For example: --bidirectional or --no-bidirectional", advice)
        nearest = did_you_mean(typed, _COMMANDS)
        return UsageError(f"{typed} is not a command or the value of an option.{nearest}", advice)
    return UsageError(" ".join(str(error).split()), advice)


def _not_resumable(option: str) -> UsageError:
    may_change = ", ".join(SETTINGS[name].flag for name in SETTINGS if name in RESUMABLE)
    return UsageError(
        f"{option} cannot change when a run is resumed.",
        f"These may: {may_change}.",
        "To change others, start a new run from the settings in the run's folder: bilstm-tui "
        f"--no-ui --config FOLDER/config.toml {option} VALUE",
    )

"""What to do about a failure: commands and options of the command line."""

import re
import shlex
from collections.abc import Collection, Iterable, Sequence

from bilstm_core.config.settings import SETTINGS
from bilstm_core.errors import Action, Remedy
from bilstm_core.paths import DATA_DIR_VARIABLE, RUNS_DIR_VARIABLE

from .command_line import option

COMMANDS: dict[Action, str] = {
    "resume": "bilstm-tui resume {run} {options}",
    "restart": "bilstm-tui --no-ui --config {run}",
    "attach": "bilstm-tui attach {run}",
    "stop": "bilstm-tui stop {run}",
    "train": "bilstm-tui --no-ui {typed}",
    "list_runs": "bilstm-tui runs",
    "list_settings": "bilstm-tui --help",
    "print_config": "bilstm-tui --no-ui --print-config",
    "doctor": "bilstm-tui doctor",
    "set": "{options}",
    "replace": "--force",
    "choose_runs_dir": f"--runs-dir FOLDER or {RUNS_DIR_VARIABLE}",
    "choose_data_dir": f"--data-dir FOLDER or {DATA_DIR_VARIABLE}",
}
"""What to type for each action."""


_SETTING = re.compile(
    r"(?<![\w./'-])(?:`(?P<quoted>\w+)`|(?P<name>[a-z]+(?:_[a-z]+)*)"
    r"(?:(?P<value> = (?:'[^']*'|\S*[^\s.,;]))|(?!\w|=|[./'-]\w| \()))"
)
"""The name of a setting in a sentence, and perhaps its value. A column may be called as a setting
is: that is its name where a file or type follows. A name of one word may be any word. In NAME=VALUE
it stays a name: that is typed as it is."""
_LIST = re.compile(r": \w+(?:, \w+)+\.?$")
"""Names at the end of a line, of which one is to be chosen."""


def with_commands(
    advice: str,
    remedies: Iterable[Remedy],
    *,
    options: Collection[str] = (),
    typed: Sequence[str] = (),
) -> str:
    """Advice, with the command or option for each remedy at the end of its line.

    Args:
        advice: As in a `BilstmError`.
        remedies: Likewise.
        options: Settings that are options of the command that failed: others lines name those
            options in place of the settings.
        typed: What was typed to train, and is to be typed again.
    """
    commands = {remedy.text: _command(remedy, typed) for remedy in remedies}
    return "\n".join(
        f"{line.removesuffix('.')}: {commands[line]}"
        if line in commands
        else with_options(line, options)
        for line in advice.splitlines()
    )


def with_options(line: str, options: Collection[str]) -> str:
    """A line of advice with options for the settings in it: `id_column = x` is --id-column x."""

    def typed(found: re.Match[str]) -> str:
        name, value = found["quoted"] or found["name"], found["value"] or ""
        is_certain = "_" in name or value or found["quoted"]
        if name not in options or not is_certain:
            return found[0]
        return SETTINGS[name].flag + value.replace(" = ", " ", 1)

    names = _LIST.search(line)
    end = names.start() if names else len(line)
    return _SETTING.sub(typed, line[:end]) + line[end:]


def _command(remedy: Remedy, typed: Sequence[str]) -> str:
    run = shlex.quote(remedy.run or "./FOLDER")
    known = (name for name in remedy.settings if name in SETTINGS)  # a log may hold anything
    options = " ".join(option(SETTINGS[name], remedy.settings[name]) for name in known)
    words = shlex.join(typed)
    return COMMANDS[remedy.action].format(run=run, options=options, typed=words).strip()

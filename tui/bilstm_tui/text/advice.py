"""What to do about a failure: commands and options of the command line."""

import shlex
from collections.abc import Iterable

from bilstm_core.config.settings import SETTINGS
from bilstm_core.errors import Action, Remedy
from bilstm_core.paths import DATA_DIR_VARIABLE, RUNS_DIR_VARIABLE

from .command_line import option

COMMANDS: dict[Action, str] = {
    "resume": "bilstm-tui resume {run} {options}",
    "restart": "bilstm-tui --no-ui --config {run}",
    "attach": "bilstm-tui attach {run}",
    "stop": "bilstm-tui stop {run}",
    "train": "bilstm-tui --no-ui",
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


def with_commands(advice: str, remedies: Iterable[Remedy]) -> str:
    """Advice, with the command or option for each remedy at the end of its line."""
    commands = {remedy.text: _command(remedy) for remedy in remedies}
    return "\n".join(
        f"{line.removesuffix('.')}: {commands[line]}" if line in commands else line
        for line in advice.splitlines()
    )


def _command(remedy: Remedy) -> str:
    run = shlex.quote(remedy.run or "./FOLDER")
    known = (name for name in remedy.settings if name in SETTINGS)  # a log may hold anything
    options = " ".join(option(SETTINGS[name], remedy.settings[name]) for name in known)
    return COMMANDS[remedy.action].format(run=run, options=options).strip()

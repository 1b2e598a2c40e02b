"""What to do about a failure, as it is typed: in consoles, dialogs, and out of other processes."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from bilstm_core import events
from bilstm_core.errors import Action, BilstmError, Remedy, RunBusyError
from bilstm_core.processes.worker_client import error_from_event
from bilstm_tui.app.screens.dialogs import error_dialog
from bilstm_tui.cli import main as cli
from bilstm_tui.text.advice import COMMANDS, with_commands
from bilstm_tui.text.console import show_failure

BUSY = RunBusyError(
    "a is being trained.", Remedy("Stop it.", "stop", "a"), "Else wait.", title="Busy"
)
STOP = "Stop it: bilstm-tui stop a\nElse wait."


def typed(action: Action, run: str = "a", **settings: str | float | bool) -> str:
    """What is added to the line of one remedy."""
    remedy = Remedy("Do it.", action, run, settings)
    return with_commands(remedy.text, [remedy]).removeprefix("Do it: ")


def test_every_action_has_something_to_type() -> None:
    assert set(COMMANDS) == set(get_args(Action))


@pytest.mark.parametrize("action", get_args(Action))
def test_what_is_typed_exists(action: Action) -> None:
    typed_words = shlex.split(typed(action, seed=7).partition(" or ")[0])
    words = [word for word in typed_words if word not in {"--help", "--seed", "7"}]
    command = ["export"] if action == "replace" else []  # an option of that command
    _, apps, rest = cli.app.parse_commands([*command, *words[words[:1] == ["bilstm-tui"] :]])
    arguments = apps[-1].assemble_argument_collection()
    known = {name for argument in arguments for name in argument.names}
    assert {word for word in rest if word.startswith("--")} <= known
    assert rest[:1] in ([], ["a"]) or rest[0].startswith("--")


def test_settings_are_options() -> None:
    assert typed("set", cuda_graph=False) == "--no-cuda-graph"
    assert typed("set", bidirectional=True) == "--bidirectional"
    assert typed("set", dataset="digits") == "--dataset digits"
    assert (
        typed("resume", patience=4, num_epochs=10)
        == "bilstm-tui resume a --patience 4 --num-epochs 10"
    )
    assert typed("resume", "") == "bilstm-tui resume ./FOLDER"
    assert typed("restart", "/b c/config.toml") == "bilstm-tui --no-ui --config '/b c/config.toml'"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Set label_column to one of them.", "Set --label-column to one of them."),
        ("Set id_column = x; or id_column = -.", "Set --id-column x; or --id-column -."),
        ("Set id_column = 'a b'.", "Set --id-column 'a b'."),
        ("Set id_column = label_column.", "Set --id-column label_column."),
        ("Change learning_rate.", "Change --learning-rate."),
        ("missing = forward or mean fills in.", "--missing forward or mean fills in."),
        ("Then `features` names those to use.", "Then --features names those to use."),
        ("Such as: --search learning_rate=1e-3..1:log --search missing=mean,error", None),
        ("Such as: learning_rate=1e-3..1:log, missing=mean,error.", None),
        ("Settings that can be searched: seed, learning_rate, missing, id_column.", None),
        ("Set id_column = x: a, b.", "Set --id-column x: a, b."),
        ("Columns: label_column (text), features (text).", None),
        ("The features of 'id_column' are in /data/id_column.csv.", None),
        ("seed_column = 3 and max_length = 2 are no options of the command.", None),
    ],
)
def test_advice_names_the_options_that_a_command_has(line: str, expected: str | None) -> None:
    options = {"label_column", "id_column", "learning_rate", "missing", "features", "seed"}
    assert with_commands(line, (), options=options) == (expected or line)
    assert with_commands(line, ()) == line


def test_a_hostile_log_cannot_add_commands() -> None:
    assert typed("resume", "a; rm -rf ~") == "bilstm-tui resume 'a; rm -rf ~'"
    assert typed("set", dataset="$(reboot)", seed="{run}") == "--dataset '$(reboot)' --seed '{run}'"
    assert typed("resume", joke=1) == "bilstm-tui resume a"


def test_a_failure_of_another_process_has_the_same_lines() -> None:
    line = events.to_json(events.Failed.from_error(BUSY))
    failed = events.from_json(line)
    assert isinstance(failed, events.Failed)
    relayed = error_from_event(failed)
    assert relayed.remedies == BUSY.remedies
    assert with_commands(relayed.advice, relayed.remedies) == STOP


def test_a_remedy_of_a_later_version_is_only_its_text() -> None:
    line = events.to_json(events.Failed.from_error(BUSY)).replace('"stop"', '"soothe"')
    failed = events.from_json(line)
    assert isinstance(failed, events.Failed)
    assert with_commands(failed.advice, failed.remedies) == BUSY.advice


def test_the_console_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(BUSY)
    assert capsys.readouterr().err == (
        "✗ Busy\n  a is being trained.\n\n  Stop it: bilstm-tui stop a\n  Else wait.\n"
    )


def test_a_dialog_shows_them() -> None:
    assert error_dialog(BUSY)._message == f"a is being trained.\n\n{STOP}"


def test_a_worker_s_failure_names_commands(tmp_path: Path) -> None:
    """A device that this machine lacks is noticed in the worker."""
    order = ["--detach", "--dataset", "digits", "--device", "cuda:99", "--runs-dir", str(tmp_path)]
    refused = subprocess.run(
        [sys.executable, "-m", "bilstm_tui", *order], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "Check the installation: bilstm-tui doctor" in refused.stderr


def test_no_advice_is_no_lines() -> None:
    assert with_commands(BilstmError("Oh.").advice, ()) == ""

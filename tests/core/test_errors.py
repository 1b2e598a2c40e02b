"""Errors: their advice is true in the library, where nobody types a command."""

import ast
import re
from pathlib import Path

from bilstm_core import errors
from bilstm_core.errors import BilstmError, Remedy, RunFolderMissingError

CORE = Path(errors.__file__).parent
COMMAND_LINE = re.compile(
    r"bilstm-tui (-|runs|attach|stop|resume|rm|predict|doctor|lr-find)|`bilstm-tui|(?<![\w-])--\w"
)
ALLOWED = ("# bilstm-tui --no-ui --config THIS_FILE repeats this run", "pip install ")
"""The first line of a config.toml, and how to mend an installation."""


def spoken_strings(module: Path) -> list[str]:
    """The string literals of a module, docstrings left out."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documented = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documented
    ]


def test_the_library_names_no_commands_and_no_options() -> None:
    assert [
        (module.name, text)
        for module in CORE.rglob("*.py")
        for text in spoken_strings(module)
        if COMMAND_LINE.search(text) and not any(allowed in text for allowed in ALLOWED)
    ] == []


def test_advice_is_text_and_remedies() -> None:
    stop = Remedy("Stop it.", "stop", "a")
    error = BilstmError("It is busy.", "Wait.", stop, title="Busy")
    assert str(error) == error.message == "It is busy."
    assert error.advice == "Wait.\nStop it."
    assert error.remedies == (stop,)
    assert (BilstmError("Oh.").advice, BilstmError("Oh.").remedies) == ("", ())


def test_a_library_user_reads_no_command() -> None:
    error = RunFolderMissingError("runs/a")
    assert error.remedies
    assert not COMMAND_LINE.search(f"{error} {error.advice}")

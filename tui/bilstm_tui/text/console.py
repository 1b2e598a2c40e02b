"""Printing for people: consoles, failures in words, and text from elsewhere made sanitize."""

import io
import os
import re
import sys
import time
import traceback
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bilstm_core import paths
from bilstm_core.errors import INTERNAL_ERROR_EXIT_CODE, BilstmError

from .advice import with_commands

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def tolerate_missing_streams() -> None:
    """Let a closed stream lead nowhere, and a locale without UTF-8 cost a character."""
    sys.stdin = sys.stdin or Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def abandon_stdout() -> None:
    """Nobody takes what we print any more: let what is still to be flushed go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_screen() -> bool:
    """Whether stdout is a terminal that understands control codes."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


class _Console(Console):
    """Leaves a reader that has gone to whoever carries out the command."""

    def on_broken_pipe(self) -> None:
        """Called where the pipe's error is being handled; Rich itself would exit with 1."""
        raise  # noqa: PLE0704 - the error being handled


def make_console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is: no markup, no emoji codes, no guessed colours."""
    return _Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def sanitize(text: str) -> str:
    """Text from a file or a foreign variable with its control characters made visible."""
    return _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)


def say(line: str) -> None:
    """Print a line on stdout."""
    make_console().print(sanitize(line), soft_wrap=True)


def show_failure(error: BilstmError) -> None:
    """Print on stderr what happened and what to do next."""
    console = make_console(stderr=True)
    console.print(Text(f"✗ {error.title}", style="bold red"))
    _print_indented(console, error.message)
    if error.advice:
        console.print()
        _print_indented(console, with_commands(error.advice, error.remedies))


def show_warning(message: str) -> None:
    """Say something on stderr that the user should know."""
    make_console(stderr=True).print(Text(f"! {sanitize(message)}", style="yellow"), soft_wrap=True)


def _print_indented(console: Console, text: str) -> None:
    harmless_text = sanitize(text)
    if console.is_terminal:
        console.print(Padding(Text(harmless_text), (0, 0, 0, 2)))
    else:
        for line in harmless_text.splitlines():  # whole lines, for grep
            console.print(f"  {line}", soft_wrap=True)


def show_internal_error(error: Exception) -> int:
    """Report an internal error; keep the traceback in a file. Returns the exit code."""
    trace = "".join(traceback.format_exception(error))
    try:
        folder = paths.log_dir()
        folder.mkdir(parents=True, exist_ok=True)
        report = folder / time.strftime("crash-%Y-%m-%d_%H%M%S.log")
        report.write_text(trace, encoding="utf-8")
        where = f"The traceback is in {report}."
    except OSError:
        where = f"The traceback:\n{trace}"
    name = type(error).__name__
    show_failure(
        BilstmError(
            f"{name}: {error}",
            f"This is an internal error of bilstm-tui, not a fault of your command; please report "
            f"it. {where}",
        )
    )
    return INTERNAL_ERROR_EXIT_CODE

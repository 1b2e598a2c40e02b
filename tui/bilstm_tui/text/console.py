"""Printing on a terminal: consoles, lines, warnings and failures."""

import codecs
import io
import locale
import os
import select
import sys
import tempfile
import time
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bilstm_core import paths
from bilstm_core.cleaning import escape
from bilstm_core.errors import INTERNAL_ERROR_EXIT_CODE, BilstmError

from .advice import with_commands

sanitize = escape
"""What this process says itself may contain paths, and is escaped where it is printed."""

_SIMILAR = "bilstm-tui.similar"
"""The name of what replaces characters that a stream cannot encode."""
_ASCII_CODESETS = {"ANSI_X3.4-1968", "US-ASCII"}
"""Of the locale C, on Linux and on macOS."""


def tolerate_missing_streams() -> None:
    """Replace closed streams by /dev/null, and characters that a stream cannot encode by similar.

    In the locale C Python writes UTF-8. A terminal does not show that there, so lines for people
    are ASCII; what another process reads stays UTF-8.
    """
    sys.stdin = sys.stdin or Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    codecs.register_error(_SIMILAR, _similar)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            is_ascii = _is_ascii_locale() and (stream is sys.stderr or stream.isatty())
            stream.reconfigure(encoding="ascii" if is_ascii else None, errors=_SIMILAR)


def _similar(error: UnicodeError) -> tuple[str, int]:
    """Characters in ASCII for those that cannot be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    from .ascii import in_ascii

    return in_ascii(error.object[error.start : error.end]), error.end


def _is_ascii_locale() -> bool:
    """Whether the locale is C, and the user has not asked for UTF-8 all the same."""
    chosen = os.environ.get("PYTHONUTF8") == "1"
    return not chosen and locale.nl_langinfo(locale.CODESET) in _ASCII_CODESETS


def abandon_stdout() -> None:
    """Discard what is still to be flushed: stdout can no longer be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_screen() -> bool:
    """Whether stdout is a terminal that understands control codes."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise the `BrokenPipeError` that is being handled; Rich itself exits with 1."""
        raise  # noqa: PLE0704


def make_console(*, stderr: bool = False) -> Console:
    """A console that prints text unchanged: no markup, no emoji codes, no automatic colours."""
    return _Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def say(line: str, *, stderr: bool = False) -> None:
    """Print a line on stdout, or on stderr."""
    make_console(stderr=stderr).print(sanitize(line), soft_wrap=True)


def show_failure(
    error: BilstmError, *, options: Collection[str] = (), typed: Sequence[str] = ()
) -> None:
    """Print on stderr what happened and what to do next; for the rest see `with_commands`."""
    console = make_console(stderr=True)
    console.print(Text(f"✗ {error.title}", style="bold red"))
    _print_indented(console, error.message)
    if error.advice:
        console.print()
        advice = with_commands(error.advice, error.remedies, options=options, typed=typed)
        _print_indented(console, advice)


def show_warning(message: str) -> None:
    """Print a warning on stderr."""
    make_console(stderr=True).print(Text(f"! {sanitize(message)}", style="yellow"), soft_wrap=True)


def _print_indented(console: Console, text: str) -> None:
    text = sanitize(text)
    if console.is_terminal:
        console.print(Padding(Text(text), (0, 0, 0, 2)))
    else:
        for line in text.splitlines():  # whole lines, for grep
            console.print(f"  {line}", soft_wrap=True)


def show_internal_error(error: Exception) -> int:
    """Report an internal error, save its traceback in a file, and return the exit code."""
    trace = "".join(traceback.format_exception(error))
    try:
        where = f"The traceback is in {_save_report(trace)}."
    except OSError:
        where = f"The traceback:\n{trace}"
    show_failure(
        BilstmError(
            f"{type(error).__name__}: {error}",
            f"This is an error in bilstm-tui, not in your command; please report it. {where}",
        )
    )
    return INTERNAL_ERROR_EXIT_CODE


def _save_report(trace: str) -> str:
    """Save a traceback in a new file that only the user can read; return its path."""
    folder = paths.log_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink():
        raise OSError(f"{folder} is a symbolic link")
    with tempfile.NamedTemporaryFile(
        "w",
        encoding="utf-8",
        errors="backslashreplace",
        prefix=time.strftime("crash-%Y-%m-%d_%H%M%S-"),
        suffix=".log",
        dir=folder,
        delete=False,
    ) as report:
        report.write(trace)
    return report.name


def is_disconnected() -> bool:
    """Whether the terminal that this process reads from is gone."""
    if not sys.__stdin__:
        return False
    poll = select.poll()
    poll.register(sys.__stdin__.fileno(), select.POLLHUP)
    return any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll(0))

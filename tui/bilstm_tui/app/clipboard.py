"""Copies a command to the user's clipboard, also over SSH, and keeps it in a file."""

from typing import Any

from textual.app import App

from bilstm_core import paths
from bilstm_core.files import write_atomically

_SECONDS = 12


def copy(app: App[Any], command: str) -> None:
    """Copy a command through the terminal (OSC 52), and say where it is if that is not supported.

    Terminals do not answer whether they have taken it: some ignore it, tmux unless told otherwise.
    """
    app.copy_to_clipboard(command)
    file = paths.command_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, f"{command}\n".encode())
    except OSError as error:
        also = f"It could not be written to {file}: {error.strerror}."
    else:
        also = f"If this terminal cannot copy, it is also in {file}"
    app.notify(f"{command}\n{also}", title="Copied", timeout=_SECONDS)

"""Exports a run: asks for the format, and says what was written where."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, cast

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bilstm_core.exports.formats import FORMATS, FormatName, paths_of
from bilstm_core.runs.run import Run

from ...text.console import sanitize
from ..widgets.choices import Choices
from .dialogs import Dialog, Question


class ExportScreen(Dialog):
    """Lets the user choose a format, and exports the run in a process of its own.

    Args:
        run: The run.
        data_dir: Folder of the data sets.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", tooltip="Export nothing"),
        Binding("escape", "close", "Close", tooltip="Close it: the export is done"),
    ]

    def __init__(self, run: Run, data_dir: Path) -> None:
        super().__init__("Export", f"{run.name}, into {_working_directory()}")
        self._run = run
        self._data_dir = data_dir
        self._process: subprocess.Popen[str] | None = None
        self._has_ended = False

    def compose_body(self) -> ComposeResult:
        """Compose the list of formats."""
        width = max(len(it.title) for it in FORMATS.values())
        has_model = self._run.model_file.exists()
        yield Choices(
            *(
                Option(
                    Text.assemble((f"{it.title:<{width}}  ", "bold"), it.help),
                    id=name,
                    disabled=it.needs_model and not has_model,
                )
                for name, it in FORMATS.items()
            ),
            compact=True,
            id="formats",
        )
        if not has_model:
            yield Static("The run has no network yet: that is saved when it ends.", id="no-model")

    def on_mount(self) -> None:
        """Focus the list."""
        self.set_focus(self.query_one(OptionList))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to cancel, or after the end to close."""
        return self._has_ended == (action == "close") or action not in {"close", "dismiss"}

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)

    def on_unmount(self) -> None:
        """End an export that nobody waits for any more, as Ctrl-C does: nothing is left behind."""
        if self._process:
            with suppress(OSError):
                self._process.send_signal(signal.SIGINT)

    @on(OptionList.OptionSelected)
    @work(exclusive=True)
    async def _export(self, event: OptionList.OptionSelected) -> None:
        name = cast(FormatName, event.option_id)
        there = [path for path in paths_of(self._run, name) if _is_occupied(path)]
        if there:
            answers = {"": "Keep", "replace": "Replace"}
            names = "\n".join(map(str, there))
            if await self.app.push_screen_wait(Question("Replace it?", names, answers)) is None:
                return
        self.query_one(OptionList).display = False
        self._say(f"Exporting {self._run.name} as {FORMATS[name].title} …")
        said, is_done = await asyncio.to_thread(self._run_export, name, is_replaced=bool(there))
        self._say(said, "" if is_done else "bold red")
        self._has_ended = True
        self.refresh_bindings()

    def _say(self, text: str, style: str = "") -> None:
        first, _, rest = sanitize(text).partition("\n")
        self.query_one("#message", Static).update(
            Text.assemble((first, style), "\n" * bool(rest), rest)
        )

    def _run_export(self, name: FormatName, *, is_replaced: bool) -> tuple[str, bool]:
        """Run the command; returns what it said, and whether it exported the run."""
        command = [sys.executable, "-P", "-m", "bilstm_tui", "export", str(self._run.path)]
        options = ["--to", name, "--data-dir", str(self._data_dir), *["--force"] * is_replaced]
        try:
            self._process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                # one thread: a run may be training at the same time
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
            )
        except OSError as error:
            return f"The export cannot be started: {error.strerror or error}.", False
        out, err = self._process.communicate()
        if self._process.returncode:
            return err.strip() or "The export ended without a result.", False
        return "\n".join(filter(None, (_with_whole_paths(out.strip()), err.strip()))), True


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "the working directory, which was deleted"


def _is_occupied(path: Path) -> bool:
    """Whether there is a file, or a folder that is not empty."""
    try:
        return any(path.iterdir())
    except OSError:  # it is no folder, or cannot be read
        return os.path.lexists(path)


def _with_whole_paths(said: str) -> str:
    """What the command said, with the paths of files from the root."""
    start = "Wrote "
    return "\n".join(
        f"{start}{Path(line.removeprefix(start)).absolute()}" if line.startswith(start) else line
        for line in said.splitlines()
    )

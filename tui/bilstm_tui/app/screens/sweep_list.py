"""Lets the user choose a sweep, of several."""

import asyncio
import time
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bilstm_core.errors import BilstmError
from bilstm_core.files import modified_at
from bilstm_core.sweeps.folders import JOURNAL, sweep_folder

from ...text.names import shortened
from ...text.sweep_lines import summary_line, value_text
from ..widgets.choices import Choices
from ..widgets.sweep.reading import SweepReader
from .dialogs import Dialog

_NAME_WIDTH = 16
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


class SweepList(Dialog):
    """The sweeps in the folder of the runs, the latest first; its result is a name.

    Args:
        runs_dir: The folder of the runs.
        names: The sweeps.
        last: Which was shown last.
    """

    def __init__(self, runs_dir: Path, names: list[str], last: str) -> None:
        super().__init__("Sweeps", f"In {runs_dir}")
        self._folders = {name: sweep_folder(runs_dir, name) for name in names}
        changed = {name: modified_at(folder / JOURNAL) for name, folder in self._folders.items()}
        self._changed = dict(sorted(changed.items(), key=lambda item: -item[1]))
        self._last = last

    def compose_body(self) -> ComposeResult:
        """Compose the list."""
        options = (Option(self._line(name, "…"), id=name) for name in self._changed)
        yield Choices(*options, id="sweep-list", markup=False)

    def on_mount(self) -> None:
        """Read the sweeps beside the keys."""
        choices = self.query_one(OptionList)
        names = [*self._changed]
        choices.highlighted = names.index(self._last) if self._last in names else 0
        self.set_focus(choices)
        self._read()

    @work
    async def _read(self) -> None:
        for name in self._changed:
            words = await asyncio.to_thread(_summary, self._folders[name])
            self.query_one(OptionList).replace_option_prompt(name, self._line(name, words))

    def _line(self, name: str, words: str) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{shortened(name, _NAME_WIDTH):<{_NAME_WIDTH}}", "bold")
        line.append(f"{_ago(self._changed[name]):>8}  ", "dim").append(words)
        return line

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)


def _ago(moment: float) -> str:
    """How long ago it was."""
    seconds = max(0.0, time.time() - moment)
    for unit, letters in _UNITS:
        if seconds >= unit:
            return f"{seconds // unit:.0f} {letters}"
    return f"{seconds:.0f} s"


def _summary(folder: Path) -> str:
    """How far a sweep is, in words."""
    try:
        seen = SweepReader(folder).poll()
    except BilstmError as error:
        return error.title
    best = seen.board.best
    value = f"best {value_text(seen.plan, best.value)}{seen.unit}, " if best else ""
    return f"{value}{summary_line(seen.board)}"

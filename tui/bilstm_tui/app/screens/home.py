"""The opening screen: what the program is, what to press, and the latest runs."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bilstm_core.errors import BilstmError
from bilstm_core.runs.run import TIMESTAMP_PREFIX, Run
from bilstm_core.runs.store import list_runs
from bilstm_core.sweeps.folders import list_sweeps

from ...text.names import shortened
from ..widgets.explain.look import Look
from ..widgets.key_footer import KeyFooter
from .base import BaseScreen

if TYPE_CHECKING:
    from bilstm_core.runs.overview import Overview

_POLL_SECONDS = 2.0
_MOST_RUNS, _FEWEST_RUNS = 12, 3
_ROOMY = 28  # lines of the screen from which on there is a sketch
_SKETCHED_STEPS = 6
_OTHER_LINES = 16  # of the screen, besides the runs
_NAME_WIDTH = 20
_MARGIN = 3  # columns
_ABOUT = (
    "Train LSTM, GRU and BiLSTM networks that classify sequences, from this terminal, and see "
    "how they read. A run continues when you quit or the connection drops."
)
_RUN = "run:"
_SWEEPS = ("sweeps", "Sweeps", "searches for the best settings (also w)")


class HomeScreen(BaseScreen[None]):
    """What can be done, and the latest runs.

    Args:
        runs_dir: The folder of the runs.
        first: What `t` trains, in words.
        initial_run: The run that is selected first, if it is listed.
    """

    @dataclass
    class Chosen(Message):
        """The user chose something: train, form, tour, data, runs, sweeps, or a run."""

        action: str
        run: Run | None = None

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "choose('train')", "Train", tooltip="Train with the form's settings"),
        *(
            Binding(str(number), f"number({number})", show=False, tooltip="Choose by its number")
            for number in range(1, 10)
        ),
    ]

    AUTO_FOCUS = "OptionList"

    def __init__(self, runs_dir: Path, first: str, initial_run: str = "") -> None:
        super().__init__()
        self._runs_dir = runs_dir
        self._first = first
        self._initial_run = initial_run
        self._runs: dict[str, Run] = {}
        self._seen: list[Overview] | None = None
        self._has_moved = False

    def compose(self) -> ComposeResult:
        """Compose what it is, the choices, and the footer."""
        yield Static(Text("bilstm-tui", "bold"), id="home-title")
        yield Static(_ABOUT, id="home-about", markup=False)
        yield Static(id="home-sketch", markup=False)
        yield OptionList(*self._choices(), id="choices", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the runs beside the keys, and again while they change."""
        self.query_one(OptionList).highlighted = 0
        self.set_interval(_POLL_SECONDS, self._update)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.on_resize())

    def on_resize(self) -> None:
        """Show the sketch of two directions where there is room."""
        sketch = self.query_one("#home-sketch", Static)
        sketch.display = self.app.size.height >= _ROOMY
        sketch.update(_sketch(Look(is_dark=self.app.current_theme.dark)))

    def on_screen_resume(self) -> None:
        """Show at once what has changed meanwhile."""
        self._update()

    def come_back(self, first: str, run: str) -> None:
        """Say what `t` trains now, with the cursor at a run if it is listed."""
        self._first, self._initial_run = first, run
        self._seen, self._has_moved = None, False
        self._update()

    @on(Key)
    def _keep_cursor(self) -> None:
        """From the first key on, the cursor stays where it is."""
        self._has_moved = True

    def action_choose(self, action: str) -> None:
        """Choose an action."""
        self.post_message(self.Chosen(action))

    def action_number(self, number: int) -> None:
        """Choose the line with this number."""
        enabled = [it for it in self.query_one(OptionList).options if not it.disabled]
        if number <= len(enabled):
            self._choose(enabled[number - 1].id or "")

    @on(OptionList.OptionSelected)
    def _select(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option.id or "")

    def _choose(self, name: str) -> None:
        if name.startswith(_RUN):
            self.post_message(self.Chosen("run", self._runs[name.removeprefix(_RUN)]))
        else:
            self.post_message(self.Chosen(name))

    @work(exclusive=True, group="runs")
    async def _update(self) -> None:
        if self.app.screen is not self:
            return
        most = max(_FEWEST_RUNS, min(_MOST_RUNS, self.app.size.height - _OTHER_LINES))
        try:
            found = await asyncio.to_thread(_latest, self._runs_dir, most, self._seen or [])
        except BilstmError:  # the list of runs says what is wrong
            return
        if found == self._seen:
            return
        is_first, self._seen = self._seen is None, found
        self._runs = {overview.run.name: overview.run for overview in found}
        choices = self.query_one(OptionList)
        before = choices.highlighted_option
        choices.set_options([*self._choices(), *self._lines_of(found)])
        names = [it.run.name for it in found if it.status == "running"]
        if self._initial_run in self._runs:
            names = [self._initial_run]
        if is_first and names and not self._has_moved:
            choices.highlighted = choices.get_option_index(_RUN + names[0])
        elif before and any(it.id == before.id for it in choices.options):
            choices.highlighted = choices.get_option_index(before.id or "")

    def _choices(self) -> list[Option]:
        return [
            _option(number, action, title, words)
            for number, (action, title, words) in enumerate(
                (
                    ("train", "Train now", f"{self._first} (also t)"),
                    ("form", "Choose the settings", "data, network, optimisation, machine"),
                    ("tour", "Take the tour", "LSTM against BiLSTM: train both in a minute"),
                    ("data", "Look at the data", "classes, examples, what may be wrong"),
                    ("runs", "All runs", "compare, resume, inspect (also r)"),
                    *([_SWEEPS] if list_sweeps(self._runs_dir) else []),
                ),
                start=1,
            )
        ]

    def _lines_of(self, found: "list[Overview]") -> list[Option]:
        lines, number = [], len(self._choices())
        for title, is_live in (("Being trained now", True), ("Recent runs", False)):
            group = [it for it in found if (it.status == "running") == is_live]
            if group:
                lines += [
                    Option("", disabled=True),
                    Option(Text(f"  {title}", "bold"), disabled=True),
                ]
            for overview in group:
                number += 1
                lines.append(_run_option(number, overview, self.app.size.width - _MARGIN))
        return lines


def _sketch(look: Look) -> Text:
    """Two directions over the same steps."""
    steps = range(1, _SKETCHED_STEPS + 1)
    lines = Text()
    lines.append("   " + "".join(f"x{step:<6}" for step in steps) + "\n", "dim")
    rows = (
        (" ──▶ ", look.forward, "forward: what came before"),
        (" ◀── ", look.backward, "backward: what comes after"),
    )
    for arrow, style, words in rows:
        lines.append("   " + arrow.join("■■" for _ in steps), style + Style(dim=False))
        lines.append(f"   {words}\n")
    lines.rstrip()
    return lines


def _option(number: int, name: str, title: str, words: str) -> Option:
    line = Text(f"  {number}  ", no_wrap=True, overflow="ellipsis")
    line.append(f"{title:<22}", "bold").append(words)
    return Option(line, id=name)


def _run_option(number: int, overview: "Overview", width: int) -> Option:
    from ...text.run_cells import cells

    name, status, data, model, epochs, accuracy, *_ = cells(overview)
    match = TIMESTAMP_PREFIX.match(name)
    started = match.group() if match else ""
    line = Text(f"  {number if number < 10 else ' '}  ", no_wrap=True, overflow="ellipsis")
    line.append(f"{shortened(name.removeprefix(started), _NAME_WIDTH):<20}  ", "bold")
    # without its colour, which could not be read on that of the cursor
    line.append(f"{status:<9} ", "bold" if status != "finished" else "")
    done = "" if accuracy == "-" else f"test {accuracy} %"
    line.append(f"{done:<13} {epochs:>7}  {model}, {data}")
    line.truncate(width, overflow="ellipsis")  # the list would wrap it
    return Option(line, id=_RUN + name)


def _latest(runs_dir: Path, most: int, known: "list[Overview]") -> "list[Overview]":
    """Live runs, and of the others the latest, newest first."""
    from bilstm_core.runs.overview import current_overview  # not needed for the first paint

    by_run = {overview.run: overview for overview in known}
    runs = list_runs(runs_dir)[::-1]
    runs.sort(key=lambda run: not run.is_live)
    return [current_overview(run, by_run.get(run)) for run in runs[:most]]

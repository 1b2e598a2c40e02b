"""The opening screen: what the program is, what to press, and the latest runs."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Key
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.network.summary import title as title_of_network
from bilstm_core.runs.run import TIMESTAMP_PREFIX, Run
from bilstm_core.runs.store import list_runs
from bilstm_core.sweeps.folders import list_sweeps

from ...text.names import shortened, with_article
from ..widgets.choices import Choices
from ..widgets.device_usage import DeviceUsage
from ..widgets.explain.look import Look
from ..widgets.key_footer import KeyFooter
from ..widgets.network_sketch import observed_timings
from ..widgets.next_run import NextRun
from .base import BaseScreen

if TYPE_CHECKING:
    from bilstm_core.runs.overview import Overview

    from ..widgets.run_details import RunDetails

_POLL_SECONDS = 2.0
_MOST_RUNS, _FEWEST_RUNS = 24, 3
_ROOMY = 28  # lines of the screen from which on there is a sketch
_SKETCHED_STEPS = 5
_OTHER_LINES = 16  # of the screen, besides the runs
_BESIDE_WIDTH = 110  # columns from which on a run is shown beside the choices
_CHOICES_WIDTH = 64  # columns of the choices then
_NEXT_LINES = 8  # of what is trained next and of the device
_LEAST_ROWS = 5  # of a run below the choices
_ABOUT_WIDTH, _PADDING = 84, 4  # columns
_SKETCH_LINES = 4
_HIDDEN_SECONDS = 0.3  # from the first paint until a run is shown, whose charts need NumPy
_NAME_WIDTH = 14
_MARGIN = 3  # columns
_ABOUT = (
    "Train LSTM, GRU and BiLSTM networks on sequences, and see how they read them. "
    "A run continues when you quit or the connection drops."
)
_NO_RUNS = "The curves, result and settings of each run appear here, live while it is trained."
_RUN = "run:"
_SWEEPS = ("sweeps", "Sweeps", "searches for settings (also w)")


class HomeScreen(BaseScreen[None]):
    """What can be done, and the latest runs; the one under the cursor is shown beside or below.

    While the cursor is at something else, the run that is trained now is shown, or the latest.

    Args:
        runs_dir: The folder of the runs.
        next_run: What `t` trains, its data, and the preset on which it is based; None if the form
            is wrong, or its data are not known.
        initial_run: The run that is selected first, if it is listed.
    """

    @dataclass
    class Chosen(Message):
        """The user chose something: train, form, tour, data, runs, sweeps, or a run."""

        action: str
        run: Run | None = None

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "choose('train')", "Train", tooltip="Train with the form's settings"),
        Binding("v", "other_chart", "View", tooltip="The other chart: losses or accuracies"),
        *(
            Binding(str(number), f"number({number})", show=False, tooltip="Choose by its number")
            for number in range(1, 10)
        ),
    ]

    AUTO_FOCUS = "OptionList"

    def __init__(
        self,
        runs_dir: Path,
        next_run: tuple[RunConfig, DataSpec, str] | None,
        initial_run: str = "",
    ) -> None:
        super().__init__()
        self._runs_dir = runs_dir
        self._next_run = next_run
        self._initial_run = initial_run
        self._details: RunDetails | None = None
        self._seen: list[Overview] | None = None
        self._is_first, self._has_moved = True, False
        self._is_updating = asyncio.Lock()

    def compose(self) -> ComposeResult:
        """Compose what it is, the choices, and the footer."""
        with Container(id="home-body"):
            with Vertical(id="home-left"):
                yield Static(Text("bilstm-tui", "bold"), id="home-title")
                yield Static(_ABOUT, id="home-about", markup=False)
                yield Static(id="home-sketch", markup=False)
                yield Choices(*self._choices(), id="choices", markup=False)
            with Vertical(id="home-right"):
                yield NextRun()
                yield Static(_NO_RUNS, id="home-none", markup=False)
                yield DeviceUsage()
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the runs beside the keys, and again while they change."""
        self.query_one(OptionList).highlighted = 0
        self._arrange()  # before the first layout, which would be done twice otherwise
        self._show_next_run()
        self.set_interval(_POLL_SECONDS, self._update)
        self.call_after_refresh(self.set_timer, _HIDDEN_SECONDS, self._add_details)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.on_resize())

    async def _add_details(self) -> None:
        """Add what is hidden at first, and takes time to load."""
        from ..widgets.run_details import RunDetails  # not needed for the first paint

        if not self.is_attached:  # the app is exiting
            return
        details = RunDetails()
        await self.query_one("#home-right").mount(details, before=0)
        self._details = details
        self._arrange()
        self._look()
        await details.update(self._overviews)
        self._estimate_duration()

    def _show_next_run(self) -> None:
        if self._next_run:
            self.query_one(NextRun).show(*self._next_run)
        else:
            self.query_one(NextRun).show_message("2 shows what the form needs before it trains.")

    @work(exclusive=True, group="estimate")
    async def _estimate_duration(self) -> None:
        """Estimate the duration of the next run from the latest ones."""
        timings = await asyncio.to_thread(observed_timings, self._runs_dir)
        self.query_one(NextRun).set_timings(*timings)

    def on_resize(self) -> None:
        """Use the space that there is."""
        self._arrange()
        self._fill()

    def _arrange(self) -> None:
        """Put a run beside the choices, or below them if there is space."""
        width, height = self.app.size
        sketch = self.query_one("#home-sketch", Static)
        sketch.display = height >= _ROOMY
        sketch.update(_sketch(Look(is_dark=self.app.current_theme.dark)))
        is_beside = width >= _BESIDE_WIDTH
        self.set_class(is_beside, "-beside")
        rows = height - 1 - (_NEXT_LINES if is_beside else self._lines_above)
        self.query_one("#home-right").display = is_beside or rows >= _LEAST_ROWS
        if self._details:
            self._details.take_place(width - _CHOICES_WIDTH - 1 if is_beside else width, rows)

    @property
    def _lines_above(self) -> int:
        """Lines of the choices and of what is above them."""
        width, height = self.app.size
        about = len(wrap(_ABOUT, min(width, _ABOUT_WIDTH) - _PADDING))
        sketch = _SKETCH_LINES * (height >= _ROOMY)
        return 3 + about + sketch + self.query_one(OptionList).option_count

    @property
    def _overviews(self) -> "dict[str, Overview]":
        """What is known of the runs that are listed, by name."""
        return {overview.run.name: overview for overview in self._seen or []}

    @on(OptionList.OptionHighlighted)
    def _look(self) -> None:
        """Show the run under the cursor; where there is none, the first that is listed."""
        option = self.query_one(OptionList).highlighted_option
        name = ((option and option.id) or "").removeprefix(_RUN)
        first = self._seen[0] if self._seen else None
        if self._details:
            self._details.look_at(self._overviews.get(name, first))

    def action_other_chart(self) -> None:
        """Show the accuracies where the losses are, or the losses again."""
        if self._details:
            self._details.show_other_chart()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the key of the other chart where only one is in view."""
        if action == "other_chart":
            return self._details is not None and self._details.has_other_chart
        return super().check_action(action, parameters)

    def on_screen_resume(self) -> None:
        """Show at once what has changed meanwhile."""
        self._update()

    def come_back(self, next_run: tuple[RunConfig, DataSpec, str] | None, run: str) -> None:
        """Say what `t` trains now, with the cursor at a run if it is listed."""
        self._next_run, self._initial_run = next_run, run
        self._is_first, self._has_moved = True, False
        self._show_next_run()
        self._estimate_duration()
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
            if overview := self._overviews.get(name.removeprefix(_RUN)):
                self.post_message(self.Chosen("run", overview.run))
        else:
            self.post_message(self.Chosen(name))

    @work
    async def _update(self) -> None:
        if self.app.screen is not self or self._is_updating.locked():
            return  # an update that is cut off would leave what was so before
        async with self._is_updating:
            await self._read_runs()

    async def _read_runs(self) -> None:
        try:
            found = await asyncio.to_thread(
                _latest, self._runs_dir, self._most_runs, self._seen or []
            )
        except BilstmError:  # the list of runs says what is wrong
            return
        if found != self._seen or self._is_first:
            is_first, self._is_first, self._seen = self._is_first, False, found
            self._fill(is_first=is_first)
        if self._details:
            await self._details.update(self._overviews)

    @property
    def _most_runs(self) -> int:
        """As many runs as fit above a preview, or above nothing."""
        width, height = self.app.size
        others = _OTHER_LINES + _SKETCH_LINES * (height >= _ROOMY)
        others += 0 if width >= _BESIDE_WIDTH else _LEAST_ROWS
        return max(_FEWEST_RUNS, min(_MOST_RUNS, height - others))

    def _fill(self, *, is_first: bool = False) -> None:
        """List the choices and the runs; the cursor stays, and is at a live run at first."""
        found = self._seen
        if found is None:
            return
        choices = self.query_one(OptionList)
        before = choices.highlighted_option
        choices.set_options([*self._choices(), *self._lines_of(found)])
        names = [it.run.name for it in found if it.status == "running"]
        if self._initial_run in self._overviews:
            names = [self._initial_run]
        if is_first and names and not self._has_moved:
            choices.highlighted = choices.get_option_index(_RUN + names[0])
        elif before and any(it.id == before.id for it in choices.options):
            choices.highlighted = choices.get_option_index(before.id or "")
        self.query_one(NextRun).use_few_lines(are_few=bool(found))
        self.set_class(not found, "-empty")
        self._arrange()
        self._look()

    def _choices(self) -> list[Option]:
        first = "the settings of the form"
        if self._next_run:
            config, spec, _ = self._next_run
            first = f"{with_article(title_of_network(config))} on {spec.title}"
        return [
            _option(number, action, title, words)
            for number, (action, title, words) in enumerate(
                (
                    ("train", "Train now", f"{first} (also t)"),
                    ("form", "Choose the settings", "data, network, optimisation, machine"),
                    ("tour", "Take the tour", "LSTM against BiLSTM, in a minute"),
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
                is_beside = self.has_class("-beside")
                width = _CHOICES_WIDTH if is_beside else self.app.size.width
                lines.append(_run_option(number, overview, width - _MARGIN))
        return lines


def _sketch(look: Look) -> Text:
    """Two directions over the same steps."""
    steps = range(1, _SKETCHED_STEPS + 1)
    lines = Text()
    lines.append("  " + "".join(f"x{step:<6}" for step in steps) + "\n", "dim")
    rows = (
        (" ──▶ ", look.forward, "forward: what came before"),
        (" ◀── ", look.backward, "backward: what comes after"),
    )
    for arrow, style, words in rows:
        lines.append("  " + arrow.join("■■" for _ in steps), style + Style(dim=False))
        lines.append(f"  {words}\n")
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
    line.append(f"{shortened(name.removeprefix(started), _NAME_WIDTH):<{_NAME_WIDTH}}  ", "bold")
    # without its colour, which could not be read on that of the cursor
    share = "" if accuracy == "-" else f" {accuracy} %"
    state = {"running": f"epoch {epochs}", "finished": f"test{share}"}.get(status, status + share)
    line.append(f"{state:<16} ", "" if status == "finished" else "bold")
    line.append(f"{model}, {data}")
    line.truncate(width, overflow="ellipsis")  # the list would wrap it
    return Option(line, id=_RUN + name)


def _latest(runs_dir: Path, most: int, known: "list[Overview]") -> "list[Overview]":
    """Live runs, and of the others the latest, newest first."""
    from bilstm_core.runs.overview import current_overview  # not needed for the first paint

    by_run = {overview.run: overview for overview in known}
    runs = list_runs(runs_dir)[::-1]
    runs.sort(key=lambda run: not run.is_live)
    return [current_overview(run, by_run.get(run)) for run in runs[:most]]

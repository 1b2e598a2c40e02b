"""Beside or below a list of runs: the marked runs compared, or the run under the cursor.

Where there is little space the run under the cursor has a few lines only.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Container, ScrollableContainer
from textual.timer import Timer
from textual.widgets import Static

from bilstm_core.errors import ConfigError
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.overview import Overview
from bilstm_core.runs.run import Run

from ...text.run_cells import without_date
from ...text.run_summary import settings_besides_defaults
from .charts.accuracy_chart import AccuracyChart
from .charts.chart import Chart
from .charts.series import accuracy_series, loss_series
from .marks import Marks, curve_style
from .run_state import RunState
from .run_tables import brief_preview, comparison_table, preview_table

_BRIEF_HEIGHT = 5  # rows of a preview without charts
_LEAST_HEIGHT = 13  # rows of one with charts
_DELAY_SECONDS = 0.15  # without a move of the cursor, before a run is read
_MOST_KNOWN = 8  # runs that are kept, at 3 MB each
_LEAST_CHART = 38  # columns
_LEAST_TABLE = 34  # columns
_TWO_CHARTS_HEIGHT = 26  # rows from which on one chart is above the other
_TABLE_BELOW_HEIGHT = 22  # rows from which on the table is below the charts
_HIGH = 32  # rows from which on it is below them however wide they are
_BRIEF_PADDING = 2
_PADDING = 3  # columns beside a table: its margins and a scrollbar


@dataclass(frozen=True)
class _Known:
    """A run that was read.

    Attributes:
        changes: Its settings that differ from the defaults.
    """

    follower: Follower[RunState]
    changes: Mapping[str, tuple[Any, Any]]

    @property
    def history(self) -> RunState:
        return self.follower.state


def _read(run: Run) -> _Known:
    try:
        changes = settings_besides_defaults(run.config)
    except ConfigError:  # the overview says what is wrong with it
        changes = {}
    return _Known(Follower(run, RunState()), changes)


class RunDetails(Container):
    """Curves, settings and results: of the marked runs, or where none is, of one run.

    Runs are read in another thread, one at a time, and followed from then on.

    Args:
        marks: The marked runs; changed with them, for the next list of runs.
    """

    def __init__(self, marks: Marks | None = None) -> None:
        super().__init__(id="details")
        self._overviews: Mapping[str, Overview] = {}
        self._marks = Marks() if marks is None else marks
        self._marked: dict[str, _Known] = {}
        """Those marked runs that are read."""
        self._known: dict[str, _Known] = {}
        """The runs that were read last, in that order."""
        self._wanted = ""
        self._delay: Timer | None = None
        self._drawn: list[str] = []
        self._is_brief = self._is_second_chart = self._has_both = False
        self._reading = asyncio.Lock()

    def compose(self) -> ComposeResult:
        """Compose the curves, and the table beside or below them."""
        with Container(id="curves"):
            yield Chart("training loss", id="overlay", announcements=["no losses yet"])
            yield AccuracyChart(id="accuracies")
        with ScrollableContainer(id="differences"):
            yield Static()
        yield Static(id="brief")

    def on_mount(self) -> None:
        """Take no space before there is something to show."""
        self.display = False

    def on_unmount(self) -> None:
        """Forget the runs: a closed screen stays in memory until cycles are collected."""
        self._known.clear()
        self._marked.clear()

    def on_resize(self) -> None:
        """Fit the comparison into another width."""
        self._show_again()

    @property
    def marked(self) -> list[str]:
        """The names of the marked runs, in the order in which they were marked."""
        return [*self._marks]

    def marker(self, name: str) -> Text:
        """The shape and colour of a marked run's curve."""
        if name not in self._marks:
            return Text(" ")
        colour, marker = curve_style(self._marks.number(name))
        return Text(marker, colour)

    def toggle(self, run: Run) -> None:
        """Mark a run at once, or remove its mark; what is shown follows once the run is read."""
        if run.name in self._marks:
            self._marks.remove(run.name)
            self._marked.pop(run.name, None)
        else:
            self._marks.add(run.name)
        self._show_marked(run)

    @work
    async def _show_marked(self, changed: Run) -> None:
        async with self._reading:
            if changed.name in self._marks:
                await self._read_marked(changed)
            await self._read_wanted()
        self._show()

    async def _read_marked(self, run: Run) -> None:
        known = await self._read_again(run)
        if run.name in self._marks:  # the mark may be removed meanwhile
            self._marked[run.name] = known

    async def forget(self, *names: str) -> None:
        """Remove runs that are gone."""
        async with self._reading:
            for name in names:
                self._marks.remove(name)
                self._marked.pop(name, None)
                self._known.pop(name, None)

    async def rename(self, before: str, after: Run) -> None:
        """Keep the mark of a run that has another name now."""
        async with self._reading:
            self._known.pop(before, None)
            self._marked.pop(before, None)
            if before in self._marks:
                self._marks.rename(before, after.name)
                await self._read_marked(after)

    def look_at(self, overview: Overview | None) -> None:
        """Preview a run, once the cursor stays on it."""
        name = overview.run.name if overview else ""
        if name == self._wanted:
            return
        self._wanted = name
        if self._delay:
            self._delay.stop()
        if not name:
            self._show_or_hide()
        elif not self._marks:
            self._delay = self.set_timer(_DELAY_SECONDS, self._preview)

    async def update(self, overviews: Mapping[str, Overview]) -> None:
        """Show what is new in the runs that are shown."""
        async with self._reading:
            before = [self._overviews.get(name) for name in self._shown]
            self._overviews = overviews
            has_changed = before != [overviews.get(name) for name in self._shown]
            await self._read_earlier_marks()
            has_changed |= self._drawn != [*self._shown]
            followers = [known.follower for known in self._shown.values()]
            new = await asyncio.to_thread(lambda: [follower.poll() for follower in followers])
        if has_changed or any(new):
            self._show()
        if self._is_unread:
            self._preview()

    async def _read_earlier_marks(self) -> None:
        """Read the runs that were marked in an earlier list, if they are still there."""
        for name in self.marked:
            if name not in self._marked and name in self._overviews:
                await self._read_marked(self._overviews[name].run)

    def take_place(self, width: int, height: int) -> None:
        """Arrange the charts and the table for a place of this size.

        The table is beside the charts where it is wide and below them where it is high; the charts
        are beside or above one another, or one is shown at a time.
        """
        is_below = height >= (_TABLE_BELOW_HEIGHT if width < 3 * _LEAST_CHART else _HIGH)
        is_below |= width < _LEAST_CHART + _LEAST_TABLE
        beside = width if is_below else width - _LEAST_TABLE
        is_column = beside < 2 * _LEAST_CHART
        self._has_both = not is_column or (is_below and height >= _TWO_CHARTS_HEIGHT)
        self.set_class(is_below, "-below")
        self.set_class(is_column, "-column")
        self._is_brief = height < _LEAST_HEIGHT and not self._marks
        self.styles.width = width
        self.styles.height = _BRIEF_HEIGHT if self._is_brief else height
        self._choose_charts()
        self._show_or_hide()
        if self._is_unread:
            self._preview()

    @property
    def has_other_chart(self) -> bool:
        """Whether there is a chart that is not in view."""
        return self.display and not (self._is_brief or self._has_both)

    def show_other_chart(self) -> None:
        """Show the accuracies where the losses are, or the losses again."""
        self._is_second_chart = not self._is_second_chart
        self._choose_charts()

    def _choose_charts(self) -> None:
        is_second = self._is_second_chart
        self.query_one("#overlay").display = self._has_both or not is_second
        self.query_one("#accuracies").display = self._has_both or is_second

    @property
    def _shown(self) -> Mapping[str, _Known]:
        """The marked runs, or the one under the cursor if it was read."""
        if self._marks:
            return {name: self._marked[name] for name in self._marks if name in self._marked}
        known = self._known.get(self._wanted) if self._wanted in self._overviews else None
        return {self._wanted: known} if known else {}

    @property
    def _is_unread(self) -> bool:
        """Whether a run is to be shown that is not read yet."""
        return self._wanted in self._overviews and not self._shown

    @work(exclusive=True, group="show")
    async def _show_again(self) -> None:
        async with self._reading:  # no thread adds events meanwhile
            self._show()

    @work
    async def _preview(self) -> None:
        async with self._reading:
            await self._read_wanted()
        self._show()

    async def _read_wanted(self) -> None:
        """Read the run under the cursor, if a preview of it is to be shown."""
        overview = self._overviews.get(self._wanted)
        if overview and not self._marks:
            await self._read_again(overview.run)

    async def _read_again(self, run: Run) -> _Known:
        """Read a run, or what is new of one that is known, in another thread."""
        known = self._known.pop(run.name, None)
        if known:
            await asyncio.to_thread(known.follower.poll)
        else:
            known = await asyncio.to_thread(_read, run)
        self._known[run.name] = known
        for name in [*self._known][:-_MOST_KNOWN]:
            del self._known[name]
        return known

    def _show_or_hide(self) -> None:
        was_shown, self.display = self.display, bool(self._marks or self._wanted)
        self.set_class(self._is_brief, "-brief")
        if was_shown != self.display:
            self.screen.refresh_bindings()  # one switches between the charts

    def _show(self) -> None:
        """Draw what is to be seen; a run that is not read yet leaves what is there."""
        shown = self._shown
        self._show_or_hide()
        if not self.display or not shown:
            return
        if self._is_brief and not self._marks:
            self._drawn = [*shown]
            self._show_briefly(shown[self._wanted])
            return
        is_compared = bool(self._marks)
        if self._drawn != [*shown] and not (is_compared and self.has_class("-compared")):
            for chart in self.query(Chart):
                chart.reset()  # the zoom was meant for other curves
        self._drawn = [*shown]
        self.set_class(is_compared, "-compared")
        live = {name for name in shown if self._is_live(name)}
        labels = {name: without_date(name) for name in shown}
        numbers = {name: self._marks.number(name) if is_compared else None for name in shown}
        self.query_one("#overlay", Chart).show(
            [
                replace(
                    loss_series(known.history, labels[name], is_live=name in live),
                    number=numbers[name],
                )
                for name, known in shown.items()
            ]
        )
        accuracies = {
            name: accuracy_series(known.history, is_live=name in live)
            for name, known in shown.items()
        }
        chart = self.query_one(AccuracyChart)
        chart.use_subject("test" if is_compared else "")
        chart.show(
            [
                replace(of_test, label=labels[name], number=numbers[name])
                for name, (_, of_test) in accuracies.items()
            ]
            if is_compared
            else [series for both in accuracies.values() for series in both]
        )
        self._show_table()

    def _show_briefly(self, known: _Known) -> None:
        overview, width = self._overviews[self._wanted], self.size.width or self.app.size.width
        room, progress = width - _BRIEF_PADDING, self._progress_of(known)
        brief = brief_preview(overview, known.history, known.changes, room, progress)
        self.query_one("#brief", Static).update(brief)

    def _progress_of(self, known: _Known) -> str:
        """The speed and the time left of a run; empty unless it is being trained."""
        is_training = self._is_live(known.follower.run.name) and not known.history.is_paused
        parts = [known.history.time_left, known.history.speed] if is_training else []
        return ", ".join(filter(None, parts))

    def _is_live(self, name: str) -> bool:
        overview = self._overviews.get(name)
        return overview is not None and overview.status == "running"

    def _show_table(self) -> None:
        """Show the words beside or below the curves; a comparison is as wide as it needs to be."""
        overviews, shown = self._overviews, self._shown
        place = self.query_one("#differences")
        if not self._marks:
            known = shown[self._wanted]
            progress = self._progress_of(known)
            table = preview_table(overviews[self._wanted], known.history, known.changes, progress)
            place.styles.width = "1fr"
        else:
            runs = [
                (self.marker(name), overviews[name], known.history)
                for name, known in shown.items()
                if name in overviews
            ]
            is_below = self.has_class("-below")
            most = self.size.width if is_below else self.size.width * 3 // 5
            table = comparison_table(runs, most - _PADDING)
            width = self.app.console.measure(table).maximum + _PADDING
            place.styles.width = "1fr" if is_below else min(most, max(_LEAST_TABLE, width))
        place.query_one(Static).update(table)

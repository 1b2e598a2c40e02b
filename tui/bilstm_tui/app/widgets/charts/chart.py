"""Curves in braille, at a cost that does not grow with the run."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar, Self, get_args

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Leave, MouseMove
from textual.geometry import Region
from textual.reactive import reactive
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget

from ...textual_internals import DeferredPlot
from . import braille
from .axes import LogarithmTicks, Ticks, TimeTicks, clock_time, outwards
from .diff_canvas import DiffCanvas
from .reduction import Numbers, reduce, smooth
from .series import Axis, Series

COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
MARKERS = ("●", "▲", "■", "◆", "✚", "○")
_WEIGHTS = (0.9, 0.98, 0.0, 0.6)
_MARK = "yellow"
_BAD = "bold red"
_CROSS_HAIR = "bright_white"
_TINY = 1e-12
_GROWTH = 1.3
"""How much longer the axis of a live run gets at a time: between, old points stay in place."""


@dataclass(frozen=True)
class _Curve:
    """What is drawn of a series.

    Attributes:
        lines: x, y and style of each line.
        points: x and y of its markers.
        marker: The character of a marker.
        colour: The style of the markers.
    """

    lines: list[tuple[Numbers, Numbers, str]]
    points: tuple[Numbers, Numbers]
    marker: str
    colour: str


class Chart(DeferredPlot, PlotWidget, inherit_bindings=False):
    """Several curves over one x axis; draws only when something changed.

    Args:
        title: What the y axis shows.
        id: Textual's.
        axis: What the x axis counts at first.
    """

    BINDING_GROUP_TITLE = "In a chart"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "toggle_logarithm", "Log y", show=False),
        Binding("m", "next_smoothing", "Smoothing", show=False),
        Binding("x", "next_axis", "X axis", show=False),
        Binding("plus,equals_sign", "zoom_in", "Zoom in", show=False),
        Binding("minus", "zoom_out", "Zoom out", show=False),
        Binding("0", "whole", "Whole curve", show=False),
        Binding("left", "pan_left", "Pan left", show=False),
        Binding("right", "pan_right", "Pan right", show=False),
        Binding("up", "pan_up", "Pan up", show=False),
        Binding("down", "pan_down", "Pan down", show=False),
        Binding("full_stop", "cross(1)", "Cross-hair right", show=False),
        Binding("comma", "cross(-1)", "Cross-hair left", show=False),
    ]

    margin_top = reactive(0)
    margin_bottom = reactive(1)
    margin_left = reactive(7)
    is_logarithmic = reactive(False)
    smoothing = reactive(_WEIGHTS[0])
    axis: reactive[Axis] = reactive("step")

    def __init__(
        self,
        title: str,
        *,
        id: str,  # noqa: A002 - Textual's name
        axis: Axis = "step",
    ) -> None:
        super().__init__(id=id)
        self._title = title
        self._series: Sequence[Series] = ()
        self._view: tuple[float, float] | None = None
        self._vertical_view: tuple[float, float] | None = None
        self._cross: float | None = None
        self._words: tuple[Text, ...] = ()
        self._frame = self._vertical_frame = (0.0, 1.0)
        self.set_reactive(Chart.axis, axis)
        self.border_title = title

    def compose(self) -> ComposeResult:
        """The plot, on canvases that repaint only what changed."""
        yield from self.compose_with(DiffCanvas)

    def show(self, series: Sequence[Series]) -> None:
        """Draw these curves in the place of the former ones."""
        self._series = series
        self._draw()

    def start_anew(self) -> None:
        """Forget the curves, and what part of them was looked at."""
        self._series = ()
        self.action_whole()

    def action_toggle_logarithm(self) -> None:
        """Logarithmic y axis, or linear again."""
        self.is_logarithmic = not self.is_logarithmic

    def action_next_smoothing(self) -> None:
        """The next stronger smoothing, or none."""
        self.smoothing = _WEIGHTS[(_WEIGHTS.index(self.smoothing) + 1) % len(_WEIGHTS)]

    def action_next_axis(self) -> None:
        """Count steps, epochs or time."""
        axes = get_args(Axis)
        self.axis = axes[(axes.index(self.axis) + 1) % len(axes)]

    def action_whole(self) -> None:
        """Show everything again, and no cross-hair."""
        self._view = self._vertical_view = self._cross = None
        self._draw()

    def action_cross(self, columns: int) -> None:
        """Move the cross-hair, or show it in the middle."""
        low, high = self._range()
        if self._cross is None:
            self._cross = (low + high) / 2
        else:
            column = (high - low) / max(1, self._width)
            self._cross = min(max(self._cross + columns * column, low), high)
        self._draw()

    def watch_is_logarithmic(self) -> None:
        """The old limits mean nothing on the other axis."""
        if self.is_mounted:
            self.action_whole()

    def watch_axis(self) -> None:
        """The old limits mean nothing on the other axis."""
        if self.is_mounted:
            self.action_whole()

    def watch_smoothing(self) -> None:
        """Draw anew."""
        self._draw()

    def on_resize(self) -> None:
        """Other width, other columns."""
        self._draw()

    @on(PlotWidget.ScaleChanged)
    def _look_closer(self, event: PlotWidget.ScaleChanged) -> None:
        """Zoomed or panned: show what this part has to show."""
        # only up or down: what is new still comes in at the right
        if (event.x_min, event.x_max) != self._frame:
            self._view = (event.x_min, event.x_max)
        if (event.y_min, event.y_max) != self._vertical_frame:
            self._vertical_view = (event.y_min, event.y_max)
        self._draw()

    def on_mouse_move(self, event: MouseMove) -> None:
        """The cross-hair follows the mouse, but for a drag."""
        plot = self.query_one("#plot")
        column = event.screen_x - plot.region.x - 1
        if event.button or not 0 <= column < self._width:
            return
        low, high = self._range()
        cross = low + (column + 0.5) * (high - low) / self._width
        if cross != self._cross:
            self._cross = cross
            self._draw()

    def on_leave(self, _event: Leave) -> None:
        """No mouse, no cross-hair."""
        if self._cross is not None and not self.is_mouse_over:
            self._cross = None
            self._draw()

    @property
    def _width(self) -> int:
        """Columns between the axes."""
        return max(8, self.size.width - self.margin_left - 2)

    def _range(self) -> tuple[float, float]:
        """The part of the x axis that is shown."""
        if self._view:
            return self._view
        drawn = [one for one in self._series if len(one.steps)]
        if not drawn:
            return (0.0, 1.0)
        ends = [one.place(self.axis, one.steps[[0, -1]]) for one in drawn]
        low, high = min(x[0] for x in ends), max(x[1] for x in ends)
        goals = [one.place(self.axis, np.array([one.goal])) for one in drawn if one.goal]
        if goals and high > 0:
            grown = _GROWTH ** math.ceil(math.log(high) / math.log(_GROWTH))
            is_known = self.axis != "time"
            high = max(high, min(grown, *(goal[0] for goal in goals))) if is_known else grown
        return _wide(float(low), float(high))

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.clear()
        self._frame = self._range()
        self.set_xlimits(*self._frame)
        self._choose_ticks()
        curves = [
            self._curve(one, COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)])
            for number, one in enumerate(self._series)
            if len(one.steps)
        ]
        for x, y, style in (line for curve in curves for line in curve.lines):
            self.plot(x, y, style, hires_mode=HiResMode.BRAILLE)
        for curve in curves:  # markers over lines
            self.scatter(*curve.points, marker=curve.marker, marker_style=curve.colour)
        self._vertical_frame = self._vertical_range(curves)
        self.set_ylimits(*self._vertical_frame)
        self._draw_marks()
        if self._cross is not None:
            self.add_v_line(self._cross, _CROSS_HAIR)
        self._put_words(
            self._heading(), self._reading() if self._cross is not None else self._legend()
        )
        with ExitStack() as drawn:
            for canvas in self.query(DiffCanvas):
                drawn.enter_context(canvas.drawing())
            self.render()  # onto the canvases

    def _put_words(self, *words: Text) -> None:
        """Set the titles if they are others now; that draws the border."""
        if words != self._words:
            self._words = words
            self.border_title, self.border_subtitle = words

    def notify_style_update(self) -> None:
        """Another theme, other colours."""
        super().notify_style_update()
        self._draw()

    def refresh(self, *regions: Region, layout: bool = False, **others: Any) -> Self:
        """Of the widget itself only the border is seen, so that is all there is to send."""
        if not regions and not layout:
            width, height = self.size
            sides = (Region(-1, -1, width + 2, 1), Region(-1, height, width + 2, 1))
            edges = (Region(-1, 0, 1, height), Region(width, 0, 1, height))
            regions = (*sides, *edges)
        return super().refresh(*regions, layout=layout, **others)

    def _vertical_range(self, curves: Sequence[_Curve]) -> tuple[float, float]:
        if self._vertical_view:
            return self._vertical_view
        drawn = [y for curve in curves for _, y, *_ in (*curve.lines, curve.points)]
        values = np.concatenate([[], *drawn])
        values = values[np.isfinite(values)]
        if not len(values):
            return (0.0, 1.0)
        return _wide(*outwards(float(values.min()), float(values.max())))

    def _curve(self, one: Series, colour: str, marker: str) -> _Curve:
        x = one.place(self.axis, one.steps)
        part = self._part(x)
        x, low, high = x[part], one.low[part], one.high[part]
        points, y = reduce(x, low, high, 2 * self._width, self._frame)
        y = self._scaled(y)
        lines = []
        if not one.is_noisy:
            if len(points) > 1:
                lines.append((points, y, colour))
            return _Curve(lines, (points, y), marker, colour)
        if self.smoothing:
            if len(self._series) == 1:  # the noise of several would hide the curves
                lines.append((points, y, f"{colour} dim"))
            smoothed = smooth(one.mean, self.smoothing)[part]
            points, y = reduce(x, smoothed, smoothed, 2 * self._width, self._frame)
            y = self._scaled(y)
        lines.append((points, y, colour))
        shown = []
        if len(self._series) > 1 and len(points):  # a marker as well as a colour
            parts = len(self._series) + 1
            shown = [len(points) * (MARKERS.index(marker) % parts + 1) // (parts + 1)]
        return _Curve(lines, (points[shown], y[shown]), marker, colour)

    def draw_line(self, x: Numbers, y: Numbers, style: str) -> None:
        """Draw all dots of a line at once."""
        canvas = self.query_one("#plot", DiffCanvas)
        for place, character in braille.draw_line(x, y, *canvas.size).items():
            canvas.set_pixel(*place, character, style)

    def _draw_marks(self) -> None:
        low, high = self._frame
        for one in self._series:
            for x in one.place(self.axis, np.array(one.marked, np.float64)):
                if low <= x <= high:
                    self.add_v_line(float(x), _MARK)
            if len(one.bad) and len(one.high):
                bad = one.place(self.axis, np.array(one.bad, np.float64))
                bad = bad[(low <= bad) & (bad <= high)]
                columns = np.unique(np.floor((bad - low) / (high - low or 1) * self._width))
                x = low + columns * (high - low) / self._width
                self.scatter(x, np.full(len(x), self._top()), marker="✕", marker_style=_BAD)

    def _top(self) -> float:
        """Where the uppermost line of the chart begins."""
        low, high = self._vertical_frame
        return high - (high - low) / max(1, self.size.height - 5)

    def _part(self, x: Numbers) -> slice:
        """The places in view, and one more at each side for the line to go out."""
        if not self._view:
            return slice(None)
        first, last = np.searchsorted(x, self._view)
        return slice(max(0, int(first) - 1), int(last) + 1)

    def _choose_ticks(self) -> None:
        horizontal = {
            "step": Ticks(least=1),
            "epoch": Ticks(),
            "time": TimeTicks(),
        }[self.axis]
        kind = LogarithmTicks if self.is_logarithmic else Ticks
        vertical = kind(is_vertical=True)
        horizontal.room, vertical.room = self._width, max(4, self.size.height - 3)
        self.set_x_formatter(horizontal)
        self.set_y_formatter(vertical)
        none_yet = None if any(len(one.steps) for one in self._series) else []
        self.set_xticks(none_yet)
        self.set_yticks(none_yet)

    def _heading(self) -> Text:
        words = [f"{self._title} by {self.axis}"]
        if self.is_logarithmic:
            words.append("log y")
        if self.smoothing and any(one.is_noisy for one in self._series):
            words.append(f"smoothed {self.smoothing:g}")
        return Text(", ".join(words))

    def _legend(self) -> Text:
        legend = Text()
        if len(self._series) > 1:
            for number, one in enumerate(self._series):
                style = COLOURS[number % len(COLOURS)]
                gap = " " if legend else ""
                legend.append(f"{gap}{MARKERS[number % len(MARKERS)]} {one.label}", style)
        if any(one.marked for one in self._series):
            legend.append(f"{' ' if legend else ''}│ learning rate changed", _MARK)
        if any(len(one.bad) for one in self._series):
            legend.append(f"{' ' if legend else ''}✕ not finite", _BAD)
        return legend

    def _reading(self) -> Text:
        """The values under the cross-hair."""
        cross = self._cross or 0.0
        where = clock_time(cross) if self.axis == "time" else f"{cross:,.4g}"
        if self.axis == "step":
            where = f"{cross:,.0f}"
        reading = Text(f"{self.axis} {where}")
        for number, one in enumerate(self._series):
            if len(one.steps):
                x = one.place(self.axis, one.steps)
                index = int(np.abs(x - cross).argmin())
                marker = f"{MARKERS[number % len(MARKERS)]} " if len(self._series) > 1 else ""
                reading.append(f"  {marker}{one.mean[index]:.4g}", COLOURS[number % len(COLOURS)])
        return reading

    def _scaled(self, values: Numbers) -> Numbers:
        return np.log10(np.maximum(values, _TINY)) if self.is_logarithmic else values


def _wide(low: float, high: float) -> tuple[float, float]:
    """A range that is none made one, or textual-plot does so behind our back."""
    least = 1e-6 * max(1.0, abs(low), abs(high))
    return (low, high) if high - low > least else (low - least, high + least)

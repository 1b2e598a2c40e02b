"""Curves in braille, at a cost that does not grow with the run."""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate, cycle
from typing import Any, ClassVar, Self, get_args

import numpy as np
from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Leave, MouseMove
from textual.geometry import Region
from textual.reactive import reactive
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget

from ....text import braille
from ....text.names import shortened
from ...textual_internals import DeferredPlot
from .axes import LogarithmTicks, Ticks, TimeTicks, format_time, widen_to_round
from .diff_canvas import DiffCanvas
from .reduction import Numbers, reduce, smooth
from .series import Axis, Series

COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
MARKERS = ("●", "▲", "■", "◆", "✚", "○")
_SMOOTHING_WEIGHTS = (0.9, 0.98, 0.0, 0.6)
_CHANGE_STYLE = "yellow"
_NON_FINITE_STYLE = "bold red"
_CROSSHAIR_STYLE = "bright_white"
_MIN_POSITIVE = 1e-12
_BORDER_GAP = 2  # columns that a title keeps from each end of the border
_SHORTEST_NAME, _LONGEST_NAME = 4, 40  # in the legend
_GROWTH = 1.3  # by which the axis of a live run gets longer: in between, old points stay in place


@dataclass(frozen=True)
class _Curve:
    """What is drawn of a series: x, y and style of each line; x and y of its markers."""

    lines: list[tuple[Numbers, Numbers, str]]
    points: tuple[Numbers, Numbers]
    marker: str
    colour: str


class Chart(DeferredPlot, PlotWidget, inherit_bindings=False):
    """Curves over one x axis, drawn only when something changes; `title` is that of the y axis."""

    BINDING_GROUP_TITLE = "In a chart"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "toggle_logarithm", "Log y", show=False),
        Binding("m", "next_smoothing", "Smoothing", show=False),
        Binding("x", "next_axis", "X axis", show=False),
        Binding("plus,equals_sign", "zoom_in", "Zoom in", show=False),
        Binding("minus", "zoom_out", "Zoom out", show=False),
        Binding("0", "show_all", "Whole curve", show=False),
        Binding("left", "pan_left", "Pan left", show=False),
        Binding("right", "pan_right", "Pan right", show=False),
        Binding("up", "pan_up", "Pan up", show=False),
        Binding("down", "pan_down", "Pan down", show=False),
        Binding("full_stop", "move_crosshair(1)", "Crosshair right", show=False),
        Binding("comma", "move_crosshair(-1)", "Crosshair left", show=False),
    ]

    margin_top = reactive(0)
    margin_bottom = reactive(1)
    margin_left = reactive(7)
    is_logarithmic = reactive(False)
    smoothing = reactive(_SMOOTHING_WEIGHTS[0])
    axis: reactive[Axis] = reactive("step")

    def __init__(self, title: str, *, id: str, axis: Axis = "step") -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = title
        self._series: Sequence[Series] = ()
        self._zoomed_x: tuple[float, float] | None = None
        self._zoomed_y: tuple[float, float] | None = None
        self._crosshair: float | None = None
        self._border_titles: tuple[Text, ...] = ()
        self._x_range = self._y_range = (0.0, 1.0)
        self.set_reactive(Chart.axis, axis)
        self.border_title = title

    def compose(self) -> ComposeResult:
        """Compose the plot, on canvases that repaint only what changed."""
        yield from self.compose_with(DiffCanvas)

    def show(self, series: Sequence[Series]) -> None:
        """Draw these curves instead of the previous ones."""
        self._series = series
        self._draw()

    def reset(self) -> None:
        """Remove the curves, the zoom, and the crosshair."""
        self._series = ()
        self.action_show_all()

    def action_toggle_logarithm(self) -> None:
        """Switch between a logarithmic and a linear y axis."""
        self.is_logarithmic = not self.is_logarithmic

    def action_next_smoothing(self) -> None:
        """Use the next smoothing weight."""
        weights = _SMOOTHING_WEIGHTS
        self.smoothing = weights[(weights.index(self.smoothing) + 1) % len(weights)]

    def action_next_axis(self) -> None:
        """Show steps, epochs or time on the x axis."""
        axes = get_args(Axis)
        self.axis = axes[(axes.index(self.axis) + 1) % len(axes)]

    def action_show_all(self) -> None:
        """Show whole curves, without the crosshair."""
        self._zoomed_x = self._zoomed_y = self._crosshair = None
        self._draw()

    def action_move_crosshair(self, columns: int) -> None:
        """Move the crosshair, or show it in the middle."""
        low, high = self._find_x_range()
        if self._crosshair is None:
            self._crosshair = (low + high) / 2
        else:
            column = (high - low) / self._width
            self._crosshair = min(max(self._crosshair + columns * column, low), high)
        self._draw()

    def watch_axis(self) -> None:
        """Discard the zoom, which means nothing on another axis."""
        self.action_show_all()

    watch_is_logarithmic = watch_axis

    def watch_smoothing(self) -> None:
        """Draw again."""
        self._draw()

    def on_resize(self) -> None:
        """Draw again: the curves are reduced to the columns of the chart."""
        self._draw()

    @on(PlotWidget.ScaleChanged)
    def _zoom_to(self, event: PlotWidget.ScaleChanged) -> None:
        """Draw the part that the user zoomed or panned to, in detail."""
        # after a vertical pan, new points still appear at the right
        if (event.x_min, event.x_max) != self._x_range:
            self._zoomed_x = (event.x_min, event.x_max)
        if (event.y_min, event.y_max) != self._y_range:
            self._zoomed_y = (event.y_min, event.y_max)
        self._draw()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Move the crosshair to the mouse, except while it is dragged."""
        column = event.screen_x - self.query_one("#plot").region.x - 1
        if event.button or not 0 <= column < self._width:
            return
        low, high = self._find_x_range()
        crosshair = low + (column + 0.5) * (high - low) / self._width
        if crosshair != self._crosshair:
            self._crosshair = crosshair
            self._draw()

    def on_leave(self, _event: Leave) -> None:
        """Hide the crosshair."""
        if self._crosshair is not None and not self.is_mouse_over:
            self._crosshair = None
            self._draw()

    @property
    def _width(self) -> int:
        """Columns between the axes."""
        return max(8, self.size.width - self.margin_left - 2)

    def _find_x_range(self) -> tuple[float, float]:
        if self._zoomed_x:
            return self._zoomed_x
        drawn = [series for series in self._series if len(series.steps)]
        if not drawn:
            return (0.0, 1.0)
        ends = [series.convert(self.axis, series.steps[[0, -1]]) for series in drawn]
        low, high = min(x[0] for x in ends), max(x[1] for x in ends)
        live = [series for series in drawn if series.last_step]
        if live and high > 0:
            grown = _GROWTH ** math.ceil(math.log(high) / math.log(_GROWTH))
            if self.axis != "time":  # when training ends is known in steps and epochs only
                last = [it.convert(self.axis, np.array([it.last_step])) for it in live]
                grown = min(grown, *(x[0] for x in last))
            high = max(high, grown)
        return _widen_if_empty(float(low), float(high))

    def _find_y_range(self, curves: Sequence[_Curve]) -> tuple[float, float]:
        if self._zoomed_y:
            return self._zoomed_y
        drawn = [y for curve in curves for _, y, *_ in (*curve.lines, curve.points)]
        values = np.concatenate([[], *drawn])
        values = values[np.isfinite(values)]
        if not len(values):
            return (0.0, 1.0)
        return _widen_if_empty(*widen_to_round(float(values.min()), float(values.max())))

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.clear()
        self._x_range = self._find_x_range()
        self.set_xlimits(*self._x_range)
        self._choose_ticks()
        curves = [
            self._curve(series, colour, marker)
            for series, colour, marker in self._styled_series()
            if len(series.steps)
        ]
        for x, y, style in (line for curve in curves for line in curve.lines):
            self.plot(x, y, style, hires_mode=HiResMode.BRAILLE)
        for curve in curves:  # markers over lines
            self.scatter(*curve.points, marker=curve.marker, marker_style=curve.colour)
        self._y_range = self._find_y_range(curves)
        self.set_ylimits(*self._y_range)
        self._draw_marks()
        if self._crosshair is not None:
            self.add_v_line(self._crosshair, _CROSSHAIR_STYLE)
        below = self._legend() if self._crosshair is None else self._values_at(self._crosshair)
        if (titles := (self._heading(), below)) != self._border_titles:  # setting them repaints
            self._border_titles = titles
            self.border_title, self.border_subtitle = titles
        with ExitStack() as drawn:
            for canvas in self.query(DiffCanvas):
                drawn.enter_context(canvas.drawing())
            self.render()  # onto the canvases

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme."""
        super().notify_style_update()
        self._draw()

    def refresh(self, *regions: Region, layout: bool = False, **others: Any) -> Self:
        """Repaint the border; nothing else of the widget itself is visible."""
        if not regions and not layout:
            width, height = self.size
            sides = (Region(-1, -1, width + 2, 1), Region(-1, height, width + 2, 1))
            edges = (Region(-1, 0, 1, height), Region(width, 0, 1, height))
            regions = (*sides, *edges)
        return super().refresh(*regions, layout=layout, **others)

    def _styled_series(self) -> Iterator[tuple[Series, str, str]]:
        """The curves, each with its colour and its marker."""
        return zip(self._series, cycle(COLOURS), cycle(MARKERS))

    def _curve(self, series: Series, colour: str, marker: str) -> _Curve:
        x = series.convert(self.axis, series.steps)
        part = self._visible_part(x)
        x, low, high = x[part], series.low[part], series.high[part]
        points, y = reduce(x, low, high, 2 * self._width, self._x_range)
        y = self._scaled(y)
        lines = []
        if not series.is_noisy:
            if len(points) > 1:
                lines.append((points, y, colour))
            return _Curve(lines, (points, y), marker, colour)
        if self.smoothing:
            if len(self._series) == 1:  # the noise of several would hide the curves
                lines.append((points, y, f"{colour} dim"))
            smoothed = smooth(series.mean, self.smoothing)[part]
            points, y = reduce(x, smoothed, smoothed, 2 * self._width, self._x_range)
            y = self._scaled(y)
        lines.append((points, y, colour))
        shown = []
        if len(self._series) > 1 and len(points):  # curves differ in a marker, not only in colour
            parts = len(self._series) + 1
            shown = [len(points) * (MARKERS.index(marker) % parts + 1) // (parts + 1)]
        return _Curve(lines, (points[shown], y[shown]), marker, colour)

    def draw_line(self, x: Numbers, y: Numbers, style: str) -> None:
        """Draw all dots of a line at once."""
        canvas = self.query_one("#plot", DiffCanvas)
        for position, character in braille.draw_line(x, y, *canvas.size).items():
            canvas.set_pixel(*position, character, style)

    def _draw_marks(self) -> None:
        """Mark changes of the learning rate, and values that were not finite."""
        (low, high), (bottom, top) = self._x_range, self._y_range
        first_row = top - (top - bottom) / max(1, self.size.height - 5)
        for series in self._series:
            for x in series.convert(self.axis, np.array(series.changes, np.float64)):
                if low <= x <= high:
                    self.add_v_line(float(x), _CHANGE_STYLE)
            if len(series.non_finite) and len(series.high):
                x = series.convert(self.axis, np.array(series.non_finite, np.float64))
                x = x[(low <= x) & (x <= high)]
                columns = np.unique(np.floor((x - low) / (high - low or 1) * self._width))
                x = low + columns * (high - low) / self._width
                y = np.full(len(x), first_row)
                self.scatter(x, y, marker="✕", marker_style=_NON_FINITE_STYLE)

    def _visible_part(self, x: Numbers) -> slice:
        """The visible points, and one more on each side, to which the line is drawn."""
        if not self._zoomed_x:
            return slice(None)
        first, last = np.searchsorted(x, self._zoomed_x)
        return slice(max(0, int(first) - 1), int(last) + 1)

    def _choose_ticks(self) -> None:
        ticks = {"step": Ticks(min_step=1), "epoch": Ticks(), "time": TimeTicks()}
        horizontal = ticks[self.axis]
        vertical = (LogarithmTicks if self.is_logarithmic else Ticks)(is_vertical=True)
        horizontal.room, vertical.room = self._width, max(4, self.size.height - 3)
        self.set_x_formatter(horizontal)
        self.set_y_formatter(vertical)
        no_ticks = None if any(len(series.steps) for series in self._series) else []
        self.set_xticks(no_ticks)
        self.set_yticks(no_ticks)

    def _heading(self) -> Text:
        parts = [f"{self._title} by {self.axis}"]
        if self.is_logarithmic:
            parts.append("log y")
        if self.smoothing and any(series.is_noisy for series in self._series):
            parts.append(f"smoothed {self.smoothing:g}")
        return Text(", ".join(parts))

    def _legend(self) -> Text:
        """What each curve is, and if there is space for it, what each mark is."""
        room = self.size.width - 2 * _BORDER_GAP
        names, marks = self._names(room), self._marks()
        whole = Text(" ").join([*names, *marks])
        return whole if whole.cell_len <= room else Text(" ").join(names)

    def _names(self, room: int) -> list[Text]:
        """The curves of several, their names as long as there is space for all."""
        count = len(self._series)
        if count < 2:
            return []
        labels = [
            [shortened(series.label, longest) for series in self._series]
            for longest in range(_LONGEST_NAME, _SHORTEST_NAME - 1, -1)
        ]
        values = [f" {series.value}" if series.value else "" for series in self._series]
        free = room - 3 * count + 1 - sum(map(cell_len, values))  # a marker and a gap on each side
        chosen = next((it for it in labels if sum(map(cell_len, it)) <= free), labels[-1])
        names = [
            Text(f"{marker} {label}{value}", colour)
            for (_, colour, marker), label, value in zip(
                self._styled_series(), chosen, values, strict=True
            )
        ]
        if Text(" ").join(names).cell_len <= room:
            return names
        ends = accumulate(name.cell_len + 1 for name in names)
        shown = sum(end + len(f"+{count}") <= room for end in ends)
        return [*names[:shown], Text(f"+{count - shown}", "dim")]

    def _marks(self) -> list[Text]:
        parts = []
        if any(series.changes for series in self._series):
            parts.append(Text("│ learning rate changed", _CHANGE_STYLE))
        if any(len(series.non_finite) for series in self._series):
            parts.append(Text("✕ not finite", _NON_FINITE_STYLE))
        return parts

    def _values_at(self, x: float) -> Text:
        """The values under the crosshair."""
        formats = {"step": f"{x:,.0f}", "epoch": f"{x:,.4g}", "time": format_time(x)}
        values = Text(f"{self.axis} {formats[self.axis]}")
        for series, colour, marker in self._styled_series():
            if len(series.steps):
                index = int(np.abs(series.convert(self.axis, series.steps) - x).argmin())
                prefix = f"{marker} " if len(self._series) > 1 else ""
                values.append(f"  {prefix}{series.mean[index]:.4g}", colour)
        return values

    def _scaled(self, values: Numbers) -> Numbers:
        return np.log10(np.maximum(values, _MIN_POSITIVE)) if self.is_logarithmic else values


def _widen_if_empty(low: float, high: float) -> tuple[float, float]:
    """Widen a range without extent; textual-plot would do so, and the limits would differ."""
    margin = 1e-6 * max(1.0, abs(low), abs(high))
    return (low, high) if high - low > margin else (low - margin, high + margin)

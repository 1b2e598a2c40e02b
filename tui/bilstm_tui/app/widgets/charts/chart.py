"""Curves in braille, at a cost that does not grow with the run."""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from typing import Any, ClassVar, Self, get_args

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Leave, MouseMove
from textual.geometry import Region
from textual.reactive import reactive
from textual_plot import PlotWidget

from ...textual_internals import DeferredPlot
from .axes import VERTICAL_LABEL, LogarithmTicks, Ticks, TimeTicks, widen_if_empty, widen_to_round
from .curves import Curve, View
from .diff_canvas import DiffCanvas
from .legend import heading, legend, reading
from .picture import Picture
from .reduction import Numbers
from .series import Axis, Series, value_range
from .wheel import WheelPasses
from .zoom import Range, extent, within, zoomed

COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
MARKERS = ("●", "▲", "■", "◆", "✚", "○")
_SMOOTHING_WEIGHTS = (0.9, 0.98, 0.0, 0.6)
_CROSSHAIR_STYLE = "bold"
_WIDE_SPAN = 20
"""By this factor values differ where the smaller ones cannot be read on a linear axis."""
_BORDER_GAP = 2  # columns that a title keeps from each end of the border
_ZOOM = 1.15  # of a key press
_LEAST_POINTS = 4  # side by side in a chart, however far it is zoomed in
_LEAST_HEIGHT = 1e-3  # of the y axis, however far it is zoomed in
_GROWTH = 1.3  # by which the axis of a live run gets longer: in between, old points stay in place


class Chart(WheelPasses, DeferredPlot, PlotWidget, inherit_bindings=False):
    """Curves over one x axis, drawn only when something changes.

    Args:
        title: What the y axis shows, with its unit.
        axis: What the x axis shows at first.
        announcement: What will appear, which is written where there is no curve yet.
    """

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
        Binding("shift+up", "stretch(1)", "Zoom in vertically", show=False),
        Binding("shift+down", "stretch(-1)", "Zoom out vertically", show=False),
        Binding("full_stop", "move_crosshair(1)", "Crosshair right", show=False),
        Binding("comma", "move_crosshair(-1)", "Crosshair left", show=False),
    ]

    highest: ClassVar = math.inf
    """Where the y axis ends, however high values are."""

    margin_top = reactive(0)
    margin_bottom = reactive(1)
    margin_left = reactive(VERTICAL_LABEL + 1)
    logarithm: reactive[bool | None] = reactive(None)
    """Whether the y axis is logarithmic; None if the values decide."""
    smoothing = reactive(_SMOOTHING_WEIGHTS[0])
    axis: reactive[Axis] = reactive("step")

    def __init__(
        self,
        title: str,
        *,
        id: str,  # noqa: A002
        axis: Axis = "step",
        announcement: str = "",
    ) -> None:
        super().__init__(id=id)
        self.title, self._announcement = title, announcement
        self._series: Sequence[Series] = ()
        self._zoomed_x: Range | None = None
        self._zoomed_y: Range | None = None
        self._crosshair: float | None = None
        self._border_titles: tuple[Text, ...] = ()
        self._x_range = self._y_range = (0.0, 1.0)
        self._curves: list[Curve] = []
        self._is_logarithmic = False
        self._least_positive = 1.0
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
        self._zoomed_x = self._zoomed_y = self._crosshair = None
        self.show(())

    def prefers_logarithm(self, *, is_wide: bool) -> bool:
        """Whether the y axis is logarithmic as long as the user has not chosen.

        Args:
            is_wide: Whether the smaller values could not be read on a linear axis.
        """
        return is_wide

    def action_toggle_logarithm(self) -> None:
        """Switch between a logarithmic and a linear y axis."""
        self.logarithm = not self._is_logarithmic

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

    watch_logarithm = watch_axis

    def on_resize(self) -> None:
        """Draw again: the curves are reduced to the columns of the chart."""
        self._draw()

    watch_smoothing = on_resize

    def action_zoom_in(self) -> None:
        """Show a shorter part of the curves, at as much height as it needs."""
        self._zoom_x(1 / _ZOOM)

    def action_zoom_out(self) -> None:
        """Show a longer part of the curves."""
        self._zoom_x(_ZOOM)

    def action_stretch(self, direction: int) -> None:
        """Zoom the y axis in or out, around the value under the crosshair or at the end."""
        if not self._curves:
            return
        curve = self._curves[0]
        last = curve.x.searchsorted(self._x_range[1], "right") - 1
        position = curve.nearest(self._crosshair) if self._crosshair is not None else max(0, last)
        centre = float(self._scaled(curve.y[position : position + 1])[0])
        self._zoomed_y = zoomed(self._y_range, centre, _ZOOM**-direction)
        self._draw()

    def _zoom_x(self, factor: float) -> None:
        """Zoom the x axis around the crosshair, or the middle of the curves in view."""
        low, high = self._x_range
        ends = [curve.x[-1] for curve in self._curves]
        centre = self._crosshair
        if centre is None:
            centre = (low + min(high, max(ends, default=high))) / 2
        self._zoomed_x = zoomed((low, high), float(centre), factor)
        self._draw()

    @on(PlotWidget.ScaleChanged)
    def _zoom_to(self, event: PlotWidget.ScaleChanged) -> None:
        """Draw the part that the user zoomed or panned to, in detail."""
        x_range, y_range = (event.x_min, event.x_max), (event.y_min, event.y_max)
        is_pan = math.isclose(extent(y_range), extent(self._y_range))
        # after a vertical pan, new points still appear at the right
        if x_range != self._x_range:
            self._zoomed_x = x_range
        # the wheel zooms both axes; the y axis rather follows what is in view
        if y_range != self._y_range and (is_pan or x_range == self._x_range):
            self._zoomed_y = y_range
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

    def _find_x_range(self) -> Range:
        """The ends of the x axis: the whole one, or a part inside it."""
        whole = self._find_whole_x_range()
        if self._zoomed_x:
            longest = max((len(series.steps) for series in self._series), default=0)
            least = extent(whole) * min(1.0, _LEAST_POINTS / max(1, longest))
            self._zoomed_x = within(self._zoomed_x, whole, least)
        return self._zoomed_x or whole

    def _find_whole_x_range(self) -> Range:
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
        return widen_if_empty(float(low), float(high), 1.0)

    def _find_y_range(self) -> Range:
        """The ends of the y axis: around what is in view, or a part inside it."""
        whole = self._find_whole_y_range()
        if self._zoomed_y:
            self._zoomed_y = within(self._zoomed_y, whole, _LEAST_HEIGHT * extent(whole))
        return self._zoomed_y or whole

    def _find_whole_y_range(self) -> Range:
        drawn = [y for curve in self._curves for _, y in (curve.line, curve.noise)]
        values = np.concatenate([[], *drawn])
        if not len(values):
            return (0.0, 1.0)
        low, high = self._scaled(np.array([values.min(), values.max()])).tolist()
        low, high = widen_if_empty(low, high, 0.01 * abs(high) or 1.0)
        low, high = widen_to_round(low, high)
        return low, min(high, self.highest)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.clear()
        self._choose_scale()
        self._x_range = self._find_x_range()
        self.set_xlimits(*self._x_range)
        self._choose_ticks()
        view = View(
            self.axis,
            self._x_range,
            is_part=self._zoomed_x is not None,
            columns=2 * self._width,
            smoothing=self.smoothing,
            is_noise_shown=len(self._series) == 1,  # the noise of several would hide the curves
        )
        self._curves = [view.curve(*it) for it in self._styled_series() if len(it[0].steps)]
        self._y_range = self._find_y_range()
        self.set_ylimits(*self._y_range)
        titles = (self._heading(), self._words_below())
        if titles != self._border_titles:  # setting them repaints
            self._border_titles = titles
            self.border_title, self.border_subtitle = titles
        with ExitStack() as drawn:
            for canvas in self.query(DiffCanvas):
                drawn.enter_context(canvas.drawing())
            self.render()  # onto the canvases

    def draw_curves(self) -> None:
        """Draw marks, curves over them, and over these the markers at their ends."""
        canvas = self.query_one("#plot", DiffCanvas)
        if min(canvas.size) <= 2:  # there is space for nothing but the frame
            return
        picture = Picture(canvas, self._x_range, self._y_range)
        if not self._curves:
            picture.write(self._announcement, "dim")
        self._draw_marks(picture)
        if self._crosshair is not None:
            picture.draw_column(self._crosshair, _CROSSHAIR_STYLE)
        for curve in self._curves:
            x, y = curve.noise
            picture.draw_noise(x, self._scaled(y), f"{curve.colour} dim")
        for curve in self._curves:
            x, y = curve.line
            picture.draw_line(x, self._scaled(y), curve.colour)
        for curve in self._curves:
            x, y = curve.line
            picture.mark_last(x, self._scaled(y), curve.marker, curve.colour)
        self._mark_reading(picture)

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme, which the parts of a plot have only then."""
        super().notify_style_update()
        self.call_later(self._draw)

    def refresh(self, *regions: Region, layout: bool = False, **others: Any) -> Self:
        """Repaint the lines above and below; nothing else of the widget itself is visible."""
        if not regions and not layout:
            width, height = self.size
            regions = (Region(0, -1, width, 1), Region(0, height, width, 1))
        return super().refresh(*regions, layout=layout, **others)

    def _styled_series(self) -> Iterator[tuple[Series, str, str]]:
        """The curves, each with its colour and its marker."""
        return zip(self._series, cycle(COLOURS), cycle(MARKERS))

    def _mark_reading(self, picture: Picture) -> None:
        """Mark the points of the curves that are read under the crosshair."""
        if self._crosshair is None:
            return
        for curve in self._curves:
            point = curve.point_at(self._crosshair, self._margin)
            if point is not None:
                y = float(self._scaled(curve.y[point : point + 1])[0])
                picture.mark(float(curve.x[point]), y, curve.marker, curve.colour)

    def _draw_marks(self, picture: Picture) -> None:
        """Mark changes of the learning rate, and values that were not finite, in a run's colour."""
        for series, colour, _ in self._styled_series():
            for x in series.convert(self.axis, np.array(series.changes, np.float64)).tolist():
                picture.draw_column(x, colour)
            x = series.convert(self.axis, np.array(series.non_finite, np.float64))
            picture.mark_top(x, "✕", f"bold {colour}")

    def _choose_ticks(self) -> None:
        ticks = {"step": Ticks(min_step=1), "epoch": Ticks(min_step=1), "time": TimeTicks()}
        horizontal = ticks[self.axis]
        vertical = (LogarithmTicks if self._is_logarithmic else Ticks)(is_vertical=True)
        horizontal.room, vertical.room = self._width, max(4, self.size.height - 3)
        self.set_x_formatter(horizontal)
        self.set_y_formatter(vertical)
        no_ticks = None if any(len(series.steps) for series in self._series) else []
        self.set_xticks(no_ticks)
        self.set_yticks(no_ticks)

    def _heading(self) -> Text:
        parts = [f"{self.title} by {self.axis}"]
        if self._is_logarithmic:
            parts.append("log y")
        if self.smoothing and any(series.is_noisy for series in self._series):
            parts.append(f"smoothed {self.smoothing:g}")
        return heading(parts, self.size.width - 2 * _BORDER_GAP)

    def _words_below(self) -> Text:
        """What the curves are, or while there is a crosshair, what they are there."""
        room = self.size.width - 2 * _BORDER_GAP
        if self._crosshair is None:
            return legend([*self._styled_series()], room)
        return reading(self._curves, self._crosshair, self.axis, self._margin, room)

    @property
    def _margin(self) -> float:
        """How far from its ends a curve is still read: of several, as far as a column is wide."""
        is_single = len(self._curves) == 1  # and the axis of a live run is longer than its curve
        return math.inf if is_single else extent(self._x_range) / self._width

    def _scaled(self, values: Numbers) -> Numbers:
        if not self._is_logarithmic:
            return values
        return np.log10(np.maximum(values, self._least_positive))

    def _choose_scale(self) -> None:
        """Choose a linear or a logarithmic y axis, by the whole curves, not by the part in view."""
        least, self._least_positive, highest = value_range(self._series)
        is_wide = least >= 0 and highest > _WIDE_SPAN * self._least_positive
        choice = (
            self.prefers_logarithm(is_wide=is_wide) if self.logarithm is None else self.logarithm
        )
        self._is_logarithmic = choice and highest > 0

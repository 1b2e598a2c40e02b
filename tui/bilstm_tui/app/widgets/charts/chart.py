"""Curves in braille, at a cost that does not grow with the run."""

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar, get_args

import numpy as np
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Leave, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp
from textual.reactive import reactive
from textual.widget import Widget

from ...colours import lines_by
from ..marks import curve_style, stroke_of
from .axes import LogarithmTicks, Ticks, TimeTicks
from .curves import Curve, View
from .legend import heading, legend, reading
from .picture import Picture
from .plot import Plot
from .ranges import round_range, whole_x_range
from .reduction import Numbers, smoothed_points
from .scale import WIDE_SPAN, Scale
from .series import Axis, Series
from .zoom import AxisView, Range, extent

_SMOOTHING_WEIGHTS = (0.9, 0.98, 0.0, 0.6)
_CROSSHAIR_STYLE = "bold"
_BORDER_GAP = 2  # columns that a title keeps from each end of the border
_ZOOM, _WHEEL_ZOOM = 1.15, 1.05  # of a key press, of a turn of the wheel
_PAN = 2  # columns or rows of a key press
_LEAST_POINTS = 4  # side by side in a chart, however far it is zoomed in
_LEAST_HEIGHT = 1e-3  # of the y axis, however far it is zoomed in


class Chart(Plot, can_focus=True):
    """Curves over one x axis, drawn only when something changes.

    Args:
        title: What the y axis shows, with its unit.
        axis: What the x axis shows at first.
        announcements: What will appear, which is written where there is no curve yet, from the
            longest words to the shortest.
    """

    BINDING_GROUP_TITLE = "In a chart"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y",
            "toggle_logarithm",
            "Log",
            tooltip="Logarithmic or linear y axis (by itself logarithmic where values differ 20×)",
        ),
        Binding(
            "m",
            "next_smoothing",
            "Smooth",
            tooltip="Smoothing: at 0.9 the line is the mean of about 20 points, at 0 of one",
        ),
        Binding("x", "next_axis", "Axis", tooltip="X axis: steps, epochs or time"),
        Binding("plus,equals_sign", "zoom_in", "Zoom", tooltip="Zoom in"),
        Binding("minus", "zoom_out", "Zoom", tooltip="Zoom out"),
        Binding("0", "show_all", "All", tooltip="Whole curves"),
        Binding("comma", "move_crosshair(-1)", "Crosshair", tooltip="Crosshair left"),
        Binding("full_stop", "move_crosshair(1)", "Crosshair", tooltip="Crosshair right"),
        Binding("left", f"pan(-{_PAN},0)", "Pan left", show=False),
        Binding("right", f"pan({_PAN},0)", "Pan right", show=False),
        Binding("up", f"pan(0,{_PAN})", "Pan up", show=False),
        Binding("down", f"pan(0,-{_PAN})", "Pan down", show=False),
        Binding("shift+up", "stretch(1)", "Zoom in vertically", show=False),
        Binding("shift+down", "stretch(-1)", "Zoom out vertically", show=False),
    ]

    highest: ClassVar = math.inf
    """Where the y axis ends, however high values are."""
    least_quantile: ClassVar = 0.0
    """Which part of the values does not decide whether the y axis is logarithmic."""

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
        announcements: Sequence[str] = ("",),
    ) -> None:
        super().__init__(id=id)
        self.title, self._announcements = title, announcements
        self._series: Sequence[Series] = ()
        self._curves: list[Curve] = []
        self._across, self._upright = AxisView(), AxisView()
        self._crosshair: float | None = None
        self._scale = Scale(self.least_quantile)
        self.set_reactive(Chart.axis, axis)

    def show(self, series: Sequence[Series]) -> None:
        """Draw these curves instead of the previous ones."""
        self._series = series
        self._draw()

    def reset(self) -> None:
        """Remove the curves, the zoom, and the crosshair."""
        self._scale.is_wide = False
        self._series = ()
        self.show_whole()

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
        self.show_whole()

    def show_whole(self) -> None:
        """Discard zoom and crosshair."""
        self._across.show_all()
        self._upright.show_all()
        self._crosshair = None
        self._draw()

    def watch_axis(self) -> None:
        """Discard the zoom, which means nothing on another axis."""
        self.show_whole()

    watch_logarithm = watch_axis

    def on_resize(self) -> None:
        """Draw again: the curves are reduced to the columns of the chart."""
        self._draw()

    watch_smoothing = on_resize

    def notify_style_update(self) -> None:
        """Draw again in the colours of another theme, or of the focus."""
        super().notify_style_update()
        self.call_later(self._draw)

    def action_move_crosshair(self, columns: int) -> None:
        """Move the crosshair, or show it in the middle."""
        low, high = self._across.ends
        if self._crosshair is None:
            self._crosshair = (low + high) / 2
        else:
            column = (high - low) / self._width
            self._crosshair = min(max(self._crosshair + columns * column, low), high)
        self._draw()

    def action_pan(self, columns: int, rows: int) -> None:
        """Move what is in view to the right and up."""
        if columns:
            self._across.pan(columns / self._width)
        if rows:  # else new points still appear at the right
            self._upright.pan(rows / max(1, self.inside.height))
        self._draw()

    def action_zoom_in(self) -> None:
        """Show a shorter part of the curves, at as much height as it needs."""
        self._zoom(self._middle, 1 / _ZOOM)

    def action_zoom_out(self) -> None:
        """Show a longer part of the curves."""
        self._zoom(self._middle, _ZOOM)

    def action_stretch(self, direction: int) -> None:
        """Zoom the y axis in or out, around the value under the crosshair or at the end."""
        if not self._curves:
            return
        curve = self._curves[0]
        last = curve.x.searchsorted(self._across.ends[1], "right") - 1
        position = curve.nearest(self._crosshair) if self._crosshair is not None else max(0, last)
        centre = float(self._scaled(curve.y[position : position + 1])[0])
        self._upright.zoom(centre, _ZOOM**-direction)
        self._draw()

    @property
    def _middle(self) -> float:
        """The crosshair, or the middle of the curves in view."""
        if self._crosshair is not None:
            return self._crosshair
        low, high = self._across.ends
        return (low + min(high, max((curve.x[-1] for curve in self._curves), default=high))) / 2

    def _zoom(self, centre: float, factor: float) -> None:
        self._across.zoom(centre, factor)
        self._draw()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom in under the mouse."""
        self._turn_wheel(event, 1 / _WHEEL_ZOOM)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom out under the mouse."""
        self._turn_wheel(event, _WHEEL_ZOOM)

    def _turn_wheel(self, event: MouseScrollDown | MouseScrollUp, factor: float) -> None:
        """Zoom, except among more than fits on the screen: there the wheel scrolls."""
        parent = self.parent
        if not self.has_focus and isinstance(parent, Widget) and parent.max_scroll_y > 0:
            return
        event.stop()
        place = self._place_under(event)
        if place is not None:
            self._zoom(place, factor)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Move the crosshair to the mouse, or if it is dragged, what is in view."""
        if event.button:
            self.action_pan(-event.delta_x, event.delta_y)
            return
        place = self._place_under(event)
        if place is not None and place != self._crosshair:
            self._crosshair = place
            self._draw()

    def on_leave(self, _event: Leave) -> None:
        """Hide the crosshair."""
        if self._crosshair is not None and not self.is_mouse_over:
            self._crosshair = None
            self._draw()

    def _place_under(self, event: MouseEvent) -> float | None:
        """The place on the x axis under the mouse; None beside the picture."""
        column = event.screen_x - self.content_region.x - self.inside.x
        if not 0 <= column < self._width:
            return None
        return self._across.ends[0] + (column + 0.5) * self._across.extent / self._width

    @property
    def _width(self) -> int:
        """Columns inside the frame."""
        return max(8, self.inside.width)

    @property
    def _whole_x_range(self) -> Range:
        return whole_x_range(self._series, self.axis)

    @property
    def _whole_y_range(self) -> Range:
        """Around what is in view of the curves."""
        low, high = round_range(self._scaled(self._drawn_values), self.highest)
        return low if self._scale.zero is None else max(low, self._scale.zero), high

    @property
    def _drawn_values(self) -> Numbers:
        """What is in view of the curves."""
        drawn = [y for curve in self._curves for _, y in (curve.line, curve.noise)]
        return np.concatenate([[], *drawn])

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self._scale.choose(self._series, self.logarithm, self.prefers_logarithm)
        self._find_curves()
        with self.drawing() as cells:
            self.write_around(self._heading(), self._words_below())
            if self.has_space:
                picture = Picture(cells, self.frame, self._across.ends, self._upright.ends)
                self.draw_frame(picture)
                if self.has_labels and any(len(series.steps) for series in self._series):
                    self.draw_ticks(picture, *self._ticks())
                self.draw_curves(picture)

    def _find_curves(self) -> None:
        """Find what is in view of the curves, and of both axes."""
        whole = self._whole_x_range
        longest = max((len(series.steps) for series in self._series), default=0)
        self._across.fit(whole, extent(whole) * min(1.0, _LEAST_POINTS / max(1, longest)))
        view = View(
            self.axis,
            self._across.ends,
            is_part=not self._across.is_whole,
            columns=2 * self._width,
            smoothing=self.smoothing,
            is_noise_shown=len(self._series) == 1,  # the noise of several would hide the curves
        )
        self._curves = [view.curve(*it) for it in self._styled_series() if len(it[0].steps)]
        whole = self._whole_y_range
        self._upright.fit(whole, _LEAST_HEIGHT * extent(whole))

    def _ticks(self) -> tuple[Ticks, Ticks]:
        """The ticks of the x axis and of the y axis."""
        horizontal = {"step": Ticks(min_step=1), "epoch": Ticks(min_step=1), "time": TimeTicks()}
        if not self._is_logarithmic:
            return horizontal[self.axis], Ticks(is_vertical=True)
        scale = self._scale
        return horizontal[self.axis], LogarithmTicks(
            is_vertical=True, zero=scale.zero, least=scale.least
        )

    def draw_curves(self, picture: Picture) -> None:
        """Draw marks, curves over them, and over these the markers at their ends."""
        if not self._curves:
            picture.write(self._announcements, "dim")
        self._draw_marks(picture)
        if self._crosshair is not None:
            picture.draw_column(self._crosshair, _CROSSHAIR_STYLE)
        for curve in self._curves:
            x, y = curve.noise
            picture.draw_noise(x, self._scaled(y), f"{curve.colour} dim")
        for curve in self._curves:
            x, y = curve.line
            stroke = stroke_of(curve.marker, lines_by(self.app))
            picture.draw_line(x, self._scaled(y), curve.colour, stroke)
        for curve in self._curves:
            x, y = curve.line
            picture.mark_last(x, self._scaled(y), curve.marker, curve.colour)
        self._mark_reading(picture)

    def _styled_series(self) -> Iterator[tuple[Series, str, str]]:
        """The curves, each with its colour and its marker."""
        for place, series in enumerate(self._series):
            yield series, *curve_style(place if series.number is None else series.number)

    def _mark_reading(self, picture: Picture) -> None:
        """Mark the points of the curves that are read under the crosshair."""
        if self._crosshair is None:
            return
        column = self._across.extent / self._width
        for curve in self._curves:
            point = curve.point_at(self._crosshair, self._margin)
            if point is not None:
                x, y = curve.x[point], self._scaled(curve.y[point : point + 1])[0]
                x = self._crosshair if abs(x - self._crosshair) < column else x  # on the line
                picture.mark(float(x), float(y), curve.marker, curve.colour)

    def _draw_marks(self, picture: Picture) -> None:
        """Mark changes of the learning rate, and values that were not finite, in a run's colour."""
        for series, colour, _ in self._styled_series():
            for x in series.convert(self.axis, np.array(series.changes, np.float64)).tolist():
                picture.draw_column(x, colour)
            x = series.convert(self.axis, np.array(series.non_finite, np.float64))
            picture.mark_top(x, "✕", f"bold {colour}")

    def _heading(self) -> Text:
        is_smoothed = self.smoothing and any(series.is_noisy for series in self._series)
        notes = [f"smoothed {self.smoothing:g}"] if is_smoothed else []
        room = self.size.width - 2 * _BORDER_GAP
        return heading(self.title, self.axis, notes, self._scale_words, room)

    @property
    def _scale_words(self) -> Sequence[str]:
        """What is unusual about the y axis, from the longest words to the shortest."""
        return ("log scale", "log") if self._is_logarithmic else ()

    def _words_below(self) -> Text:
        """What the curves are, or while there is a crosshair, what they are there."""
        room = self.size.width - 2 * _BORDER_GAP
        if self._crosshair is None:
            styled = [*self._styled_series()]
            return legend(styled, [*self._notes()], room, lines_by(self.app))
        return reading(self._curves, self._crosshair, self.axis, self._margin, room)

    def _notes(self) -> Iterator[str]:
        """What may surprise about the curves."""
        if self._is_logarithmic and self._scale.is_wide and self.logarithm is None:
            yield f"log scale: values differ {WIDE_SPAN}×"
        if any(len(curve.noise[0]) for curve in self._curves):
            yield f"line: mean of ~{smoothed_points(self.smoothing)} points"

    @property
    def _margin(self) -> float:
        """How far from its ends a curve is still read: of several, as far as a column is wide."""
        is_single = len(self._curves) == 1  # and the axis of a live run is longer than its curve
        return math.inf if is_single else self._across.extent / self._width

    @property
    def _is_logarithmic(self) -> bool:
        """Whether the y axis is."""
        return self._scale.is_logarithmic

    def _scaled(self, values: Numbers) -> Numbers:
        """Where values are on the y axis."""
        return self._scale.places(values)

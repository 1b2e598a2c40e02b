"""What is drawn of a series: its line, its noise, and its marker."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .reduction import Numbers, reduce, smooth
from .series import Axis, Series

Points = tuple[Numbers, Numbers]
"""x and y of points, each of shape (N,)."""
_NOTHING: Points = (np.empty(0), np.empty(0))


@dataclass(frozen=True)
class Curve:
    """A series, ready to be drawn.

    Attributes:
        series: Where it comes from.
        colour: Its colour.
        marker: Its marker.
        x: The position of each of the series' steps on the x axis, shape (N,).
        line: The line in view, reduced.
        noise: The values in view from which the line was smoothed, reduced; empty if not drawn.
        smoothing: The weight of the moving average; 0 if the line is that of the values.
    """

    series: Series
    colour: str
    marker: str
    x: Numbers
    line: Points
    noise: Points
    smoothing: float

    @property
    def is_smoothed(self) -> bool:
        """Whether the line differs from the values themselves."""
        return self.smoothing > 0

    @cached_property
    def y(self) -> Numbers:
        """The value of the line at each step, shape (N,); kept only while somebody reads it."""
        return smooth(self.series.mean, self.smoothing)

    def nearest(self, x: float) -> int:
        """The number of the point that is nearest to a position."""
        return int(np.abs(self.x - x).argmin())

    def point_at(self, x: float, margin: float) -> int | None:
        """The number of the nearest point, unless the curve ends further away than `margin`."""
        is_beyond = x < self.x[0] - margin or x > self.x[-1] + margin
        return None if is_beyond else self.nearest(x)


@dataclass(frozen=True)
class View:
    """How curves are drawn.

    Attributes:
        axis: What the x axis shows.
        x_range: The ends of the x axis.
        is_part: Whether that is only a part of the curves.
        columns: Points that lie side by side, at most two in each: a minimum and a maximum.
        smoothing: The weight of the moving average.
        is_noise_shown: Whether the values are drawn from which a line was smoothed.
    """

    axis: Axis
    x_range: tuple[float, float]
    is_part: bool
    columns: int
    smoothing: float
    is_noise_shown: bool

    def curve(self, series: Series, colour: str, marker: str) -> Curve:
        """Smooth a series, and reduce what is in view of it."""
        x = series.convert(self.axis, series.steps)
        part = self._part(x)
        low, high, mean = series.low[part], series.high[part], series.mean[part]
        if not (series.is_noisy and self.smoothing):
            line = self._line(x[part], low, high, mean)
            return Curve(series, colour, marker, x, line, _NOTHING, 0.0)
        noise = _NOTHING
        if self.is_noise_shown:
            noise = reduce(x[part], low, high, self.columns, self.x_range)
        y = smooth(series.mean, self.smoothing)[part]
        line = self._line(x[part], y, y, y)
        return Curve(series, colour, marker, x, line, noise, self.smoothing)

    def _line(self, x: Numbers, low: Numbers, high: Numbers, mean: Numbers) -> Points:
        """A line that ends at its last point, not at the minimum or maximum of a column."""
        reduced = reduce(x, low, high, self.columns, self.x_range)
        return np.append(reduced[0], x[-1:]), np.append(reduced[1], mean[-1:])

    def _part(self, x: Numbers) -> slice:
        """The points in view, and one more on each side, to which the line is drawn."""
        if not self.is_part:
            return slice(None)
        first, last = np.searchsorted(x, self.x_range)
        return slice(max(0, int(first) - 1), int(last) + 1)

"""The charts of a sweep: the best value so far, a setting against the result, running trials."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from rich.text import Text
from textual.binding import Binding, BindingType

from bilstm_core.sweeps.space import Dimension, Value

from ....text.sweep_lines import setting_text, value_text
from ..charts.axes import LogarithmTicks, NamedTicks, Ticks, widen_if_empty
from ..charts.chart import Chart
from ..charts.diff_canvas import DiffCanvas
from ..charts.picture import Picture
from ..charts.reduction import Numbers
from ..charts.series import Axis, Series
from ..charts.zoom import Range
from .reading import Seen

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Row

_MOST_CURVES = 5  # of trials that train; beside them is the best
_MOST_COLUMNS = 12  # of a range in steps, whose values then have a column each
_SPREAD = 0.6  # of the distance between two categories, over which their points are spread
_GOLDEN = 0.618  # whose multiples are spread evenly over an interval
_OF_A_RUN = {"next_axis", "next_smoothing"}
"""Keys of a chart that mean nothing for trials."""

Kind = Literal["pruned", "finished", "best"]
_MARKS: dict[Kind, tuple[str, str]] = {
    "pruned": ("✕", "dim"),
    "finished": ("●", "cyan"),
    "best": ("▲", "bold green"),
}
"""The marker and the style of each kind of trial; the trial under the cursor is reversed."""


@dataclass(frozen=True)
class Point:
    """A trial in a chart, at a place of its axes."""

    x: float
    y: float
    kind: Kind
    number: int
    words: str


class TrialsChart(Chart, inherit_bindings=False):
    """A chart whose x axis is not the time of a run."""

    BINDING_GROUP_TITLE = "In a chart"
    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in Chart.BINDINGS
        if isinstance(binding, Binding) and binding.action not in _OF_A_RUN
    ]


class TrialCurves(TrialsChart):
    """The objective after each epoch: of the trials that train, of the best, of the selected."""

    def show_trials(self, seen: Seen, selected: int | None) -> None:
        """Draw the curves as they are now."""
        self.title = seen.plan.objective + seen.unit
        board = seen.board
        live = [row for row in board.rows if row.state == "training"][:_MOST_CURVES]
        chosen = [row for row in board.rows if row.number == selected]
        rows = {row.number: row for row in (*filter(None, [board.best]), *live, *chosen)}
        drawn = [_curve(seen, row) for row in rows.values() if row.by_epoch]
        self.show(drawn)

    def _heading(self) -> Text:
        return Text(f"{self.title} by epoch, of trials{', log y' if self._is_logarithmic else ''}")


def _curve(seen: Seen, row: "Row") -> Series:
    steps = np.array([*row.by_epoch], np.float64)
    values = np.array([seen.drawn(value) for value in row.by_epoch.values()])
    return Series(
        "best" if row == seen.board.best else str(row.number),
        *(steps, values, values, values),
        _as_it_is,
        is_noisy=False,
        last_step=float(seen.num_epochs) if row.state == "training" else None,
    )


class PointsChart(TrialsChart):
    """A marker for each trial, and perhaps a line."""

    def __init__(self, *, id: str, announcement: str) -> None:  # noqa: A002
        super().__init__("", id=id, announcement=announcement)
        self._points: Sequence[Point] = ()
        self._selected: int | None = None
        self._drawn: object = None

    def show_points(self, points: Sequence[Point], selected: int | None, *titles: object) -> None:
        """Draw these points, unless they are drawn already.

        Args:
            points: What to draw.
            selected: The trial under the cursor.
            titles: What else is seen, which may have changed.
        """
        self._points, self._selected = points, selected
        state = (points, selected, titles)
        if state == self._drawn:
            return
        self._drawn = state
        ranged = [point for point in points if point.kind != "pruned"] or points
        places = sorted((point.x, point.y) for point in ranged)
        x, y = (np.array([place[axis] for place in places], np.float64) for axis in (0, 1))
        self.show([Series("", x, y, y, y, _as_it_is, is_noisy=False, last_step=self.last_x)])

    @property
    def last_x(self) -> float | None:
        """Where the x axis will end; None where it does not grow."""
        return None

    @property
    def line(self) -> tuple[Numbers, Numbers]:
        """The x and y of a line behind the points; empty where there is none."""
        return np.empty(0), np.empty(0)

    def draw_curves(self) -> None:
        """Draw the line and the points; those that were pruned at the edge, if beyond it."""
        canvas = self.query_one("#plot", DiffCanvas)
        if min(canvas.size) <= 2:  # there is space for nothing but the frame
            return
        picture = Picture(canvas, self._x_range, self._y_range)
        if not self._points:
            picture.write(self._announcement, "dim")
            return
        if self._crosshair is not None:
            picture.draw_column(self._crosshair, "bright_white")
        x, y = self.line
        picture.draw_line(x, self._scaled(y), "green")
        low, high = self._y_range
        for point in sorted(self._points, key=self._rank):
            marker, style = _MARKS[point.kind]
            y_scaled = float(self._scaled(np.array([point.y]))[0])
            if point.kind == "pruned":
                y_scaled = min(max(y_scaled, low), high)
            if point.number == self._selected:
                style = style.replace("dim", "") + " reverse"
            picture.mark(point.x, y_scaled, marker, style)

    def _rank(self, point: Point) -> tuple[bool, int]:
        """Points that hide others are drawn after them."""
        return point.number == self._selected, [*_MARKS].index(point.kind)

    def _words_below(self) -> Text:
        """The trial that is nearest to the crosshair, or else what the markers mean."""
        crosshair = self._crosshair
        if crosshair is not None and self._points:
            return Text(min(self._points, key=lambda point: abs(point.x - crosshair)).words)
        return self.legend

    @property
    def legend(self) -> Text:
        """What the markers mean."""
        kinds = {point.kind for point in self._points}
        words = [Text(f"{m} {kind}", style) for kind, (m, style) in _MARKS.items() if kind in kinds]
        return Text("  ").join(words[::-1])


class BestChart(PointsChart):
    """The result of each trial, and the best until then."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, announcement="a point for each trial that finished")
        self._stairs: Sequence[tuple[float, float]] = ()
        self._last_trial: float | None = None

    def show_trials(self, seen: Seen, selected: int | None) -> None:
        """Draw the trials as they are now."""
        board = seen.board
        self.title = f"best {seen.plan.objective}{seen.unit} so far"
        is_over = board.count("finished", "pruned", "failed") >= board.wanted
        self._last_trial = None if is_over else float(board.wanted - 1)
        stairs: list[tuple[float, float]] = []
        for number, value in board.best_so_far:
            stairs += [(number, y) for _, y in stairs[-1:]]
            stairs.append((number, seen.drawn(value)))
        self._stairs = stairs
        points = [
            Point(
                row.number, seen.drawn(row.value), _kind(seen, row), row.number, _words(seen, row)
            )
            for row in board.rows
            if row.value is not None and row.state in {"finished", "pruned"}
        ]
        self.show_points(points, selected, stairs, self._last_trial)

    @property
    def last_x(self) -> float | None:
        """The last trial that is wanted, until it has ended."""
        return self._last_trial

    @property
    def line(self) -> tuple[Numbers, Numbers]:
        """The best value until each trial."""
        stairs = np.array(self._stairs, np.float64).reshape(-1, 2)
        return stairs[:, 0], stairs[:, 1]

    def _find_whole_x_range(self) -> Range:
        low, high = super()._find_whole_x_range()
        places = [point.x for point in self._points]
        return min([low, *places]), max([high, *places])

    def _heading(self) -> Text:
        return Text(f"{self.title}, by trial{', log y' if self._is_logarithmic else ''}")


class ScatterChart(PointsChart):
    """A searched setting against the result.

    Args:
        dimension: The setting, and where it is searched.
    """

    def __init__(self, dimension: Dimension) -> None:
        name = dimension.name
        super().__init__(id=f"scatter-{name}", announcement="a point for each finished trial")
        self.dimension = dimension
        self._columns = _columns_of(dimension)
        self._part: float | None = None
        self._is_chosen = False
        self._named: tuple[Value, ...] = ()

    def show_trials(
        self, seen: Seen, selected: int | None, part: float | None, *, is_chosen: bool
    ) -> None:
        """Draw the trials as they are now.

        Args:
            seen: The sweep.
            selected: The trial under the cursor.
            part: How important the setting is; None if that is not known.
            is_chosen: Whether it is the setting under the cursor.
        """
        self._part, self._is_chosen = part, is_chosen
        name = self.dimension.name
        rows = [
            row
            for row in seen.board.rows
            if name in row.settings and row.value is not None
            if row.state in {"finished", "pruned"}
        ]
        found = [] if self._columns is None else [_rounded(row.settings[name]) for row in rows]
        self._named = tuple(dict.fromkeys([*(self._columns or ()), *found]))
        points = [
            Point(
                self._place(row.settings[name], row.number),
                seen.drawn(row.value or 0.0),
                _kind(seen, row),
                row.number,
                f"{name} {setting_text(row.settings[name])}  {_words(seen, row)}",
            )
            for row in rows
        ]
        self.show_points(points, selected, part, is_chosen, self._named)

    def _place(self, value: Value, number: int) -> float:
        """Where a value is on the x axis; those of a category beside each other."""
        if self._columns is not None:
            spread = ((number * _GOLDEN) % 1 - 0.5) * _SPREAD
            return self._named.index(_rounded(value)) + spread
        position = float(value) if isinstance(value, int | float) else self.dimension.low
        return math.log10(position) if self.dimension.is_log and position > 0 else position

    def _find_whole_x_range(self) -> Range:
        if self._columns is not None:
            return -0.5, max(1, len(self._named)) - 0.5
        ends = [self._place(self.dimension.low, 0), self._place(self.dimension.high, 0)]
        places = [*ends, *(point.x for point in self._points)]
        return widen_if_empty(min(places), max(places), 1.0)

    def _choose_ticks(self) -> None:
        super()._choose_ticks()
        self.set_x_formatter(self._horizontal_ticks())

    def _horizontal_ticks(self) -> Ticks:
        ticks: Ticks
        if self._columns is not None:
            ticks = NamedTicks([setting_text(value) for value in self._named])
        elif self.dimension.is_log:
            ticks = LogarithmTicks()
        else:
            is_whole = self.dimension.setting.kind == "integer"
            ticks = Ticks(min_step=1 if is_whole else 0)
        ticks.room = self._width
        return ticks

    @property
    def legend(self) -> Text:
        """The trial under the cursor: what the markers mean stands below the other chart."""
        words = (point.words for point in self._points if point.number == self._selected)
        return Text(next(words, ""), "dim")

    def _heading(self) -> Text:
        mark = "▸" if self._is_chosen else ""
        log = ", log" if self.dimension.is_log else ""
        part = "" if self._part is None else f"  importance {100 * self._part:.0f} %"
        return Text.assemble((f"{mark}{self.dimension.name}", "bold"), f"{log}{part}")


def _columns_of(dimension: Dimension) -> tuple[Value, ...] | None:
    """The values of a list, or of a range of few; None for a range of many."""
    if dimension.is_log or not dimension.low < dimension.high:
        return None if dimension.is_log else dimension.values
    step = dimension.step or (1 if dimension.setting.kind == "integer" else 0)
    is_few = step > 0 and (dimension.high - dimension.low) / step < _MOST_COLUMNS
    return dimension.listed() if is_few else None


def _rounded(value: Value) -> Value:
    """A value as lists have it: a sum of steps may be 0.30000000000000004."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _kind(seen: Seen, row: "Row") -> Kind:
    if row == seen.board.best:
        return "best"
    return "pruned" if row.state == "pruned" else "finished"


def _words(seen: Seen, row: "Row") -> str:
    state = "" if row.state == "finished" else f" {row.state}"
    return f"trial {row.number}  {value_text(seen.plan, row.value)}{seen.unit}{state}"


def _as_it_is(_axis: Axis, places: Numbers) -> Numbers:
    return places

"""The charts of a sweep: the best value so far, a setting against the result, running trials."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from rich.text import Text
from textual.binding import Binding, BindingType

from bilstm_core.sweeps.space import Dimension, Value

from ....text.sweep_lines import setting_text, value_text
from ..charts.axes import LogarithmTicks, NamedTicks, Ticks, widen_if_empty
from ..charts.chart import Chart
from ..charts.picture import Picture
from ..charts.reduction import Numbers
from ..charts.series import Axis, Series
from ..charts.zoom import Range
from ..marks import COLOURS, MARKERS
from .reading import Seen

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Row

_MOST_CURVES = 5  # of trials that train; beside them is the best
_MOST_COLUMNS = 12  # of a range in steps, whose values then have a column each
_SPREAD = 0.6  # of the distance between two categories, over which their points are spread
_GOLDEN = 0.618  # whose multiples are spread evenly over an interval
_OF_A_RUN = {"next_axis", "next_smoothing"}
"""Keys of a chart that mean nothing for trials."""

_MARKS: tuple[tuple[str, str, str], ...] = (
    ("pruned", "✕", "dim"),
    ("stopped", "■", "dim"),
    ("finished", "●", "cyan"),
    ("best", "▲", "bold green"),
)
"""Each kind of trial with its marker and its style; the later hide the earlier ones, and the trial
under the cursor, which is reversed, hides all."""
_ANNOUNCEMENTS = ("no trial has finished yet", "no trial finished")
_BEST_CURVE = ("green", "▲")
_OTHERS = [
    *zip(
        (colour for colour in COLOURS if colour != _BEST_CURVE[0]),
        (marker for marker in MARKERS if marker != _BEST_CURVE[1]),
        strict=True,
    )
]
_PRUNED, _STOPPED, _FINISHED, _BEST = range(4)
_KINDS = {"pruned": _PRUNED, "stopped": _STOPPED}


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

    def _styled_series(self) -> Iterator[tuple[Series, str, str]]:
        """The curves; that of the best trial has the marker that it has in the other charts."""
        others = cycle(_OTHERS)
        for series in self._series:
            colour, marker = _BEST_CURVE if series.label == "best" else next(others)
            yield series, colour, marker

    def _heading(self) -> Text:
        scale = ", log scale" if self._is_logarithmic else ""
        return Text(f"{self.title} by epoch, of trials{scale}")


def _curve(seen: Seen, row: "Row") -> Series:
    steps = np.array([*row.by_epoch], np.float64)
    values = np.array([seen.drawn(value) for value in row.by_epoch.values()])
    return Series(
        "best" if row is seen.board.best else str(row.number),
        *(steps, values, values, values),
        _as_it_is,
        is_noisy=False,
        last_step=float(seen.num_epochs) if row.state == "training" else None,
    )


class PointsChart(TrialsChart):
    """A marker for each trial that has a result, and perhaps a line."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__("", id=id, announcements=_ANNOUNCEMENTS)
        self._seen: Seen | None = None
        self._rows: Sequence[Row] = ()
        self._x, self._y = np.empty(0), np.empty(0)
        self._kinds = np.empty(0, np.int8)
        self._selected: int | None = None
        self._drawn: object = None

    def _take(self, seen: Seen) -> None:
        """Find the places of the trials, unless they are known."""
        ended = self._seen.ended if self._seen else None
        self._seen = seen
        if seen.ended is ended:
            return
        self._rows = [row for row in seen.ended if self._has(row)]
        self._x = self._places(self._rows)
        self._y = np.array([seen.drawn(row.value or 0.0) for row in self._rows])
        best = seen.board.best
        kinds = [_KINDS.get(row.state, _FINISHED) for row in self._rows]
        self._kinds = np.array(kinds, np.int8)
        self._kinds[[row is best for row in self._rows]] = _BEST
        self._drawn = None

    def _has(self, row: "Row") -> bool:
        """Whether a trial has a place on the x axis."""
        return True

    @abstractmethod
    def _places(self, rows: Sequence["Row"]) -> Numbers:
        """The places of trials on the x axis."""

    def _draw_points(self, selected: int | None, *titles: object) -> None:
        """Draw the trials, unless they are drawn already.

        Args:
            selected: The trial under the cursor.
            titles: What else is seen, which may have changed.
        """
        self._selected = selected
        if self._drawn == (selected, titles):
            return
        self._drawn = selected, titles
        ranged = self._kinds > _STOPPED
        if not ranged.any():
            ranged = ~ranged
        x, y = self._x[ranged], self._y[ranged]
        order = np.lexsort((y, x))
        x, y = x[order], y[order]
        self.show([Series("", x, y, y, y, _as_it_is, is_noisy=False, last_step=self.last_x)])

    @property
    def last_x(self) -> float | None:
        """Where the x axis will end; None where it does not grow."""
        return None

    @property
    def line(self) -> tuple[Numbers, Numbers]:
        """The x and y of a line behind the points; empty where there is none."""
        return np.empty(0), np.empty(0)

    def draw_curves(self, picture: Picture) -> None:
        """Draw the line and the points; those that ended early at the edge, if beyond it."""
        if not len(self._rows):
            picture.write(self._announcements, "dim")
            return
        if self._crosshair is not None:
            picture.draw_column(self._crosshair, "bright_white")
        x, y = self.line
        picture.draw_line(x, self._scaled(y), "green")
        y = self._scaled(self._y)
        y = np.where(self._kinds <= _STOPPED, np.clip(y, *self._upright.ends), y)
        for kind, (_, marker, style) in enumerate(_MARKS):
            is_of_kind = self._kinds == kind
            picture.mark_all(self._x[is_of_kind], y[is_of_kind], marker, style)
        if (index := self._index_of_selected) is not None:
            _, marker, style = _MARKS[self._kinds[index]]
            style = style.replace("dim", "") + " reverse"
            picture.mark(float(self._x[index]), float(y[index]), marker, style)

    @property
    def _index_of_selected(self) -> int | None:
        numbers = (index for index, row in enumerate(self._rows) if row.number == self._selected)
        return next(numbers, None)

    def _words_below(self) -> Text:
        """The trial that is nearest to the crosshair, or else what the markers mean."""
        if self._crosshair is not None and len(self._rows):
            nearest = int(np.abs(self._x - self._crosshair).argmin())
            return Text(self._words(self._rows[nearest]))
        return self.legend

    def _words(self, row: "Row") -> str:
        """A trial and its result."""
        if not self._seen:
            return ""
        state = "" if row.state == "finished" else f" {row.state}"
        value = value_text(self._seen.plan, row.value)
        return f"trial {row.number}  {value}{self._seen.unit}{state}"

    @property
    def legend(self) -> Text:
        """What the markers mean."""
        kinds = {*self._kinds.tolist()}
        marks = [(kind, *mark) for kind, mark in enumerate(_MARKS) if kind in kinds]
        words = [Text(f"{m} {name}", style) for _, name, m, style in marks[::-1]]
        legend = Text("  ").join(words)
        return legend if legend.cell_len < self.size.width else Text(" ").join(words)


class BestChart(PointsChart):
    """The result of each trial, and the best until then."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._last_trial: float | None = None

    def show_trials(self, seen: Seen, selected: int | None) -> None:
        """Draw the trials as they are now."""
        board = seen.board
        self.title = f"best {seen.plan.objective}{seen.unit} so far"
        is_over = board.is_over
        self._last_trial = None if is_over else float(board.wanted - 1)
        self._take(seen)
        self._draw_points(selected, self._last_trial)

    def _places(self, rows: Sequence["Row"]) -> Numbers:
        return np.array([row.number for row in rows], np.float64)

    @property
    def last_x(self) -> float | None:
        """The last trial that is wanted, until it has ended."""
        return self._last_trial

    @property
    def line(self) -> tuple[Numbers, Numbers]:
        """The best value until each trial: stairs."""
        best = self._seen.board.best_so_far if self._seen else ()
        if not self._seen or not best:
            return np.empty(0), np.empty(0)
        numbers, values = np.array(best, np.float64).T
        x, y = (
            np.repeat(numbers, 2)[1:],
            np.repeat(values * (1 if self._seen.is_loss else 100), 2)[:-1],
        )
        return x, y

    @property
    def _whole_x_range(self) -> Range:
        low, high = super()._whole_x_range
        return max(0.0, min([low, *self._x])), max([high, *self._x])

    def _heading(self) -> Text:
        return Text(f"{self.title}, by trial{', log scale' if self._is_logarithmic else ''}")


class ScatterChart(PointsChart):
    """A searched setting against the result.

    Args:
        dimension: The setting, and where it is searched.
    """

    def __init__(self, dimension: Dimension) -> None:
        name = dimension.name
        super().__init__(id=f"scatter-{name}")
        self.dimension = dimension
        self._columns = _columns_of(dimension)
        self._part: float | None = None
        self._is_chosen = False
        self._named: tuple[Value, ...] = self._columns or ()

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
        self._take(seen)
        self._draw_points(selected, part, is_chosen)

    def _has(self, row: "Row") -> bool:
        return self.dimension.name in row.settings

    def _places(self, rows: Sequence["Row"]) -> Numbers:
        """Where values are on the x axis; those of a category beside each other."""
        values = [row.settings[self.dimension.name] for row in rows]
        if self._columns is None:
            return np.array([self._place(value) for value in values], np.float64)
        rounded = [*map(_rounded, values)]
        self._named = tuple(dict.fromkeys([*self._columns, *rounded]))
        column = {value: index for index, value in enumerate(self._named)}
        numbers = np.array([row.number for row in rows], np.float64)
        spread = ((numbers * _GOLDEN) % 1 - 0.5) * _SPREAD
        return np.array([column[value] for value in rounded], np.float64) + spread

    def _place(self, value: Value) -> float:
        position = float(value) if isinstance(value, int | float) else self.dimension.low
        return math.log10(position) if self.dimension.is_log and position > 0 else position

    @property
    def _whole_x_range(self) -> Range:
        if self._columns is not None:
            return -0.5, max(1, len(self._named)) - 0.5
        places = [self._place(self.dimension.low), self._place(self.dimension.high), *self._x]
        return widen_if_empty(float(min(places)), float(max(places)), 1.0)

    def _ticks(self) -> tuple[Ticks, Ticks]:
        _, vertical = super()._ticks()
        if self._columns is not None:
            return NamedTicks([setting_text(value) for value in self._named]), vertical
        if self.dimension.is_log:
            return LogarithmTicks(), vertical
        is_whole = self.dimension.setting.kind == "integer"
        return Ticks(min_step=1 if is_whole else 0), vertical

    @property
    def legend(self) -> Text:
        """The trial under the cursor: what the markers mean stands below the other chart."""
        index = self._index_of_selected
        return Text("" if index is None else self._words(self._rows[index]), "dim")

    def _words(self, row: "Row") -> str:
        name = self.dimension.name
        return f"{name} {setting_text(row.settings[name])}  {super()._words(row)}"

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


def _as_it_is(_axis: Axis, places: Numbers) -> Numbers:
    return places

"""Curves in braille, at a cost that does not grow with the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget

from bilstm_core.curves import reduce, smooth

_COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue")
_MARKERS = ("●", "▲", "■", "◆", "✕", "○")
_WEIGHTS = (0.9, 0.98, 0.0, 0.6)
_MARGIN = 10
_TINY = 1e-12


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        label: What the legend says.
        x: Ascending places, shape (N,).
        low: The least value at each.
        high: The greatest value at each.
        mean: The mean value at each; this one is smoothed.
        is_noisy: Whether to smooth it; otherwise its points are marked.
    """

    label: str
    x: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    is_noisy: bool = True


class Chart(PlotWidget):
    """Several curves over one x axis; draws only when something changed.

    Args:
        title: What the y axis shows.
        id: Textual's.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "toggle_logarithm", "Log y"),
        Binding("m", "next_smoothing", "Smoothing"),
    ]

    margin_top = reactive(0)
    margin_bottom = reactive(2)
    margin_left = reactive(8)
    is_logarithmic = reactive(False)
    smoothing = reactive(_WEIGHTS[0])

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._title = title
        self._series: Sequence[Series] = ()
        self.border_title = title

    def show(self, series: Sequence[Series]) -> None:
        """Draw these curves in the place of the former ones."""
        self._series = series
        self._draw()

    def action_toggle_logarithm(self) -> None:
        """Logarithmic y axis, or linear again."""
        self.is_logarithmic = not self.is_logarithmic

    def action_next_smoothing(self) -> None:
        """The next stronger smoothing, or none."""
        self.smoothing = _WEIGHTS[(_WEIGHTS.index(self.smoothing) + 1) % len(_WEIGHTS)]

    def watch_is_logarithmic(self) -> None:
        """Draw anew."""
        self._draw()

    def watch_smoothing(self) -> None:
        """Draw anew."""
        self._draw()

    def on_resize(self) -> None:
        """Other width, other columns."""
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.clear()
        columns = max(16, 2 * (self.size.width - _MARGIN))
        is_any_noisy = False
        for number, one in enumerate(self._series):
            if not len(one.x):
                continue
            colour = _COLOURS[number % len(_COLOURS)]
            marker = _MARKERS[number % len(_MARKERS)]
            if one.is_noisy:
                is_any_noisy = True
                self._draw_noisy(one, colour, columns)
            else:
                x, y = reduce(one.x, one.low, one.high, columns)
                y = self._scaled(y)
                self.plot(x, y, colour, hires_mode=HiResMode.BRAILLE)
                self.scatter(x, y, marker=marker, marker_style=colour, label=one.label)
        words = [self._title]
        if self.is_logarithmic:
            words.append("log10")
        if is_any_noisy and self.smoothing:
            words.append(f"smoothed {self.smoothing:g}")
        self.border_title = ", ".join(words)
        if len(self._series) > 1:
            self.show_legend()
        self.refresh()

    def _draw_noisy(self, one: Series, colour: str, columns: int) -> None:
        if self.smoothing:
            x, y = reduce(one.x, one.low, one.high, columns)
            self.plot(x, self._scaled(y), f"{colour} dim", hires_mode=HiResMode.BRAILLE)
            smoothed = smooth(one.mean, self.smoothing)
            x, y = reduce(one.x, smoothed, smoothed, columns)
        else:
            x, y = reduce(one.x, one.low, one.high, columns)
        self.plot(x, self._scaled(y), colour, hires_mode=HiResMode.BRAILLE, label=one.label)

    def _scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.log10(np.maximum(values, _TINY)) if self.is_logarithmic else values

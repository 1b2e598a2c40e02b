"""Which learning rate to take: the curve of the loss while the rate rises."""

import asyncio
from collections.abc import Callable

import numpy as np
from textual import work
from textual.app import ComposeResult
from textual.widgets import Static
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget

from bilstm_core.errors import BilstmError
from bilstm_core.training.learning_rate_curve import LearningRateCurve

from ..widgets.charts.axes import LogarithmTicks, Ticks
from .dialogs import Question, failure

_COLUMNS, _ROWS = 54, 8
"""Of the chart between its axes."""


class LearningRateScreen(Question):
    """Answers with `take` where the suggestion is to be taken.

    Args:
        find: Tries the rates; takes seconds.
        cancel: Ends that early.

    Attributes:
        curve: What came of it; None before.
    """

    def __init__(self, find: Callable[[], LearningRateCurve], cancel: Callable[[], None]) -> None:
        words = "Training a fresh network with rates that rise from 1e-5 to 10 …"
        super().__init__("Learning rate", words, {"": "Cancel", "take": "Take it"})
        self.curve: LearningRateCurve | None = None
        self._find = find
        self._give_up = cancel

    def asked(self) -> ComposeResult:
        """The curve, and what to do with it."""
        yield PlotWidget(id="rates", allow_pan_and_zoom=False)
        yield from super().asked()

    def on_mount(self) -> None:
        """Begin."""
        super().on_mount()
        self.query_one("#rates").display = False
        self.query_one("#take").disabled = True
        self._try_rates()

    def on_unmount(self) -> None:
        """Nobody waits for the answer any more."""
        if self.curve is None:
            self._give_up()

    @work
    async def _try_rates(self) -> None:
        try:
            self.curve = await asyncio.to_thread(self._find)
        except BilstmError as error:
            if self in self.app.screen_stack:  # nobody has left it meanwhile
                self.dismiss("")
                self.app.push_screen(failure(error))
        else:
            self._show(self.curve)

    def _show(self, curve: LearningRateCurve) -> None:
        words = "The loss fell at none of them."
        if curve.suggestion:
            words = f"Suggested: {curve.suggestion:.2g}, in the middle of the longest fall."
            self.query_one("#take").disabled = False
            self.set_focus(self.query_one("#take"))
        self.query_one("#words", Static).update(words)
        chart = self.query_one("#rates", PlotWidget)
        chart.display = True
        horizontal, vertical = LogarithmTicks(), Ticks(is_vertical=True)
        horizontal.room, vertical.room = _COLUMNS, _ROWS
        chart.set_x_formatter(horizontal)
        chart.set_y_formatter(vertical)
        chart.margin_top, chart.margin_bottom, chart.margin_left = 0, 1, 7
        chart.plot(
            np.log10(curve.rates), curve.clipped_losses, "cyan", hires_mode=HiResMode.BRAILLE
        )
        if curve.suggestion:
            chart.add_v_line(float(np.log10(curve.suggestion)), "yellow")

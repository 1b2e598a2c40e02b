"""The learning rate finder: the loss while the learning rate rises, and a suggestion."""

import asyncio
from collections.abc import Callable

import numpy as np
from textual import work
from textual.app import ComposeResult
from textual.widgets import Button, Static
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget

from bilstm_core.errors import BilstmError
from bilstm_core.training.learning_rate_curve import LearningRateCurve

from ..widgets.charts.axes import VERTICAL_LABEL, LogarithmTicks, Ticks
from .dialogs import Question, error_dialog

_COLUMNS, _ROWS = 54, 8  # of the chart, between its axes


class LearningRateScreen(Question):
    """Tries learning rates; its result is `use` if the user accepts the suggestion.

    Args:
        find: Tries the learning rates; takes seconds.
        cancel: Stops `find`.

    Attributes:
        curve: The result; None until there is one.
    """

    def __init__(self, find: Callable[[], LearningRateCurve], cancel: Callable[[], None]) -> None:
        message = "Training a new network with learning rates that rise from 1e-5 to 10 …"
        super().__init__("Learning rate", message, {"use": "Use it", "": "Cancel"})
        self.curve: LearningRateCurve | None = None
        self._find = find
        self._cancel = cancel

    def compose_body(self) -> ComposeResult:
        """Compose the chart and the buttons."""
        yield PlotWidget(id="rates", allow_pan_and_zoom=False)
        yield from super().compose_body()

    def on_mount(self) -> None:
        """Start the finder."""
        super().on_mount()
        self.query_one("#rates").display = False
        self.query_one("#use").disabled = True
        self.set_focus(self.query(Button).last())
        self._try_rates()

    def on_unmount(self) -> None:
        """Stop the finder if it is still running."""
        if self.curve is None:
            self._cancel()

    @work
    async def _try_rates(self) -> None:
        try:
            self.curve = await asyncio.to_thread(self._find)
        except BilstmError as error:
            if self in self.app.screen_stack:  # else the dialog was closed
                self.dismiss("")
                self.app.push_screen(error_dialog(error))
        else:
            self._show(self.curve)

    def _show(self, curve: LearningRateCurve) -> None:
        message = "The loss did not fall at any learning rate."
        if curve.suggestion:
            message = f"Suggested: {curve.suggestion:.2g}, where the loss starts to fall steeply."
            self.query_one("#use").disabled = False
            self.set_focus(self.query_one("#use"))
        self.query_one("#message", Static).update(message)
        chart = self.query_one("#rates", PlotWidget)
        chart.display = True
        chart.border_title = "loss by learning rate"
        horizontal, vertical = LogarithmTicks(), Ticks(is_vertical=True)
        horizontal.room, vertical.room = _COLUMNS, _ROWS
        chart.set_x_formatter(horizontal)
        chart.set_y_formatter(vertical)
        chart.margin_top, chart.margin_bottom, chart.margin_left = 0, 1, VERTICAL_LABEL + 1
        logarithms = np.log10(curve.rates)
        chart.plot(logarithms, curve.clipped_losses, "cyan", hires_mode=HiResMode.BRAILLE)
        if curve.suggestion:
            chart.add_v_line(float(np.log10(curve.suggestion)), "yellow")

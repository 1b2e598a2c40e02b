"""The learning rate finder: the loss while the learning rate rises, and a suggestion."""

import asyncio
from collections.abc import Callable

import numpy as np
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.widgets import Button, Static

from bilstm_core.errors import BilstmError
from bilstm_core.training.learning_rate_curve import LearningRateCurve

from ...text.numbers import short
from ..widgets.charts.axes import LogarithmTicks, Ticks
from ..widgets.charts.picture import Picture
from ..widgets.charts.plot import Plot
from ..widgets.charts.ranges import round_range
from .dialogs import Question, error_dialog


class RatesPlot(Plot):
    """The loss at each learning rate, and the suggested one."""

    def __init__(self) -> None:
        super().__init__(id="rates")
        self._curve: LearningRateCurve | None = None

    def show(self, curve: LearningRateCurve) -> None:
        """Draw a result."""
        self._curve = curve
        self.on_resize()

    def on_resize(self) -> None:
        """Draw the result into the space that there is."""
        if not self._curve:
            return
        rates, losses = np.log10(self._curve.rates), np.array(self._curve.clipped_losses)
        with self.drawing() as cells:
            is_cut = max(self._curve.losses) > losses.max()
            cut = f", cut off at {short(float(losses.max()))}" if is_cut else ""
            self.write_around(Text(f"loss by learning rate{cut}"), Text())
            if not self.has_space:
                return
            ends = float(rates[0]), float(rates[-1])
            picture = Picture(cells, self.frame, ends, round_range(losses, np.inf))
            self.draw_frame(picture)
            self.draw_ticks(picture, LogarithmTicks(), Ticks(is_vertical=True))
            if self._curve.suggestion:
                picture.draw_column(float(np.log10(self._curve.suggestion)), "yellow")
            picture.draw_line(rates, losses, "cyan")


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
        yield RatesPlot()
        yield from super().compose_body()

    def on_mount(self) -> None:
        """Start the finder."""
        super().on_mount()
        self.query_one(RatesPlot).display = False
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
                self.dismiss()
                self.app.push_screen(error_dialog(error))
        else:
            self._show(self.curve)

    def _show(self, curve: LearningRateCurve) -> None:
        message = curve.problem
        if curve.suggestion:
            message = f"Suggested: {curve.suggestion:.2g}, where the loss starts to fall steeply."
            self.query_one("#use").disabled = False
            self.set_focus(self.query_one("#use"))
        self.query_one("#message", Static).update(message)
        if curve.is_line:
            plot = self.query_one(RatesPlot)
            plot.display = True
            plot.show(curve)

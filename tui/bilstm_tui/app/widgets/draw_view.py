"""A canvas, and beside it what a network predicts for what is drawn there."""

from collections.abc import Awaitable, Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.inference.report import StepwisePrediction

from .drawing import DrawingPad, StepwiseView, names_that_fit, steps_width
from .shares import Shares

_HINT = """\
Draw here.

drag      with the mouse
arrows    move the pen
space     lower or lift the pen
x         clear

What the network predicts appears
here as soon as there is a dot."""
_LARGEST = 64  # rows or columns of an image that can be drawn
_SHARES_WIDTH = 32
_MARGINS = 2, 1  # columns and rows around the canvas


class DrawView(Horizontal):
    """The canvas, as large as there is space for, and the predictions.

    Args:
        read: Predicts an image.
    """

    class Failed(Message):
        """Posted when the image cannot be predicted."""

        def __init__(self, error: BilstmError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, read: Callable[[list[list[float]]], Awaitable[StepwisePrediction]]) -> None:
        super().__init__()
        self._read = read
        self._spec: DataSpec | None = None
        self._can_predict = False

    def compose(self) -> ComposeResult:
        """Compose the canvas, a hint, and the views that replace it."""
        yield DrawingPad()
        yield Static(_HINT, id="draw-hint", markup=False)
        yield StepwiseView(id="draw-steps")
        yield Shares(id="draw-shares")

    def on_mount(self) -> None:
        """Show the hint alone."""
        self.query("#draw-steps, #draw-shares").set(display=False)

    def show(self, spec: DataSpec, *, can_predict: bool) -> None:
        """Show a canvas for images of these data; what was drawn on one of its size stays.

        Args:
            spec: The data.
            can_predict: Whether the network is ready.
        """
        self._spec, self._can_predict = spec, can_predict
        self.query_one(DrawingPad).set_size(spec.height, spec.width)
        self._fit()

    def on_resize(self) -> None:
        """Use the space."""
        self._fit()

    def _fit(self) -> None:
        if not self._spec or not self.size.area:
            return
        beside = steps_width(self._names(self._spec)) + _SHARES_WIDTH + _MARGINS[0]
        self.query_one(DrawingPad).fit(self.size.width - beside, self.size.height - _MARGINS[1])
        self._predict()

    def _names(self, spec: DataSpec) -> list[str]:
        return names_that_fit(spec.classes, self.app.size.width)

    @on(DrawingPad.Changed)
    @work(exclusive=True, group="drawing")
    async def _predict(self) -> None:
        if not self._spec or not self._can_predict:
            return
        canvas = self.query_one(DrawingPad)
        self.query_one("#draw-hint").display = canvas.is_blank
        self.query("#draw-steps, #draw-shares").set(display=not canvas.is_blank)
        if canvas.is_blank:
            return
        pixels = [list(row) for row in canvas.pixels]
        try:
            prediction = await self._read(pixels)
        except BilstmError as error:
            self.post_message(self.Failed(error))
            return
        names, steps = self._names(self._spec), self.query_one("#draw-steps", StepwiseView)
        steps.show(pixels, prediction, names, scale=canvas.scale, with_image=False)
        self.query_one("#draw-shares", Shares).show(prediction.probabilities, names)


def can_draw(spec: DataSpec) -> bool:
    """Whether the network reads images that are small enough to be drawn in a terminal."""
    return spec.kind == "images" and max(spec.height, spec.width) <= _LARGEST

"""Images in half-blocks, what each direction makes of them, and a canvas to draw on."""

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from bilstm_core.inference.report import StepwisePrediction

_WIDTH = 28
_BAR = 8
_SHARE_BAR = 6


def scale_of(columns: int) -> int:
    """Screen columns for each pixel of an image so wide."""
    return max(1, _WIDTH // columns)


def draw(pixels: list[list[float]], cursor: tuple[int, int] | None = None) -> list[Text]:
    """An image as lines of text: a column a pixel, two pixels a line, or a multiple of that."""
    scale = scale_of(len(pixels[0]))
    height = len(pixels) * scale
    lines = []
    for top in range(0, height, 2):
        upper, lower = top // scale, min(top + 1, height - 1) // scale
        line = Text()
        for column in range(len(pixels[0])):
            style = Style(
                color=_shade(pixels[upper][column], (upper, column) == cursor),
                bgcolor=_shade(pixels[lower][column], (lower, column) == cursor),
            )
            line.append("▀" * scale, style)
        lines.append(line)
    return lines


def _shade(brightness: float, is_cursor: bool) -> str:
    level = round(255 * min(1.0, max(0.0, brightness)))
    return f"#{level:02x}{255 if is_cursor else level:02x}{level:02x}"


class StepwiseView(Static):
    """A picture, and beside each line of it what each direction knows there."""

    def show_shares(self, reading: StepwisePrediction, classes: list[str]) -> None:
        """Show what the whole network says, and no picture."""
        self.update(shares(reading.probabilities, classes))

    def show(
        self,
        pixels: list[list[float]],
        reading: StepwisePrediction,
        classes: list[str],
        *,
        with_picture: bool = True,
    ) -> None:
        """Show what each direction would say, having read so far; beside the picture itself."""
        scale = scale_of(len(pixels[0]))
        whole = Text("Each direction, row by row\n", style="dim")
        for number, line in enumerate(draw(pixels)):
            row = min((2 * number + 1) // scale, len(pixels) - 1)
            if with_picture:
                whole.append_text(line).append(" ")
            whole.append("↓ ", "dim").append_text(_best(reading.forward[row], classes))
            if reading.backward:
                whole.append("  ↑ ", "dim").append_text(_best(reading.backward[row], classes))
            whole.append("\n")
        self.update(whole)


def _best(probabilities: list[float], classes: list[str]) -> Text:
    best = max(range(len(classes)), key=probabilities.__getitem__)
    width = min(8, max(map(len, classes)))
    length = round(probabilities[best] * _BAR)
    return Text(f"{classes[best][:width]:<{width}} {'█' * length:<{_BAR}}", style="cyan")


def shares(probabilities: list[float], classes: list[str]) -> Text:
    """Each class with its probability as a bar."""
    lines = Text()
    best = max(probabilities)
    width = max(map(len, classes))
    for name, share in zip(classes, probabilities, strict=True):
        style = "bold green" if share == best else ""
        lines.append(f"{name:>{width}} {share:6.1%} {'█' * round(share * _SHARE_BAR)}\n", style)
    return lines


class DrawingPad(Static, can_focus=True):
    """An image to draw on, with the mouse or with arrows and Space."""

    class Drawn(Message):
        """The image is another now."""

    BINDING_GROUP_TITLE = "On the canvas"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Move", show=False),
        Binding("down", "move(1, 0)", "Move", show=False),
        Binding("left", "move(0, -1)", "Move", show=False),
        Binding("right", "move(0, 1)", "Move", show=False),
        Binding("space", "pen", "Pen up/down"),
        Binding("x", "clear", "Clear"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pixels = [[0.0]]
        self._cursor = (0, 0)
        self._is_pen_down = False

    def set_size(self, height: int, width: int) -> None:
        """An empty image of this size."""
        self.pixels = [[0.0] * width for _ in range(height)]
        self._cursor = (height // 2, width // 2)
        self._show()

    def action_move(self, down: int, right: int) -> None:
        """Move the pen, drawing if it is down."""
        row, column = self._cursor
        self._cursor = (
            min(max(row + down, 0), len(self.pixels) - 1),
            min(max(column + right, 0), len(self.pixels[0]) - 1),
        )
        if self._is_pen_down:
            self._ink(*self._cursor)
        self._show()

    def action_pen(self) -> None:
        """Lower the pen, or lift it."""
        self._is_pen_down = not self._is_pen_down
        if self._is_pen_down:
            self._ink(*self._cursor)
        self._show()

    def action_clear(self) -> None:
        """Begin anew."""
        for row in self.pixels:
            row[:] = [0.0] * len(row)
        self._is_pen_down = False
        self._show()
        self.post_message(self.Drawn())

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Draw where the mouse is."""
        self.capture_mouse()
        self._ink_at(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw while a button is held."""
        if event.button:
            self._ink_at(event)

    def on_mouse_up(self) -> None:
        """The stroke is over."""
        self.release_mouse()

    def _ink_at(self, event: events.MouseEvent) -> None:
        scale = scale_of(len(self.pixels[0]))
        row, column = 2 * event.y // scale, event.x // scale
        if 0 <= row < len(self.pixels) and 0 <= column < len(self.pixels[0]):
            self._cursor = (row, column)
            self._ink(row, column)
            self._show()

    def _ink(self, row: int, column: int) -> None:
        """A soft dot, as wide as a stroke in the data sets."""
        soft = 0.5 if len(self.pixels) > 8 else 0.0
        for down, right, ink in (
            (0, 0, 1.0),
            (0, 1, soft),
            (1, 0, soft),
            (0, -1, soft),
            (-1, 0, soft),
        ):
            y, x = row + down, column + right
            if 0 <= y < len(self.pixels) and 0 <= x < len(self.pixels[0]):
                self.pixels[y][x] = max(self.pixels[y][x], ink)
        self.post_message(self.Drawn())

    def _show(self) -> None:
        self.update(Text("\n").join(draw(self.pixels, self._cursor)))

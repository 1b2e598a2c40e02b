"""Images in half-blocks, predictions step by step, and a canvas to draw on."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from bilstm_core.inference.report import StepwisePrediction

from ...text.names import shortened, shortened_together
from ...text.numbers import bar_and_track
from .explain.look import Look

_WIDTH = 28
_FRAME = 2
_LONG_NAMES_WIDTH = 104  # columns from which on whole class names fit beside an image
_SHORT_NAME, _LONGEST_NAME = 3, 16  # columns of a class beside its probability
_STEP_BAR, _STEP_NAME = 8, 8
_NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def scale_of(pixels: list[list[float]], columns: int, rows: int) -> int:
    """Columns of the screen for each pixel of an image: as many as fit, and never very few.

    Args:
        pixels: The image.
        columns: Of the screen, for the image.
        rows: Of the screen; a row shows two pixels.
    """
    fitting = min(columns // len(pixels[0]), 2 * rows // len(pixels))
    return max(1, _WIDTH // len(pixels[0]), fitting)


def render_image(
    pixels: list[list[float]], cursor: tuple[int, int] | None = None, *, scale: int
) -> list[Text]:
    """Draw an image as lines of text; a line shows two rows of pixels, enlarged by the scale.

    Args:
        pixels: Brightness from 0 to 1.
        cursor: Row and column of a pixel to mark.
        scale: Columns of the screen for each pixel.
    """
    height = len(pixels) * scale
    lines = []
    for top in range(0, height, 2):
        upper, lower = top // scale, min(top + 1, height - 1) // scale
        line = Text()
        for column in range(len(pixels[0])):
            style = Style(
                color=_colour(pixels[upper][column], (upper, column) == cursor),
                bgcolor=_colour(pixels[lower][column], (lower, column) == cursor),
            )
            line.append("▀" * scale, style)
        lines.append(line)
    return lines


def reduced(pixels: list[list[float]], widest: int) -> list[list[float]]:
    """An image that is not wider than there is room for, made of its brightest pixels."""
    factor = -(-len(pixels[0]) // widest)
    squares = (pixels[top : top + factor] for top in range(0, len(pixels), factor))
    return [
        [
            max(max(row[left : left + factor]) for row in rows)
            for left in range(0, len(pixels[0]), factor)
        ]
        for rows in squares
    ]


def _colour(brightness: float, is_cursor: bool) -> str:
    level = round(255 * min(1.0, max(0.0, brightness)))
    return f"#{level:02x}{255 if is_cursor else level:02x}{level:02x}"


class StepwiseView(Static):
    """What each direction predicts for an image, row by row."""

    def show(
        self,
        pixels: list[list[float]],
        prediction: StepwisePrediction,
        classes: list[str],
        *,
        scale: int,
        with_image: bool,
    ) -> None:
        """Show what each direction predicts after each row, beside the image.

        Args:
            pixels: Brightness from 0 to 1.
            prediction: Of the network.
            classes: The names of all classes.
            scale: Columns of the screen for each pixel of the image, which may be beside this.
            with_image: Whether the image is shown too.
        """
        rows, look = len(prediction.forward), Look(self.app.current_theme.dark)
        names = [classes[number] for number in prediction.classes]
        lines = Text.assemble(("Each direction, row by row\n", "dim"))
        image = render_image(pixels, scale=scale)
        shown = [min((2 * line + 1) // scale, len(pixels) - 1) for line in range(len(image))]
        for number, (line, row) in enumerate(zip(image, shown, strict=True)):
            if with_image:
                lines.append_text(line).append(" ")
            if number == shown.index(row) + (shown.count(row) - 1) // 2:  # once, in the middle
                forward = prediction.forward[(row + 1) * rows // len(pixels) - 1]
                lines.append("↓ ", look.forward).append_text(_best(forward, names, look.forward))
                if prediction.backward:
                    backward = prediction.backward[row * rows // len(pixels)]
                    lines.append("  ↑ ", look.backward)
                    lines.append_text(_best(backward, names, look.backward))
            lines.append("\n")
        self.update(lines)


def names_that_fit(names: Iterable[str], width: int) -> list[str]:
    """The names of classes, as long as there is space for them beside their probabilities."""
    fitting = [shortened(name, _LONGEST_NAME) for name in names]
    return fitting if width >= _LONG_NAMES_WIDTH else shortened_together(fitting, _SHORT_NAME)


def steps_width(classes: Sequence[str]) -> int:
    """The columns of a `StepwiseView` of two directions without the image."""
    return 2 * (_step_name(classes) + 1 + _STEP_BAR) + len("↓   ↑ ")


def _step_name(classes: Sequence[str]) -> int:
    return min(_STEP_NAME, max(map(len, classes)))


def _best(probabilities: list[float], classes: list[str], style: Style) -> Text:
    best = max(range(len(classes)), key=probabilities.__getitem__)
    width = _step_name(classes)
    filled, track = bar_and_track(probabilities[best], _STEP_BAR)
    name = shortened(classes[best], width)
    return Text.assemble((f"{name:<{width}} {filled}", style), (track, "dim"))


class DrawingPad(Static, can_focus=True):
    """An image to draw on with the mouse, or with the arrow keys and Space."""

    ALLOW_SELECT = False  # dragging draws

    class Changed(Message):
        """Posted when the image changes."""

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
        self.scale = 1
        self._cursor = (0, 0)
        self._is_pen_down = False
        self._line_end: tuple[int, int] | None = None  # of what is drawn with the mouse

    def set_size(self, height: int, width: int) -> None:
        """Replace an image of another size by an empty one."""
        if (height, width) != (len(self.pixels), len(self.pixels[0])):
            self.pixels = [[0.0] * width for _ in range(height)]
            self._cursor = (height // 2, width // 2)
            self._show()

    def fit(self, columns: int, rows: int) -> None:
        """Enlarge the image to fill this space of the screen, frame and all."""
        self.scale = scale_of(self.pixels, columns - _FRAME, rows - _FRAME)
        self._show()

    @property
    def is_blank(self) -> bool:
        """Whether nothing was drawn."""
        return not any(map(any, self.pixels))

    def action_move(self, down: int, right: int) -> None:
        """Move the pen; draw if it is down."""
        row, column = self._cursor
        self._cursor = (
            min(max(row + down, 0), len(self.pixels) - 1),
            min(max(column + right, 0), len(self.pixels[0]) - 1),
        )
        if self._is_pen_down:
            self._draw([self._cursor])
        self._show()

    def action_pen(self) -> None:
        """Lower or lift the pen."""
        self._is_pen_down = not self._is_pen_down
        if self._is_pen_down:
            self._draw([self._cursor])
        self._show()

    def action_clear(self) -> None:
        """Clear the image."""
        for row in self.pixels:
            row[:] = [0.0] * len(row)
        self._is_pen_down = False
        self._show()
        self.post_message(self.Changed())

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Start a line."""
        self.capture_mouse()
        self._line_end = None
        self._draw_to_mouse(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw while a button is held."""
        if event.button:
            self._draw_to_mouse(event)

    def on_mouse_up(self) -> None:
        """End the line."""
        self.release_mouse()
        self._line_end = None

    def _draw_to_mouse(self, event: events.MouseEvent) -> None:
        """Draw from where the mouse was: a fast one passes many pixels between two events."""
        column, row = event.offset - self.content_offset
        end = 2 * row // self.scale, column // self.scale
        self._draw(_line(self._line_end or end, end))
        self._line_end = end
        self._show()

    def _draw(self, line: list[tuple[int, int]]) -> None:
        """Draw a dot on each of these pixels that is in the image; the cursor is on the last."""
        height, width = len(self.pixels), len(self.pixels[0])
        if inside := [(y, x) for y, x in line if 0 <= y < height and 0 <= x < width]:
            for pixel in inside:
                self._draw_dot(*pixel)
            self._cursor = inside[-1]
            self.post_message(self.Changed())

    def _draw_dot(self, row: int, column: int) -> None:
        """Draw a soft dot, as wide as a stroke in the data sets."""
        self.pixels[row][column] = 1.0
        if len(self.pixels) > 8:
            for down, right in _NEIGHBOURS:
                y, x = row + down, column + right
                if 0 <= y < len(self.pixels) and 0 <= x < len(self.pixels[0]):
                    self.pixels[y][x] = max(self.pixels[y][x], 0.5)

    def _show(self) -> None:
        self.update(Text("\n").join(render_image(self.pixels, self._cursor, scale=self.scale)))


def _line(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The pixels of a straight line, both ends included."""
    down, right = end[0] - start[0], end[1] - start[1]
    steps = max(abs(down), abs(right), 1)
    return [
        (start[0] + round(down * at / steps), start[1] + round(right * at / steps))
        for at in range(steps + 1)
    ]

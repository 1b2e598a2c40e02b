"""Misclassified sequences as a page of small pictures, with a cursor."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from bilstm_core.data.spec import DataSpec
from bilstm_core.inference.report import SMALL_FEATURES, Drawing, Mistake

from ...text import braille
from ...text.names import shortened
from .marks import COLOURS
from .thumbnails import Rows, curves_in, draw_image, draw_stacked

_GAP = 2  # columns between two pictures
_NARROWEST = 14  # columns of an image with the words below it
_SERIES_WIDTH = 24  # columns of a curve, at least
_LEAST_CURVE, _HIGHEST_CURVE = 2, 12  # rows
_LEAST_CURVES, _MOST_IN_SMALL = 2, 3
"""Features that a small picture of a series has room for."""
_SMALL, _LARGE = 12, 16  # columns of an image
_HIGH = 30  # rows of the terminal from which on images are large
_SHORT_NAME = 4  # columns of class names that both fit into a line


@dataclass(frozen=True)
class _Tile:
    """The size of a picture with the words below it, and the gap beside it.

    Attributes:
        width: Columns, with the gap.
        height: Lines of the picture and the words.
        picture: Columns of the picture itself.
        words: Lines below the picture: one, or a line for each class where names are long.
        blank: Lines below the words.
    """

    width: int
    height: int
    picture: int = 1
    words: int = 1
    blank: int = 0

    @property
    def pitch(self) -> int:
        """Lines from the top of a tile to that of the next one."""
        return self.height + self.blank


class Gallery(Widget, can_focus=True):
    """Pictures in rows, as many as there is space for; the cursor chooses one.

    Pictures are asked for with `PageShown`, and arrive with `add`.

    Attributes:
        position: Where the cursor is in the list of mistakes.
    """

    class Moved(Message):
        """Posted when the cursor has moved."""

    @dataclass
    class PageShown(Message):
        """Posted when pictures of these test sequences are needed."""

        indices: list[int]

    class Opened(Message):
        """Posted when the user wants to see the mistake under the cursor as a whole."""

    BINDING_GROUP_TITLE = "In the gallery"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Look closer"),
        Binding("left", "move(-1)", "Previous", show=False),
        Binding("right", "move(1)", "Next", show=False),
        Binding("up", "move_row(-1)", "The row above", show=False),
        Binding("down", "move_row(1)", "The row below", show=False),
        Binding("pageup", "move_page(-1)", "The previous page", show=False),
        Binding("pagedown", "move_page(1)", "The next page", show=False),
        Binding("home", "first", "The first one", show=False),
        Binding("end", "last", "The last one", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._mistakes: list[Mistake] = []
        self._names: tuple[str, ...] = ()
        self._image_size: tuple[int, int] | None = None
        self._num_features = 1
        self._feature_names: tuple[str, ...] = ()
        self._height = 0  # lines for the pictures
        self.position, self._tile = 0, _Tile(_NARROWEST, 2)
        self._drawings: dict[int, Drawing] = {}
        self._pictures: dict[int, list[Strip]] = {}

    def show(self, mistakes: list[Mistake], spec: DataSpec) -> None:
        """Show other mistakes, whose pictures may be known already."""
        self._mistakes, self._names = mistakes, spec.classes
        self._image_size = (spec.height, spec.width) if spec.kind == "images" else None
        self._num_features, self._feature_names = spec.num_features, spec.feature_names
        self.position = 0
        self._use_size()

    def add(self, indices: list[int], drawings: list[Drawing]) -> None:
        """Add the pictures that were asked for."""
        self._drawings.update(zip(indices, drawings, strict=True))
        self._pictures.clear()
        self.refresh()

    def move_to(self, position: int) -> None:
        """Move the cursor at once; another page is shown where it needs one."""
        before, self.position = self.position, position
        if before // self._per_page != position // self._per_page:
            self._show_page()
        else:
            for place in (before, position):
                self.refresh(self._caption_region(place % self._per_page))
        self.post_message(self.Moved())

    def on_resize(self, _event: Resize) -> None:
        """Show as many as fit now."""
        self._use_size()

    def on_click(self, event: Click) -> None:
        """Move the cursor to a picture; a second click opens it."""
        column, row = event.x // self._tile.width, event.y // self._tile.pitch
        position = self._first + row * self._columns + column
        if column < self._columns and row < self._rows and position < len(self._mistakes):
            if position == self.position:
                self.action_open()
            else:
                self.move_to(position)

    def action_open(self) -> None:
        """Look at the mistake under the cursor."""
        if self._mistakes:
            self.post_message(self.Opened())

    def action_move(self, by: int) -> None:
        """Move the cursor, but not beyond the first and the last mistake."""
        position = min(max(self.position + by, 0), len(self._mistakes) - 1)
        if self._mistakes and position != self.position:
            self.move_to(position)

    def action_move_row(self, by: int) -> None:
        """Move the cursor to another row."""
        if 0 <= self.position + by * self._columns < len(self._mistakes):
            self.action_move(by * self._columns)

    def action_move_page(self, by: int) -> None:
        """Move the cursor to another page."""
        self.action_move(by * self._per_page)

    def action_first(self) -> None:
        """Move the cursor to the first mistake."""
        self.action_move(-len(self._mistakes))

    def action_last(self) -> None:
        """Move the cursor to the last mistake."""
        self.action_move(len(self._mistakes))

    def render_line(self, y: int) -> Strip:
        """A line of the pictures of a row, or of the words below them."""
        if y >= self._height:
            return self._strip(self._left_out(), self.size.width)
        row, line = divmod(y, self._tile.pitch)
        first = self._first + row * self._columns
        last = min(first + self._columns, len(self._mistakes))
        if row >= self._rows or first >= last or line >= self._tile.height:
            return Strip.blank(self.size.width, self.rich_style)
        strips = [self._line_of(position, line) for position in range(first, last)]
        return Strip.join(strips).adjust_cell_length(self.size.width, self.rich_style)

    def _find_tile(self) -> _Tile:
        """The largest tile of which all mistakes fit on the screen, or else a small one."""
        words = 1 if max(map(len, self._names), default=0) <= _SHORT_NAME else 2
        size = self._image_size
        small, *larger = self._image_tiles(*size, words) if size else self._series_tiles(words)
        fitting = [tile for tile in larger if self._has_room_for_all(tile)]
        best = max(fitting, key=lambda it: it.picture * (it.height - it.words), default=small)
        rows = self._rows_of(best)
        if not size and not fitting:  # curves may be as high as there is space for
            best = replace(best, height=max(best.height, self._height // rows))
        spare = self._height - rows * best.height
        return replace(best, blank=int(spare >= rows - 1 > 0))

    def _image_tiles(self, height: int, width: int, words: int) -> Iterator[_Tile]:
        """A tile of an image that is small and in view, and of images enlarged by whole numbers."""
        room = max(1, self._height - words)
        usual = _LARGE if self.app.size.height >= _HIGH else min(_SMALL, width)
        small = max(1, min(usual, 2 * room * width // height))
        for columns in (small, *range(width, self.size.width + 1, width)):
            rows = max(1, round(columns * height / width / 2))
            rows = min(rows, room) if columns == small else rows
            if columns >= small:
                yield _Tile(max(_NARROWEST, columns) + _GAP, rows + words, columns, words)

    def _series_tiles(self, words: int) -> Iterator[_Tile]:
        """A tile of small curves, and for each number of columns the highest one."""
        least = _LEAST_CURVE * min(max(self._num_features, _LEAST_CURVES), _MOST_IN_SMALL)
        most = max(1, (self.size.width + _GAP) // (_SERIES_WIDTH + _GAP))
        width = (self.size.width + _GAP) // most
        yield _Tile(width, least + words, width - _GAP, words)
        for columns in range(1, most + 1):
            width = (self.size.width + _GAP) // columns
            rows = -(-len(self._mistakes) // columns) or 1
            height = min(self._height // rows - words, _HIGHEST_CURVE * self._num_features)
            if height >= least:
                yield _Tile(width, height + words, width - _GAP, words)

    def _has_room_for_all(self, tile: _Tile) -> bool:
        count = self._columns_of(tile) * (self._height // tile.height)
        return tile.picture <= self.size.width and count >= len(self._mistakes)

    def _columns_of(self, tile: _Tile) -> int:
        return max(1, (self.size.width + _GAP) // tile.width)

    def _rows_of(self, tile: _Tile) -> int:
        return max(1, (self._height + tile.blank) // tile.pitch)

    @property
    def _columns(self) -> int:
        return self._columns_of(self._tile)

    @property
    def _rows(self) -> int:
        return self._rows_of(self._tile)

    @property
    def _per_page(self) -> int:
        return self._columns * self._rows

    @property
    def _first(self) -> int:
        """The position of the first mistake of the page."""
        return self.position // self._per_page * self._per_page

    def _use_size(self) -> None:
        self._height = self.size.height
        self._tile = self._find_tile()
        if self._height and self._left_out():
            self._height -= 1
            self._tile = self._find_tile()
        self._show_page()

    def _left_out(self) -> Text:
        """How many features of a series are drawn, and which; empty if all are."""
        tile = self._tile
        count = curves_in(tile.height - tile.words, min(self._num_features, SMALL_FEATURES))
        if self._image_size or count == self._num_features:
            return Text()
        line = Text.assemble((f"{count} of {self._num_features:,} features", "dim"))
        for number, name in enumerate(self._feature_names[:count]):
            line.append(", " if number else ": ", "dim")
            line.append(name, COLOURS[number % len(COLOURS)])
        return line

    def _show_page(self) -> None:
        self._pictures.clear()
        self.refresh()
        if not self.size.height:  # it has no place on the screen yet
            return
        page = self._mistakes[self._first : self._first + self._per_page]
        missing = [mistake.index for mistake in page if mistake.index not in self._drawings]
        if missing:
            self.post_message(self.PageShown(missing))

    def _caption_region(self, place: int) -> Region:
        row, column = divmod(place, self._columns)
        tile = self._tile
        bottom = row * tile.pitch + tile.height
        return Region(column * tile.width, bottom - tile.words, tile.width, tile.words)

    def _line_of(self, position: int, line: int) -> Strip:
        mistake, tile = self._mistakes[position], self._tile
        if line >= tile.height - tile.words:
            words = self._caption(mistake, is_chosen=position == self.position)
            return self._strip(words[line - tile.height])
        if position not in self._pictures:
            self._pictures[position] = [self._strip(it) for it in self._draw(mistake)]
        picture = self._pictures[position]
        return picture[line] if line < len(picture) else self._strip(Text())

    def _strip(self, text: Text, width: int | None = None) -> Strip:
        strip = Strip(text.render(self.app.console), text.cell_len)
        style = self.rich_style
        return strip.adjust_cell_length(width or self._tile.width, style).apply_style(style)

    def _caption(self, mistake: Mistake, *, is_chosen: bool) -> list[Text]:
        """True class → predicted one, and its probability."""
        width, share = self._tile.width - _GAP, f" {mistake.probability:.0%}"
        actual, predicted = self._names[mistake.actual], self._names[mistake.predicted]
        first = Text(">" if is_chosen else " ").append(shortened(actual, width - 1), "green")
        second = Text("→").append(shortened(predicted, width - len(share) - 1), "red")
        second.append(share)
        lines = [first, second] if self._tile.words == 2 else [first.append_text(second)]
        for line in lines:
            line.truncate(width, pad=True)
            if is_chosen:
                line.stylize("bold reverse")
        return lines

    def _draw(self, mistake: Mistake) -> list[Text]:
        drawing = self._drawings.get(mistake.index)
        if drawing is None:
            return [Text("…", "dim")]
        tile = self._tile
        if self._image_size:
            return draw_image(drawing.high, tile.picture, tile.height - tile.words)
        return draw_stacked(_curves(drawing), tile.picture, tile.height - tile.words)


def _curves(drawing: Drawing) -> Rows:
    """The features of a series from 0 to 1, with the extremes of each piece."""
    low, high = np.array(drawing.low), np.array(drawing.high)
    values = np.stack((low, high), axis=1).reshape(-1, low.shape[1])
    return [braille.scaled(feature).tolist() for feature in values.T]

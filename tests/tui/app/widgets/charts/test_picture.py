"""A picture hides no line behind another, and draws nothing on its frame."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from textual.geometry import Region

from bilstm_tui.app.widgets.charts.axes import Ticks
from bilstm_tui.app.widgets.charts.canvas import Cells
from bilstm_tui.app.widgets.charts.picture import Picture
from bilstm_tui.app.widgets.marks import Stroke

WIDTH, HEIGHT = 22, 8


def drawn(draw: Callable[[Picture], None]) -> list[list[tuple[str, str]]]:
    """Characters and styles inside the frame, of a picture from 0 to 1 in both directions."""
    cells = Cells(WIDTH, HEIGHT)
    draw(Picture(cells, Region(0, 0, WIDTH, HEIGHT), (0.0, 1.0), (0.0, 1.0)))
    rows = [[*zip(*row, strict=True)] for row in zip(cells.characters, cells.styles, strict=True)]
    edges = [*rows[0], *rows[-1], *(row[0] for row in rows), *(row[-1] for row in rows)]
    assert {*edges} == {(" ", "")}
    return [row[1:-1] for row in rows[1:-1]]


ENDS = np.array([0.0, 1.0])


def test_lines_in_the_same_cells_take_turns() -> None:
    def draw(picture: Picture) -> None:
        for style in ("red", "green", "blue"):
            picture.draw_line(ENDS, np.array([0.5, 0.5]), style)
        picture.draw_line(ENDS, np.array([0.95, 0.95]), "cyan")

    cells = drawn(draw)
    row = next(row for row in cells[1:] if row[0][0] != " ")
    assert [style for _, style in row] == (["red", "green", "blue"] * 7)[: len(row)]
    assert {style for _, style in cells[0]} == {"cyan"}


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0.5, 0.5], [0.0, 1.0]),  # in one column
        ([0.0, 0.3], [0.0, 1.0]),
        ([0.0, 1.0], [0.0, 1.0]),
        ([0.0, 1.0], [1.0, 0.0]),
    ],
)
def test_lines_that_coincide_take_turns_however_steep_they_are(
    x: list[float], y: list[float]
) -> None:
    def draw(picture: Picture) -> None:
        for style in ("red", "green"):
            picture.draw_line(np.array(x), np.array(y), style)

    cells = drawn(draw)
    styles = [style for row in cells for _, style in row if style]
    assert abs(styles.count("red") - styles.count("green")) <= 1
    for row, below in pairwise(cells):
        assert {style for _, style in (*row, *below) if style} == {"red", "green"}


def test_a_line_of_letters_takes_turns_with_dots() -> None:
    def draw(picture: Picture) -> None:
        picture.draw_line(ENDS, np.array([0.5, 0.5]), "red")
        picture.draw_line(ENDS, np.array([0.5, 0.5]), "green", Stroke(letter="*"))
        picture.draw_line(ENDS, np.array([0.95, 0.95]), "green", Stroke(letter="*"))

    cells = drawn(draw)
    assert {character for character, _ in cells[0]} == {"*"}
    row = next(row for row in cells[1:] if row[0][0] != " ")
    assert [character == "*" for character, _ in row] == ([False, True] * 10)[: len(row)]


def test_a_cell_has_the_dots_of_all_its_lines() -> None:
    def draw(picture: Picture) -> None:
        picture.draw_line(ENDS, np.array([0.99, 0.99]), "red")
        picture.draw_line(ENDS, np.array([0.85, 0.85]), "green")

    assert {character for character, _ in drawn(draw)[0]} == {"⣉"}


def test_a_line_replaces_noise() -> None:
    def draw(picture: Picture) -> None:
        picture.draw_noise(np.repeat(np.linspace(0, 1, 40), 2), np.tile(ENDS, 40), "red dim")
        picture.draw_line(ENDS, np.array([0.99, 0.99]), "red")

    cells = drawn(draw)
    assert {*cells[0]} == {("⠉", "red")}
    assert {style for row in cells[1:] for _, style in row} == {"red dim"}


def test_the_ends_of_both_axes_are_inside() -> None:
    def draw(picture: Picture) -> None:
        picture.draw_line(ENDS, np.array([1.0, 0.0]), "red")
        picture.mark_last(ENDS, np.array([1.0, 0.0]), "●", "red")

    cells = drawn(draw)
    assert cells[-1][-1] == ("●", "red")
    assert cells[0][0] != (" ", "")


def test_no_marker_hides_another() -> None:
    def draw(picture: Picture) -> None:
        x = np.linspace(0, 1, 30)
        for marker in "●▲■":
            picture.mark_last(x, np.full(30, 0.5), marker, "red")
        picture.mark_last(x, np.full(30, 2.0), "◆", "red")  # out of view

    row = next(row for row in drawn(draw) if row[-1][0] != " ")
    assert "".join(character for character, _ in row).strip() == "■▲●"


def test_two_single_points_at_the_same_place_are_both_marked() -> None:
    def draw(picture: Picture) -> None:
        for marker in "●▲":
            picture.mark_last(np.array([0.5]), np.array([0.5]), marker, "red")

    row = next(row for row in drawn(draw) if "●" in {character for character, _ in row})
    assert "".join(character for character, _ in row).strip() == "●▲"


def test_what_is_just_out_of_view_is_not_drawn_at_the_edge() -> None:
    column, row = 1 / (WIDTH - 2), 1 / (HEIGHT - 2)

    def draw(picture: Picture) -> None:
        picture.draw_column(-0.4 * column, "red")
        picture.mark_top(np.array([-0.4 * column]), "✕", "red")
        picture.mark(-0.4 * column, 0.5, "●", "red")
        picture.mark(0.5, 1 + 0.4 * row, "●", "red")

    assert {cell for row in drawn(draw) for cell in row} == {(" ", "")}


class TicksAt(Ticks):
    """Ticks at some places, each with its number as a label."""

    def __init__(self, *places: float) -> None:
        super().__init__()
        self._places = places

    def get_ticks_and_labels(self, min_: float, max_: float) -> tuple[list[float], list[str]]:
        return [*self._places], [f"{place:.2f}" for place in self._places]


@pytest.mark.parametrize("value", np.linspace(0, 1, 49))
def test_a_tick_beside_is_where_a_line_through_its_number_is(value: float) -> None:
    line = drawn(lambda it: it.draw_line(ENDS, np.array([value, value]), ""))
    cells = Cells(WIDTH + 8, HEIGHT)
    picture = Picture(cells, Region(8, 0, WIDTH, HEIGHT), (0.0, 1.0), (0.0, 1.0))
    picture.draw_ticks_beside(TicksAt(value), "", "")
    (row,) = [row for row, cell in enumerate(line) if cell[0][0] != " "]
    assert cells.characters[row + 1][9] == line[row][0][0]
    assert "".join(cells.characters[row + 1][:8]) == f"   {value:.2f} "


@pytest.mark.parametrize("value", np.linspace(0, 1, 13))
def test_a_tick_below_is_in_the_column_of_its_number(value: float) -> None:
    dot = drawn(lambda it: it.mark(value, 0.5, "●", ""))
    cells = Cells(WIDTH, HEIGHT + 1)
    picture = Picture(cells, Region(0, 0, WIDTH, HEIGHT), (0.0, 1.0), (0.0, 1.0))
    picture.draw_ticks_below(TicksAt(value), "", "")
    (column,) = {row.index(("●", "")) for row in dot if ("●", "") in row}
    assert cells.characters[-2].index("┬") == column + 1
    label = "".join(cells.characters[-1])
    first = label.index(f"{value:.2f}")  # whole, wherever the tick is
    assert first <= column + 1 <= first + 3


def test_labels_below_do_not_touch() -> None:
    cells = Cells(WIDTH, HEIGHT + 1)
    picture = Picture(cells, Region(0, 0, WIDTH, HEIGHT), (0.0, 1.0), (0.0, 1.0))
    picture.draw_ticks_below(TicksAt(0.1, 0.2, 0.6, 0.9, 1.0), "", "")
    assert "".join(cells.characters[-1]).split() == ["0.10", "0.60", "0.90"]
    assert cells.characters[-2].count("┬") == 5


def test_without_a_row_below_labels_are_in_the_frame() -> None:
    cells = Cells(WIDTH, HEIGHT)
    picture = Picture(cells, Region(0, 0, WIDTH, HEIGHT), (0.0, 1.0), (0.0, 1.0))
    picture.draw_frame("")
    picture.draw_ticks_below(TicksAt(0.0, 0.3, 0.35, 0.6, 1.0), "", "")
    assert "".join(cells.characters[-1]) == "└0.00─0.30──0.60─1.00┘"


@pytest.mark.parametrize(
    ("width", "expected"),
    [(40, ["a point after each epoch"]), (20, ["after each epoch"]), (14, ["after each", "epoch"])],
)
def test_an_announcement_is_shortened_then_wrapped(width: int, expected: list[str]) -> None:
    cells = Cells(width, HEIGHT)
    picture = Picture(cells, Region(0, 0, width, HEIGHT), (0.0, 1.0), (0.0, 1.0))
    picture.write(["a point after each epoch", "after each epoch"], "")
    lines = ["".join(row).strip() for row in cells.characters]
    assert [line for line in lines if line] == expected

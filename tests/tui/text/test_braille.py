"""Lines in braille."""

import numpy as np
import pytest

from bilstm_tui.text.braille import draw_curve, draw_line


def picture(x: list[float], y: list[float], width: int, height: int) -> list[str]:
    cells = draw_line(np.array(x), np.array(y), width, height)
    assert all(0 <= column < width and 0 <= row < height for column, row in cells)
    return ["".join(cells.get((x, y), " ") for x in range(width)) for y in range(height)]


def test_lines_go_from_point_to_point() -> None:
    assert picture([0, 3.9], [0, 0], 4, 1) == ["⠉⠉⠉⠉"]
    assert picture([0, 0], [0, 1.99], 1, 2) == ["⡇", "⡇"]
    assert picture([0, 1.99], [0.99, 0], 2, 1) == ["⡠⠊"]


def test_a_point_alone_is_a_dot_and_none_is_nothing() -> None:
    assert picture([1.5], [0.5], 3, 1) == [" ⠠ "]
    assert picture([], [], 3, 1) == ["   "]


def test_what_is_outside_is_cut_off_where_it_crosses_the_edge() -> None:
    through = picture([-1000, 1000], [-1000, 1000], 10, 10)
    assert all(through[place][place] != " " for place in range(10))
    assert sum(cell != " " for row in through for cell in row) <= 20
    assert picture([-5, -1], [0, 9], 10, 10) == [" " * 10] * 10
    assert picture([20, 20], [0, 9], 10, 10) == [" " * 10] * 10


@pytest.mark.parametrize(("height", "row"), [(1, 0), (2, 1), (3, 1)])
def test_a_constant_curve_is_in_the_middle(height: int, row: int) -> None:
    lines = draw_curve([7.0, 7.0, 7.0], 4, height)
    assert [line for line in lines if line.strip()] == [lines[row]]
    assert len({*lines[row]}) == 1


def test_the_ends_of_a_curve_are_the_outermost_dots() -> None:
    assert draw_curve([0, 1], 1, 2) == ["⢸", "⡇"]


def test_dashes_are_along_the_line_whatever_its_slope() -> None:
    ends = np.array([0, 7.9])
    for y in (np.array([0.1, 0.1]), np.array([0, 7.9]), np.array([7.9, 0])):
        whole, dashed = (draw_line(ends, y, 8, 8, dashes) for dashes in ((), (4, 4)))
        assert dashed.keys() < whole.keys()
        shown = [cell in dashed for cell in whole]
        gaps = "".join("-" if it else " " for it in shown).split()
        assert max(map(len, gaps)) <= 3
        assert len(gaps) >= 2


def test_many_points_in_a_dot_do_not_make_dashes_shorter() -> None:
    few, many = (np.linspace(0, 7.9, count) for count in (2, 500))
    cells = [draw_line(x, np.full(len(x), 0.5), 8, 1, (4, 4)) for x in (few, many)]
    assert cells[0] == cells[1]
    assert "".join(cells[0].get((column, 0), " ") for column in range(8)) == "⠤⠤  ⠤⠤  "


def test_cells_are_in_the_order_of_the_line() -> None:
    zigzag = draw_line(np.array([0.2, 0.2, 1.2, 1.2]), np.array([0.0, 2.9, 2.9, 0.0]), 2, 3)
    assert [*zigzag] == [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)]


def test_a_curve_without_a_column_is_empty() -> None:
    assert draw_curve([1, 2, 3], 2, 1) == ["⡠⠊"]
    assert [draw_curve([1, 2, 3], width, 2) for width in (0, -3)] == [["", ""]] * 2

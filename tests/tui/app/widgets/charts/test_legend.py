"""The words around a chart."""

import pytest

from bilstm_tui.app.widgets.charts.legend import heading

PARTS = ("training loss by step", "log scale", "smoothed 0.9")


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (46, "training loss by step, log scale, smoothed 0.9"),
        (45, "training loss by step, log scale"),
        (31, "training loss by step"),
        (3, "training loss by step"),  # which is then cut, as the first part is the least
    ],
)
def test_a_part_of_a_heading_is_left_out_rather_than_cut(room: int, expected: str) -> None:
    assert str(heading(PARTS, room)) == expected

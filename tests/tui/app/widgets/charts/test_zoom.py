"""A part of an axis stays inside it."""

import pytest

from bilstm_tui.app.widgets.charts.zoom import Range, within, zoomed


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ((2.0, 4.0), (2.0, 4.0)),
        ((-1.0, 1.0), (0.0, 2.0)),
        ((9.0, 12.0), (7.0, 10.0)),
        ((-5.0, 15.0), None),
        ((0.0, 10.0), None),
        ((3.0, 3.0), (2.5, 3.5)),
        ((10.0, 10.0), (9.0, 10.0)),
    ],
)
def test_a_part_stays_inside(part: Range, expected: Range | None) -> None:
    assert within(part, (0.0, 10.0), 1.0) == expected


def test_the_centre_stays_where_it_is() -> None:
    assert zoomed((0.0, 10.0), 2.0, 0.5) == (1.0, 6.0)
    assert zoomed((1.0, 6.0), 2.0, 2.0) == (0.0, 10.0)

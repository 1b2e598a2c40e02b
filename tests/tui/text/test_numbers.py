"""Numbers in a few characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_tui.text.numbers import bar, bar_and_track, distinct_percents, short


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (0.00123456, "0.00123"),
        (1.5e-8, "1.5e-08"),
        (999.4, "999"),
        (1234.0, "1,234"),
        (12_345.0, "12.3k"),
        (2_500_000.0, "2.5M"),
        (3.2e9, "3.2G"),
        (1e15, "1.0e+15"),
    ],
)
def test_a_number(value: float, expected: str) -> None:
    assert short(value) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0.9, 0.05, ("90.0%", "5.0%")),
        (0.1083, 0.1078, ("10.83%", "10.78%")),
        (0.10832, 0.10829, ("10.832%", "10.829%")),
        (0.1083000001, 0.1083, ("10.8300%", "10.8300%")),
    ],
)
def test_shares_have_as_many_digits_as_tell_them_apart(
    first: float, second: float, expected: tuple[str, str]
) -> None:
    assert distinct_percents(first, second) == expected


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_no_number_is_long(value: float) -> None:
    assert len(short(value)) <= 9


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [(0, ""), (0.125, "╸"), (0.25, "━"), (0.9, "━━━╸"), (1, "━━━━"), (7, "━━━━"), (-1, "")],
)
def test_a_bar(fraction: float, expected: str) -> None:
    assert bar(fraction, 4) == expected


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [(0, ("", "────")), (0.125, ("╸", "───")), (0.9, ("━━━╸", "")), (1, ("━━━━", ""))],
)
def test_a_bar_on_its_track(fraction: float, expected: tuple[str, str]) -> None:
    assert bar_and_track(fraction, 4) == expected

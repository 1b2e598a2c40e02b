"""Names that do not fit are cut, and still differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bilstm_tui.text.names import shortened, shortened_together, with_article


@given(st.text(max_size=30), st.integers(1, 40))
def test_a_name_fits(name: str, most: int) -> None:
    assert cell_len(shortened(name, most)) <= max(most, 1)


@given(st.text("abc", min_size=1, max_size=30), st.integers(1, 40))
def test_of_a_name_something_is_left(name: str, most: int) -> None:
    assert shortened(name, most).strip("…")


@given(st.lists(st.text(max_size=12), max_size=6, unique=True), st.integers(1, 15))
def test_names_fit_together(names: list[str], most: int) -> None:
    assert all(cell_len(name) <= max(most, 1) for name in shortened_together(names, most))


@pytest.mark.parametrize(
    ("names", "most", "expected"),
    [
        (["0 - zero", "1 - one"], 8, ["0 - zero", "1 - one"]),
        (["0 - zero", "1 - one"], 5, ["0", "1"]),
        (["0 - zero", "1 - one"], 1, ["0", "1"]),
        (["Trouser", "Pullover", "Bag"], 4, ["Trou", "Pull", "Bag"]),
        (["speaker 01", "speaker 02"], 6, ["spe…01", "spe…02"]),
        (["T-shirt", "T-short"], 6, ["T-shir", "T-shor"]),
    ],
)
def test_what_is_left_tells_them_apart(names: list[str], most: int, expected: list[str]) -> None:
    assert shortened_together(names, most) == expected


@pytest.mark.parametrize("cell", ["an LSTM 1×128", "an RNN", "a GRU", "a BiLSTM", "a BiGRU 2×64"])
def test_the_article_follows_the_sound(cell: str) -> None:
    assert with_article(cell.split(" ", 1)[1]) == cell

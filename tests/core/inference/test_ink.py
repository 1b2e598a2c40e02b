"""Ink is told apart from its ground, wherever and however it is drawn."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from bilstm_core.inference.ink import Ink, find_ink
from tests.core.inference.drawn import write

Map = NDArray[np.floating[Any]]
BAR = (slice(60, 140), slice(90, 100))


def bar(ground: float = 0.9, ink: float = 0.1, box: tuple[slice, slice] = BAR) -> Map:
    picture = np.full((200, 200), ground, np.float32)
    picture[box] = ink
    return picture


def found(picture: Map, *, is_strokes: bool = True) -> Ink:
    ink = find_ink(picture.astype(np.float32), is_strokes=is_strokes)
    assert ink is not None
    assert ink.strength.dtype == np.float32
    assert ink.strength.min() >= 0
    assert ink.strength.max() <= 1
    return ink


def assert_is_bar(ink: Ink, width: float = 10, height: float = 80, *, is_dark: bool = True) -> None:
    assert ink.is_dark == is_dark
    assert ink.size == (pytest.approx(width / 200, abs=0.01), pytest.approx(height / 200, abs=0.01))
    assert ink.strength[2:-2, 3:-3].min() > 0.95


def slope() -> Map:
    return np.broadcast_to(np.linspace(0.35, 1, 200), (200, 200)).astype(np.float32)


class TestGrounds:
    @pytest.mark.parametrize(
        ("ground", "ink"),
        [(1.0, 0.0), (0.0, 1.0), (0.5, 0.35), (0.5, 0.65), (0.3, 0.1), (1.0, 0.9)],
    )
    def test_darker_or_lighter(self, ground: float, ink: float) -> None:
        assert_is_bar(found(bar(ground, ink)), is_dark=ink < ground)

    def test_uneven_light(self) -> None:
        picture = slope()
        picture[BAR] *= 0.3
        assert_is_bar(found(picture))

    def test_a_vignette_darker_than_faint_ink(self) -> None:
        down, right = np.mgrid[-1:1:200j, -1:1:200j]
        picture = 0.9 - 0.25 * (down**2 + right**2)
        picture[BAR] *= 0.75
        assert_is_bar(found(picture))

    def test_a_shadow_with_a_sharp_edge(self) -> None:
        picture = bar()
        picture[:, 120:] *= 0.6
        assert_is_bar(found(picture))

    def test_noise(self) -> None:
        noise = np.random.default_rng(0).normal(0, 0.05, (200, 200))
        ink = found(bar() + noise.astype(np.float32))
        assert ink.is_dark
        assert ink.size == (pytest.approx(0.05, abs=0.02), pytest.approx(0.4, abs=0.02))

    def test_specks(self) -> None:
        picture = bar()
        for top in range(5, 200, 60):
            picture[top : top + 4, 20:24] = picture[top : top + 4, 170:174] = 0.1
        assert_is_bar(found(picture))

    def test_a_sheet_of_paper_on_a_table(self) -> None:
        picture = np.full((200, 200), 0.25, np.float32)
        picture[30:170, 20:180] = bar()[30:170, 20:180]
        assert_is_bar(found(picture))

    def test_a_frame_around_it(self) -> None:
        picture = bar(box=(slice(20, 180), slice(20, 180)))
        picture[23:177, 23:177] = bar()[23:177, 23:177]
        assert_is_bar(found(picture))

    @pytest.mark.parametrize("side", [0, 1])
    def test_something_dark_that_comes_in_at_the_edge(self, side: int) -> None:
        picture = bar()
        np.moveaxis(picture, side, 0)[:15] = 0.2
        assert_is_bar(found(picture))


class TestPlaces:
    @pytest.mark.parametrize(("top", "left"), [(5, 5), (5, 180), (115, 5), (115, 180), (60, 90)])
    def test_anywhere(self, top: int, left: int) -> None:
        box = slice(top, top + 80), slice(left, left + 10)
        assert_is_bar(found(bar(box=box)))

    def test_at_the_edge_where_there_is_nothing_else(self) -> None:
        assert_is_bar(found(bar(box=(slice(0, 200), slice(90, 100)))), height=200)

    @pytest.mark.parametrize("digit", range(10))
    @pytest.mark.parametrize("is_dark", [False, True])
    def test_filling_the_picture_with_a_thick_pen(self, digit: int, is_dark: bool) -> None:
        strokes = write(digit, 150, 0.2, np.random.default_rng(0))
        ink = found(0.9 - 0.8 * strokes if is_dark else 0.1 + 0.8 * strokes)
        assert ink.is_dark == is_dark
        assert ink.size == pytest.approx((1, 1), abs=0.03)

    def test_a_hundredth_of_a_side(self) -> None:
        picture = np.full((1000, 1000), 0.9, np.float32)
        picture[700:760, 100:110] = 0.1
        ink = found(picture)
        assert ink.size == (pytest.approx(0.01, abs=0.003), pytest.approx(0.06, abs=0.003))


class TestShades:
    def test_shades_of_an_object_are_kept(self) -> None:
        """A coat with light sleeves, as Fashion-MNIST's negatives show them."""
        picture = bar(1.0, 0.2, (slice(40, 160), slice(60, 140)))
        picture[40:160, 40:60] = picture[40:160, 140:160] = 0.8
        ink = found(picture, is_strokes=False)
        assert ink.size == pytest.approx((0.6, 0.6), abs=0.03)
        middle = ink.strength[len(ink.strength) // 2]
        assert middle[len(middle) // 2] == pytest.approx(0.8, abs=0.03)
        assert middle[5] == pytest.approx(0.2, abs=0.03)

    def test_strokes_have_one_strength(self) -> None:
        assert found(bar(0.5, 0.4)).strength[40, 5] == 1


class TestNothing:
    @pytest.mark.parametrize("brightness", [0.0, 0.5, 1.0])
    @pytest.mark.parametrize("shape", [(1, 1), (1, 100), (28, 28), (300, 200)])
    def test_one_brightness(self, shape: tuple[int, int], brightness: float) -> None:
        assert find_ink(np.full(shape, brightness, np.float32), is_strokes=True) is None

    @pytest.mark.parametrize("side", [40, 300, 1024])
    def test_noise(self, side: int) -> None:
        noise = np.random.default_rng(0).normal(0.8, 0.05, (side, side))
        assert find_ink(noise.astype(np.float32), is_strokes=True) is None

    def test_light_that_falls_off(self) -> None:
        assert find_ink(slope(), is_strokes=True) is None


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 80), st.integers(1, 80)),
        elements=st.floats(0, 1, width=32),
    ),
    st.booleans(),
)
def test_whatever_is_in_a_picture(picture: Map, is_strokes: bool) -> None:
    ink = find_ink(picture, is_strokes=is_strokes)
    if ink is not None:
        assert np.isfinite(ink.strength).all()
        assert min(ink.strength.shape) > 0
        assert 0 < min(ink.size) <= max(ink.size) <= 1

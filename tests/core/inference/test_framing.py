"""Pictures become images like those of the data set."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources.pictures import Picture
from bilstm_core.data.sources.registry import load
from bilstm_core.data.spec import DataSpec
from bilstm_core.inference.framing import fit, fit_as_it_is

Map = NDArray[np.floating[Any]]
MNIST = CATALOG["mnist"]


def picture(brightness: Map) -> Picture:
    return Picture(brightness.astype(np.float32), (brightness.shape[1], brightness.shape[0]))


def seven(thickness: int = 20, size: tuple[int, int] = (300, 260)) -> Map:
    """A 7 whose corner is at the top right, 160 high and 110 wide, on light paper."""
    image = np.full(size, 0.9, np.float32)
    image[50 : 50 + thickness, 80:190] = 0.1
    image[50:210, 190 - thickness : 190] = 0.1
    return image


def fitted(brightness: Map, spec: DataSpec = MNIST) -> tuple[Map, str]:
    result = fit(picture(brightness), spec)
    assert result is not None
    image, words = result
    assert image.shape == (spec.height, spec.width)
    assert image.dtype == np.float32
    assert 0 <= image.min() < image.max() <= 1
    return image, words


def extent(image: Map) -> tuple[int, int]:
    """Rows and columns of the content."""
    rows, columns = np.nonzero(image.max(axis=1))[0], np.nonzero(image.max(axis=0))[0]
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def centre_of_mass(image: Map) -> NDArray[np.float64]:
    positions = np.indices(image.shape).reshape(2, -1)
    return (positions * image.ravel()).sum(axis=1) / image.sum()


class TestLikeMnist:
    def test_longest_side_20_centre_of_mass_on_pixel_14(self) -> None:
        image, words = fitted(seven())
        assert max(extent(image)) == 20
        assert np.abs(centre_of_mass(image) - 14).max() <= 0.5
        assert words == "260×300, dark on light, 110×160 of it scaled to 14×20 in 28×28"

    def test_it_is_how_mnist_itself_is_framed(self, mnist_dir: Path) -> None:
        data = load(RunConfig(dataset="mnist"), mnist_dir)
        test = data.test.values[:500].numpy().astype(np.float32)
        assert {max(extent(image)) for image in test} == {20}
        assert max(np.abs(centre_of_mass(image) - 14).max() for image in test) <= 0.6

    @pytest.mark.parametrize("thickness", [3, 12, 20, 45])
    def test_a_pen_of_any_width_draws_much_the_same(self, thickness: int) -> None:
        image, _ = fitted(seven(thickness))
        strokes = (image > 0.5).sum(axis=1)
        assert 2 <= np.median(strokes[strokes > 0]) <= 4

    @pytest.mark.parametrize(("height", "width"), [(28, 56), (56, 28), (8, 8), (6, 11), (4, 7)])
    def test_other_sizes_in_proportion(self, height: int, width: int) -> None:
        spec = replace(MNIST, name="other", longest=height, shortest=height, num_features=width)
        image, _ = fitted(seven(), spec)
        rows, columns = extent(image)
        assert max(rows / height, columns / width) == pytest.approx(20 / 28, abs=0.5 / height)

    def test_nothing_is_nothing(self) -> None:
        assert fit(picture(np.full((300, 260), 0.9)), MNIST) is None
        assert fit(picture(np.zeros((28, 28))), MNIST) is None


class TestLikeOthers:
    @pytest.mark.parametrize("name", ["digits", "kmnist"])
    def test_strokes_that_fill_the_frame(self, name: str) -> None:
        spec = CATALOG[name]
        image, _ = fitted(seven(), spec)
        rows, columns = extent(image)
        assert rows == spec.height
        assert columns < spec.width
        assert image[:, 0].max() == 0

    def test_it_is_how_digits_are_framed(self, digits: Dataset) -> None:
        assert {max(extent(image)) for image in digits.test.values.numpy()} == {8}

    def test_objects_fill_the_frame_with_their_shades(self) -> None:
        coat = np.full((400, 300), 0.98, np.float32)
        coat[100:300, 120:220] = 0.4
        coat[100:150, 120:220] = 0.7
        image, words = fitted_shades(coat)
        assert extent(image) == (28, 14)
        assert image[3, 14] == pytest.approx(0.29, abs=0.02)
        assert image[20, 14] == pytest.approx(0.59, abs=0.02)
        assert words.startswith("300×400, dark on light")


def fitted_shades(brightness: Map) -> tuple[Map, str]:
    result = fit(picture(brightness), CATALOG["fashion-mnist"])
    assert result is not None
    return result


class TestTheDataSetsOwn:
    @pytest.mark.parametrize("is_dark", [False, True])
    def test_images_of_digits_are_left_as_they_are(self, digits: Dataset, is_dark: bool) -> None:
        for values in digits.test.values.numpy():
            own = values.astype(np.float32) / 16
            image, _ = fitted(1 - own if is_dark else own, digits.spec)
            np.testing.assert_allclose(image, own, atol=1e-6)

    def test_enlarged_they_are_still_themselves(self, digits: Dataset) -> None:
        for values in digits.test.values.numpy()[:50]:
            own = values.astype(np.float32) / 16
            image, _ = fitted(1 - np.kron(own, np.ones((20, 20), np.float32)), digits.spec)
            np.testing.assert_allclose(image, own, atol=1e-6)

    def test_images_of_mnist_are_left_as_they_are(self, mnist_dir: Path) -> None:
        rng = np.random.default_rng(0)
        for values in load(RunConfig(dataset="mnist"), mnist_dir).test.values.numpy()[::20]:
            own = values.astype(np.float32) / 255
            noisy = (own + rng.normal(0, 0.02, own.shape)).clip(0, 1)  # as JPEG does
            for exported in (own, noisy.astype(np.float32)):
                image, words = fitted(exported)
                assert (image == exported).all()
                assert words == "28×28"

    @pytest.mark.parametrize(("rows", "columns"), [((4, 24), (1, 4)), ((10, 18), (13, 16))])
    def test_the_same_size_drawn_elsewhere_or_smaller_is_placed(
        self, rows: tuple[int, int], columns: tuple[int, int]
    ) -> None:
        image = np.zeros((28, 28), np.float32)
        image[slice(*rows), slice(*columns)] = 1
        image, _ = fitted(image)
        assert max(extent(image)) == 20
        assert np.abs(centre_of_mass(image) - 14).max() <= 0.5

    def test_the_same_size_on_grey_paper_is_not_one_of_them(self) -> None:
        image = np.full((28, 28), 0.85, np.float32)
        image[4:24, 13:16] = 0.2
        assert extent(fitted(image)[0])[0] == 20

    def test_garments_are_whatever_their_size(self) -> None:
        image = np.zeros((28, 28), np.float32)
        image[10:18, 3:25] = 0.3
        np.testing.assert_array_equal(fitted_shades(image)[0], image)

    def test_of_other_data_sets_their_size_decides(self) -> None:
        spec = replace(MNIST, name="other")
        image = np.zeros((28, 28), np.float32)
        image[1:13, 1:4] = 1
        np.testing.assert_array_equal(fitted(image, spec)[0], image)


class TestAsItIs:
    def test_the_whole_picture_is_scaled_and_centred(self) -> None:
        image, words = fit_as_it_is(picture(np.ones((50, 100)) - 0.6), MNIST)
        assert (image[7:21] == np.float32(0.4)).all()
        assert image[:7].max() == image[21:].max() == 0
        assert words == "100×50, scaled to 28×14 in 28×28"

    def test_a_bright_border_is_inverted(self) -> None:
        image, words = fit_as_it_is(picture(seven()), MNIST)
        assert image.max() == pytest.approx(0.9)
        assert image[0].max() < 0.11
        assert "inverted, because its border is bright" in words


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 60), st.integers(1, 60)),
        elements=st.floats(0, 1, width=32),
    ),
    st.sampled_from(sorted(CATALOG)),
)
def test_whatever_is_in_a_picture(brightness: Map, name: str) -> None:
    for result in (
        fit(picture(brightness), CATALOG[name]),
        fit_as_it_is(picture(brightness), MNIST),
    ):
        if result is not None:
            image, words = result
            assert ((image >= 0) & (image <= 1)).all()
            assert words

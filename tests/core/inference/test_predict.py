"""Predictions for arrays and for image files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bilstm_core.errors import DataError, ImageError, UsageError
from bilstm_core.inference.predict import Prediction, predict
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel
from tests.core.made_up import SPEC, bars_config, make_bars
from tests.core.trainers import make_trainer


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    """A network that has learned images of 6 rows of 11 columns."""
    model = make_trainer(bars_config(), make_bars()).run().model
    assert model
    return model


def assert_same(found: list[Prediction], expected: list[Prediction]) -> None:
    """But for the last bits, which depend on what else is in a batch."""
    for one, other in zip(found, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, rel=1e-5)
        assert replace(one, probabilities=other.probabilities) == other


def test_an_array_holds_values_as_they_are_stored(model: TrainedModel) -> None:
    test = make_bars().test
    predictions = predict(model, test.values.numpy())
    correct = sum(
        SPEC.classes.index(prediction.best) == label
        for prediction, label in zip(predictions, test.labels.tolist(), strict=True)
    )
    assert correct > 0.8 * len(test)
    assert all(sum(p.probabilities.values()) == pytest.approx(1) for p in predictions)
    assert {(p.source, p.scaling) for p in predictions} == {("", "")}


def test_an_array_is_left_as_it_is(model: TrainedModel) -> None:
    values = np.full((2, 6, 11), 100, np.float32)
    predict(model, values)
    assert (values == 100).all()


def test_other_types_of_numbers_and_layouts_are_the_same(model: TrainedModel) -> None:
    values = make_bars().test.values[:3].numpy()
    expected = predict(model, values)
    turned = np.asfortranarray(values)
    floats = values.astype(np.float32), values.astype(np.float64)
    for other in (*floats, values.astype(np.int64), turned, values[::-1][::-1]):
        assert predict(model, other) == expected


@pytest.mark.parametrize(
    "shape", [(6,), (11, 6), (6, 10), (2, 6, 12), (2, 7, 11), (1, 2, 6, 11), ()]
)
def test_an_array_of_another_shape_is_refused(shape: Any, model: TrainedModel) -> None:
    with pytest.raises(UsageError) as caught:
        predict(model, np.zeros(shape))
    assert str(shape) in caught.value.message
    assert "6 steps × 11 features" in caught.value.message
    assert "(N, 6, 11)" in caught.value.advice


def test_no_sequences_are_no_predictions(model: TrainedModel) -> None:
    assert predict(model, np.zeros((0, 6, 11))) == []
    assert predict(model, []) == []


class TestImageFiles:
    """Brightness from 0 to 1, which a data set of bytes divides by 255."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        pixels = np.zeros((6, 11), np.uint8)
        pixels[:, 5] = 255
        Image.fromarray(pixels).save(tmp_path / "bar.png")
        return tmp_path / "bar.png"

    def test_one_or_several_by_path_or_string(self, model: TrainedModel, file: Path) -> None:
        (alone,) = predict(model, file)
        assert alone.best == "vertical"
        assert alone.source == str(file)
        assert alone.scaling == "11×6"
        assert predict(model, str(file)) == [alone]
        assert_same(predict(model, [file, str(file)]), [alone, alone])

    def test_a_file_and_an_array_of_its_brightness_are_the_same(
        self, model: TrainedModel, file: Path
    ) -> None:
        brightness = np.asarray(Image.open(file), np.float32) / 255
        from_array = predict(model, brightness * SPEC.normalisation.divisor)
        assert predict(model, file)[0].probabilities == from_array[0].probabilities

    def test_what_is_drawn_is_found_and_placed(self, model: TrainedModel, tmp_path: Path) -> None:
        pixels = np.full((60, 60), 255, np.uint8)
        pixels[10:30, 5:10] = 0
        Image.fromarray(pixels).save(tmp_path / "square.png")
        (prediction,) = predict(model, tmp_path / "square.png")
        assert prediction.scaling == "60×60, dark on light, 5×20 of it scaled to 1×4 in 11×6"
        assert prediction.best == "vertical"

    def test_as_it_is_a_large_image_is_scaled_to_fit_and_centred(
        self, model: TrainedModel, tmp_path: Path
    ) -> None:
        pixels = np.zeros((60, 60), np.uint8)
        pixels[:, 25:35] = 255
        Image.fromarray(pixels).save(tmp_path / "square.png")
        (prediction,) = predict(model, tmp_path / "square.png", as_is=True)
        assert prediction.scaling == "60×60, scaled to 6×6 in 11×6"
        assert prediction.best == "vertical"

    def test_a_folder_is_its_images(self, model: TrainedModel, file: Path) -> None:
        (file.parent / "words.txt").touch()
        assert predict(model, file.parent) == predict(model, file)
        assert_same(predict(model, [file, str(file.parent)]), 2 * predict(model, file))

    def test_what_is_no_image_is_refused(self, model: TrainedModel, tmp_path: Path) -> None:
        (tmp_path / "text.png").write_text("words")
        for name, words in (("text.png", "is no image"), ("none.png", "There is no file")):
            with pytest.raises(ImageError, match=words):
                predict(model, tmp_path / name)

    def test_an_image_of_nothing_is_refused_but_as_it_is(
        self, model: TrainedModel, tmp_path: Path
    ) -> None:
        Image.new("L", (60, 60), 200).save(tmp_path / "paper.png")
        with pytest.raises(ImageError, match="stands out"):
            predict(model, tmp_path / "paper.png")
        (prediction,) = predict(model, tmp_path / "paper.png", as_is=True)
        assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_prediction_changes_no_random_numbers(model: TrainedModel) -> None:
    state = torch.get_rng_state()
    predict(model, np.zeros((1, 6, 11)))
    assert torch.get_rng_state().equal(state)
    assert isinstance(model.network, SequenceClassifier)
    assert not model.network.training


@pytest.mark.parametrize("array", [np.array([[["a"] * 11] * 6]), np.array([[[{}] * 11] * 6])])
def test_an_array_without_numbers_is_refused(
    model: TrainedModel, array: np.ndarray[Any, Any]
) -> None:
    with pytest.raises(UsageError):
        predict(model, array)


def test_an_array_in_another_byte_order_is_read(model: TrainedModel) -> None:
    values = np.full((1, 6, 11), 100.0)
    assert predict(model, values.astype(">f4")) == predict(model, values)


def test_image_files_are_for_images(model: TrainedModel, tmp_path: Path) -> None:
    series = TrainedModel(model.network, model.config, replace(model.spec, kind="series"))
    Image.new("L", (11, 6)).save(tmp_path / "three.png")
    with pytest.raises(DataError, match="is a picture, and the network reads"):
        predict(series, [tmp_path / "three.png"])

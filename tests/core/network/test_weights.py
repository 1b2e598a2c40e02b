"""A saved model describes itself: it is used where its data are unknown."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources import registry
from bilstm_core.errors import CheckpointError, DataError
from bilstm_core.inference.examine import examine, predict_stepwise
from bilstm_core.inference.predict import predict
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.summary import summarise
from bilstm_core.network.weights import TrainedModel, load
from bilstm_core.runs.run import Run
from tests.core.made_up import SPEC, bars_config
from tests.samples import MOONS, moons_config, small_config
from tests.sessions import start


def saved_moons(path: Path) -> TrainedModel:
    """The model of another version of the program, saved to a file."""
    torch.manual_seed(0)
    config = moons_config(num_layers=2)
    model = TrainedModel(SequenceClassifier.from_config(config, MOONS), config, MOONS)
    model.save(path)
    return model


def test_it_is_read_as_it_was_saved(tmp_path: Path) -> None:
    saved = saved_moons(tmp_path / "moons.safetensors")
    model = load(tmp_path / "moons.safetensors")
    assert (model.config, model.spec) == (saved.config, MOONS)
    assert not model.network.training
    for name, weights in saved.network.state_dict().items():
        assert torch.equal(model.network.state_dict()[name], weights)


def test_equal_models_are_equal_files(tmp_path: Path) -> None:
    saved_moons(tmp_path / "a").save(str(tmp_path / "b"))
    saved_moons(tmp_path / "c")
    load(tmp_path / "a").save(tmp_path / "d")
    files = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(files) == 1
    other = load(tmp_path / "a")
    spec = dataclasses.replace(other.spec, fingerprint="another")
    TrainedModel(other.network, other.config, spec).save(tmp_path / "e")
    assert (tmp_path / "e").read_bytes() not in files


def test_the_model_of_a_run_has_the_description_of_its_data(tmp_path: Path) -> None:
    run = start(tmp_path, small_config(num_epochs=1))
    again = start(tmp_path, small_config(num_epochs=1))
    model = load(run.model_file)
    assert model.config == run.config
    assert model.spec == registry.load(RunConfig(dataset="digits"), tmp_path).spec
    assert run.model_file.read_bytes() == again.model_file.read_bytes()


class TestUnknownData:
    @pytest.fixture
    def model(self, tmp_path: Path) -> TrainedModel:
        saved_moons(tmp_path / "moons.safetensors")
        return load(tmp_path / "moons.safetensors")

    def test_they_are_unknown(self, model: TrainedModel) -> None:
        with pytest.raises(DataError, match="moons"):
            registry.describe(model.config)

    def test_the_network_is_summarised(self, model: TrainedModel) -> None:
        summary = summarise(model.config, model.spec)
        assert summary.layers[0].output_shape == (9, 2)
        assert summary.layers[-1].output_shape == (2,)
        assert summary.parameters == sum(w.numel() for w in model.network.parameters())

    def test_it_is_examined_without_test_data(self, model: TrainedModel, tmp_path: Path) -> None:
        report = examine(model, tmp_path)
        assert report.spec == MOONS
        assert report.failure
        assert report.failure.exit_code == 3
        assert "moons" in report.failure.message
        assert report.scores == []
        assert report.mistakes == []
        prediction = predict_stepwise(model, torch.zeros(9, 2))
        assert len(prediction.forward) == len(prediction.backward) == 9
        assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-5)

    def test_it_predicts_arrays(self, model: TrainedModel) -> None:
        values = np.linspace(-2, 2, 3 * 9 * 2).reshape(3, 9, 2)
        predictions = predict(model, values)
        with torch.inference_mode():
            inputs = torch.from_numpy(values / MOONS.normalisation.divisor).float()
            expected = model.network(inputs).softmax(dim=1).tolist()
        for prediction, probabilities in zip(predictions, expected, strict=True):
            assert list(prediction.probabilities) == ["inner", "outer"]
            assert list(prediction.probabilities.values()) == pytest.approx(probabilities)
            assert prediction.best == ("inner", "outer")[int(np.argmax(probabilities))]
        (alone,) = predict(model, values[1])
        assert alone == dataclasses.replace(predictions[1], id="1")


def test_a_network_that_reads_images_of_any_shape_is_saved_and_used(tmp_path: Path) -> None:
    config = bars_config(readout="all")
    TrainedModel(SequenceClassifier.from_config(config, SPEC), config, SPEC).save(tmp_path / "m")
    model = load(tmp_path / "m")
    (prediction,) = predict(model, np.zeros((6, 11), np.uint8))
    assert set(prediction.probabilities) == set(SPEC.classes)


def test_its_run_is_named_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        load(Run(tmp_path / "a_run").model_file)
    assert caught.value.title == "No model yet"
    assert [(it.action, it.run) for it in caught.value.remedies] == [("resume", "a_run")]


@pytest.mark.parametrize("change", [{"longest": 2**23}, {"num_features": 2**23}])
def test_shapes_without_weights_are_refused_before_memory_is_taken(
    change: dict[str, int], tmp_path: Path
) -> None:
    """A small file that claims a network of gigabytes."""
    model = saved_moons(tmp_path / "a")
    model.config = model.config.model_copy(update={"readout": "all", "hidden_size": 4096})
    model.spec = dataclasses.replace(model.spec, feature_names=(), **change)
    model.save(tmp_path / "b")
    with pytest.raises(CheckpointError, match="damaged or no model"):
        load(tmp_path / "b")


@pytest.mark.parametrize("name", ["feature_names", "fill"])
def test_there_are_as_many_values_as_features(name: str, tmp_path: Path) -> None:
    model = saved_moons(tmp_path / "a")
    model.spec = dataclasses.replace(MOONS)
    object.__setattr__(model.spec, name, ("1", "2", "3") if name == "feature_names" else (1, 2, 3))
    model.save(tmp_path / "b")
    with pytest.raises(CheckpointError, match="damaged or no model"):
        load(tmp_path / "b")


@pytest.mark.parametrize("classes", [(), ("same", "same")])
def test_classes_are_named_and_differ(classes: tuple[str, ...], tmp_path: Path) -> None:
    model = saved_moons(tmp_path / "a")
    model.spec = dataclasses.replace(MOONS)
    object.__setattr__(model.spec, "classes", classes)
    model.save(tmp_path / "b")
    with pytest.raises(CheckpointError, match="damaged or no model"):
        load(tmp_path / "b")

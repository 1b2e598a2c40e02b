"""Stored values are normalised in the same way for training, evaluation and prediction."""

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

import bilstm_core
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.normalise import normalise
from bilstm_core.data.spec import Normalisation
from bilstm_core.inference.examine import examine
from bilstm_core.inference.predict import predict
from bilstm_core.network.classifier import SequenceClassifier
from tests.core.trainers import make_trainer
from tests.samples import small_config


def test_values_of_any_type_are_divided_and_left_as_they_were() -> None:
    for dtype in (torch.uint8, torch.int64, torch.float32, torch.float64):
        values = torch.tensor([[0, 8, 16]], dtype=dtype)
        inputs = normalise(values, Normalisation(divisor=16))
        assert inputs.dtype == torch.float32
        assert inputs.tolist() == [[0.0, 0.5, 1.0]]
        assert values.tolist() == [[0, 8, 16]]


@pytest.mark.parametrize("lengths", [None, torch.tensor([29, 7])])
def test_a_constant_feature_is_0_whatever_its_mean_is_rounded_to(
    lengths: torch.Tensor | None,
) -> None:
    values = torch.rand(2, 29, 3)
    values[..., :2] = torch.tensor([0.1, 1000.1])
    inputs = normalise(values, Normalisation(per_sequence=True), lengths)
    assert not inputs[..., :2].any()
    assert inputs[0, :, 2].std(correction=0).item() == pytest.approx(1)


def test_training_evaluation_examination_and_prediction_read_the_same_inputs(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read: list[torch.Tensor] = []
    forward = SequenceClassifier.forward

    def watch(
        model: SequenceClassifier,
        inputs: torch.Tensor,
        lengths: torch.Tensor | None = None,
        **options: Any,
    ) -> torch.Tensor:
        read.append(inputs.clone())
        return forward(model, inputs, lengths, **options)

    def inputs_read(count: int) -> set[tuple[float, ...]]:
        """What the network has read since the last call, each sequence a tuple."""
        inputs = torch.cat(read)
        read.clear()
        assert len(inputs) == count
        return set(map(tuple, inputs.flatten(1).tolist()))

    def stored(values: Iterable[torch.Tensor]) -> set[tuple[float, ...]]:
        return {tuple(pixel / 16 for pixel in image.flatten().tolist()) for image in values}

    monkeypatch.setattr(SequenceClassifier, "forward", watch)
    trainer = make_trainer(small_config(num_epochs=1, ema_decay=0.5), digits)
    trainer.train_epoch()
    train, test = digits.train.values, digits.test.values
    assert inputs_read(1437) == stored(train)
    trainer.evaluator.evaluate_split("train", trainer.model, 1, 1)
    assert inputs_read(1437) == stored(train)
    trainer.evaluator.evaluate_split("test", trainer.model, 1, 1)
    assert inputs_read(360) == stored(test)
    model = trainer.run().model
    assert model
    read.clear()
    examine(model, tmp_path)
    assert inputs_read(360) == stored(test)
    predict(model, test.numpy())
    assert inputs_read(360) == stored(test)


def test_no_other_module_divides_by_the_divisor() -> None:
    """But a data format may compare its values with it, and an exported network says it, too."""
    package = Path(bilstm_core.__file__).parent
    users = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "divisor"
    }
    exports = {"exports/onnx_graph.py", "exports/script.py"}
    assert users == {"data/normalise.py", "data/sources/mnist.py", *exports}

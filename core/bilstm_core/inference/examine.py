"""Examines a trained network: its confusions, its mistakes, and what each direction predicts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from ..data.batches import in_order, make_batch
from ..data.dataset import Dataset
from ..data.sources import registry
from ..data.spec import DataSpec, Normalisation
from ..errors import ConfigError, DataError
from ..events import Failed
from ..network.weights import TrainedModel
from ..training.evaluation import class_scores, evaluation_batch_size
from .directions import pieces, probabilities, scores_of_one, top_states
from .report import (
    ClassScore,
    Confusion,
    Drawing,
    ExaminationReport,
    Mistake,
    StepwisePrediction,
)

_CPU = torch.device("cpu")
_MOST_MISTAKES = 200
_MOST_CONFUSIONS = 1 << 17
_MOST_PIECES, _MOST_FEATURES, _MOST_CLASSES = 256, 128, 64
"""What is sent of a sequence at most: more cannot be seen on a screen."""


class Examination:
    """A network on its test data, as the run itself evaluated it at its end.

    Args:
        model: The network.
        data_dir: Folder of the data sets.
        used: See `TrainedModel.precision`.

    Attributes:
        report: What was found; where the data are not available, why not.
    """

    def __init__(self, model: TrainedModel, data_dir: Path, used: str = "") -> None:
        self._model, self._used = model, used
        try:
            self._data = _test_data(model, data_dir)
        except (ConfigError, DataError) as error:
            self.report = ExaminationReport(spec=model.spec, failure=Failed.from_error(error))
        else:
            self.report = _report(model, self._data, used)

    def read(self, index: int) -> tuple[StepwisePrediction, Drawing]:
        """What is predicted for a test sequence step by step, and the sequence for drawing."""
        model, sequence = self._model, self._data.test[torch.tensor([index])]
        inputs = make_batch(sequence, model.spec).inputs[0]
        shown = inputs if model.spec.kind == "images" else sequence.padded()[0]
        return predict_stepwise(model, inputs, self._used), _drawing(shown, model.spec)


def examine(model: TrainedModel, data_dir: Path, used: str = "") -> ExaminationReport:
    """Evaluate a network on its test data; see `Examination`."""
    return Examination(model, data_dir, used).report


def _report(model: TrainedModel, data: Dataset, used: str) -> ExaminationReport:
    # slow, and only needed here
    from sklearn.metrics import precision_recall_fscore_support

    precision, actual = model.precision(used), data.test.labels
    predicted, confidence = _predictions(model, data, precision)
    classes = model.spec.classes
    by_class: Any = precision_recall_fscore_support(
        actual, predicted, labels=range(len(classes)), zero_division=cast(Any, 0.0)
    )
    correct = actual[actual == predicted].bincount(minlength=len(classes)).tolist()
    wrong = (actual != predicted).nonzero().flatten()
    shown = wrong[confidence[wrong].argsort(descending=True)][:_MOST_MISTAKES]
    return ExaminationReport(
        spec=model.spec,
        warning="; ".join(_warnings(model, data, precision, used)),
        confusions=_confusions(actual[wrong], predicted[wrong], len(classes)),
        scores=[
            ClassScore(name=name, precision=p, recall=r, f1=f, support=n, correct=hits)
            for name, p, r, f, n, hits in zip(classes, *by_class, correct, strict=True)
        ],
        mistakes=[
            Mistake(
                index=index,
                id=data.test_ids[int(index)] if data.test_ids else "",
                actual=int(actual[index]),
                predicted=int(predicted[index]),
                probability=float(confidence[index]),
            )
            for index in shown.tolist()
        ],
    )


def _predictions(
    model: TrainedModel, data: Dataset, precision: torch.dtype
) -> tuple[Tensor, Tensor]:
    """The predicted class of each test sequence, and its probability."""
    size = evaluation_batch_size(model.network, _CPU, model.spec.longest)
    found = []
    with torch.inference_mode():
        for batch in in_order(data.test, model.spec, size):
            scores = class_scores(model.network, batch, precision)
            found.append((scores.argmax(dim=1), scores.softmax(dim=1).amax(dim=1)))
    predicted, confidence = zip(*found, strict=True)
    return torch.cat(predicted), torch.cat(confidence)


def _confusions(actual: Tensor, predicted: Tensor, num_classes: int) -> list[Confusion]:
    """Which classes are predicted for which others, and how often."""
    pairs, counts = (actual * num_classes + predicted).unique(return_counts=True)
    order = counts.argsort(descending=True, stable=True)[:_MOST_CONFUSIONS]
    return [
        Confusion(actual=pair // num_classes, predicted=pair % num_classes, count=count)
        for pair, count in zip(pairs[order].tolist(), counts[order].tolist(), strict=True)
    ]


def _drawing(values: Tensor, spec: DataSpec) -> Drawing:
    """A sequence (T, features) reduced for drawing."""
    times, features = pieces(len(values), _MOST_PIECES), values.shape[1]
    low, high = (
        torch.stack([extreme(values[start:end], dim=0) for start, end in times])
        for extreme in (torch.amin, torch.amax)
    )
    if spec.kind == "images":
        columns = pieces(features, _MOST_FEATURES)
        low, high = (
            torch.stack([it[:, start:end].amax(dim=1) for start, end in columns], dim=1)
            for it in (low, high)
        )
    return Drawing(
        num_steps=len(values),
        low=low[:, :_MOST_FEATURES].tolist(),
        high=high[:, :_MOST_FEATURES].tolist(),
    )


def _warnings(
    model: TrainedModel, data: Dataset, precision: torch.dtype, used: str
) -> Iterator[str]:
    if changes := model.spec.changes_to(data.spec):
        yield f"the data have changed since training: {', '.join(changes)}"
    asked, computed = used or model.config.precision, str(precision).removeprefix("torch.")
    if asked not in {"auto", computed}:
        yield f"computed in {computed}, because this processor lacks the run's {asked}"


def _test_data(model: TrainedModel, data_dir: Path) -> Dataset:
    """The data set of a model.

    Raises:
        DataError: It is not available, or its sequences or classes are others.
    """
    data = registry.load(model.config, data_dir)
    require_same_shape(model.spec, data.spec)
    return data


def require_same_shape(expected: DataSpec, found: DataSpec) -> None:
    """Refuse data with other sequences or classes than those of a model.

    Raises:
        DataError: They are others.
    """
    shape, known = (
        (it.kind, it.num_features, it.longest, it.classes, _unit(it)) for it in (found, expected)
    )
    if shape != known:
        raise DataError(
            f"The data set {expected.title} has other sequences or classes than those that the "
            "model was trained on.",
            title="The data set does not fit the model",
        )


def _unit(spec: DataSpec) -> Normalisation:
    """What the data set itself says of its values, without statistics of a training part."""
    return replace(spec.normalisation, means=(), deviations=(), per_sequence=False)


def predict_stepwise(model: TrainedModel, inputs: Tensor, used: str = "") -> StepwisePrediction:
    """What the whole network predicts for a sequence, and each direction alone after each step.

    A direction alone is the classifier's answer with the states that this direction has reached
    so far, without the other direction: zero where the two are concatenated.

    Args:
        model: The network.
        inputs: The normalised sequence, shape (T, features).
        used: As for `examine`.
    """
    network = model.network
    is_bfloat16 = model.precision(used) == torch.bfloat16
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat16):
        whole = network(inputs[None])[0]
        times = pieces(len(inputs), _MOST_PIECES)
        forward, backward = top_states(network, inputs)
        forward_scores = [scores_of_one(network, forward[:end], 0) for _, end in times]
        backward_scores = [
            scores_of_one(network, backward[start:], start, is_backward=True)
            for start, _ in (times if network.bidirectional else ())
        ]
        shares = [probabilities(scores) for scores in (forward_scores, backward_scores) if scores]
        classes = _most_probable(torch.cat([probabilities([whole]), *shares]))
        return StepwisePrediction(
            probabilities=probabilities([whole])[0].tolist(),
            classes=classes.tolist(),
            forward=shares[0][:, classes].tolist(),
            backward=shares[1][:, classes].tolist() if network.bidirectional else [],
        )


def _most_probable(probabilities: Tensor) -> Tensor:
    """Positions of the classes that are most probable somewhere, in ascending order."""
    peaks = probabilities.amax(dim=0)
    return peaks.topk(min(len(peaks), _MOST_CLASSES)).indices.sort().values

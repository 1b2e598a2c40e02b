"""Examines a trained network: its confusions, its mistakes, and what each direction predicts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..data.batches import in_order, make_batch
from ..data.dataset import Dataset
from ..data.sources import registry
from ..data.spec import DataSpec, Normalisation
from ..errors import ConfigError, DataError
from ..events import Failed
from ..network.classifier import SequenceClassifier
from ..network.weights import TrainedModel
from ..training.evaluation import class_scores, evaluation_batch_size
from .report import ClassScore, Drawing, ExaminationReport, Mistake, StepwisePrediction

_CPU = torch.device("cpu")
_MOST_MISTAKES = 200
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
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    precision = model.precision(used)
    size = evaluation_batch_size(model.network, _CPU, model.spec.longest)
    batches = in_order(data.test, model.spec, size)
    with torch.inference_mode():
        scores = torch.cat([class_scores(model.network, batch, precision) for batch in batches])
    actual, predicted = data.test.labels, scores.argmax(dim=1)
    confidence = scores.softmax(dim=1).amax(dim=1)
    classes = model.spec.classes
    labels = list(range(len(classes)))
    by_class: Any = precision_recall_fscore_support(
        actual, predicted, labels=labels, zero_division=cast(Any, 0.0)
    )
    wrong = (actual != predicted).nonzero().flatten()
    shown = wrong[confidence[wrong].argsort(descending=True)][:_MOST_MISTAKES]
    return ExaminationReport(
        spec=model.spec,
        warning="; ".join(_warnings(model, data, precision, used)),
        confusion=confusion_matrix(actual, predicted, labels=labels).tolist(),
        scores=[
            ClassScore(name=name, precision=p, recall=r, f1=f, support=n)
            for name, p, r, f, n in zip(classes, *by_class, strict=True)
        ],
        mistakes=[
            Mistake(
                index=index,
                actual=int(actual[index]),
                predicted=int(predicted[index]),
                probability=float(confidence[index]),
                id=data.test_ids[int(index)] if data.test_ids else "",
            )
            for index in shown.tolist()
        ],
    )


def _pieces(count: int, most: int) -> list[tuple[int, int]]:
    """The start and the end of each of at most `most` pieces of something, of nearly equal size."""
    pieces = min(count, most)
    return [(at * count // pieces, (at + 1) * count // pieces) for at in range(pieces)]


def _drawing(values: Tensor, spec: DataSpec) -> Drawing:
    """A sequence (T, features) reduced for drawing."""
    times, features = _pieces(len(values), _MOST_PIECES), values.shape[1]
    low, high = (
        torch.stack([extreme(values[start:end], dim=0) for start, end in times])
        for extreme in (torch.amin, torch.amax)
    )
    if spec.kind == "images":
        columns = _pieces(features, _MOST_FEATURES)
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
    data, spec = registry.load(model.config, data_dir), model.spec
    shape, expected = (
        (it.kind, it.num_features, it.longest, it.classes, _unit(it)) for it in (data.spec, spec)
    )
    if shape != expected:
        raise DataError(
            f"The data set {spec.title} has other sequences or classes than those that the model "
            "was trained on.",
            title="The data set does not fit the model",
        )
    return data


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
        states = inputs[None]
        for layer in network.layers:
            states, _ = layer(states)
        size, times = network.hidden_size, _pieces(len(inputs), _MOST_PIECES)
        forward, backward = states[0, :, :size], states[0, :, size:]
        forward_scores = [_scores_so_far(network, forward[:end], 0) for _, end in times]
        backward_scores = [
            _scores_so_far(network, backward[start:], start, is_backward=True)
            for start, _ in (times if network.bidirectional else ())
        ]
        shares = [_probabilities(scores) for scores in (forward_scores, backward_scores) if scores]
        classes = _most_probable(torch.cat([_probabilities([whole]), *shares]))
        return StepwisePrediction(
            probabilities=_probabilities([whole])[0].tolist(),
            classes=classes.tolist(),
            forward=shares[0][:, classes].tolist(),
            backward=shares[1][:, classes].tolist() if network.bidirectional else [],
        )


def _most_probable(probabilities: Tensor) -> Tensor:
    """Positions of the classes that are most probable somewhere, in ascending order."""
    peaks = probabilities.amax(dim=0)
    return peaks.topk(min(len(peaks), _MOST_CLASSES)).indices.sort().values


def _probabilities(scores: list[Tensor]) -> Tensor:
    return torch.stack(scores).float().softmax(dim=1)


def _scores_so_far(
    network: SequenceClassifier, states: Tensor, first: int, *, is_backward: bool = False
) -> Tensor:
    """Class scores of one direction alone, from the states that it has reached.

    They are in the order of the sequence; `first` is the position of the first one.
    """
    if network.bidirectional and MERGES[network.merge].width > 1:
        other = torch.zeros_like(states)
        states = torch.cat((other, states) if is_backward else (states, other), dim=1)
    readout = READOUTS[network.readout]
    if readout.reads_every_step:
        width = states.shape[1]
        whole = states.new_zeros(network.classifier.in_features // width, width)
        whole[first : first + len(states)] = states
        states = whole
    return network.classifier(readout.read(states[None], is_backward, None)[0])

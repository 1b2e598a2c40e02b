"""Examines a trained network: its confusions, its mistakes, and what each direction predicts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..compute.devices import resolve_precision
from ..data.batches import in_order, make_batch
from ..data.dataset import Dataset
from ..data.sources import registry
from ..data.spec import DataSpec, Normalisation
from ..errors import DataError
from ..events import Failed
from ..network.classifier import SequenceClassifier
from ..network.weights import TrainedModel
from ..training.evaluation import class_scores, evaluation_batch_size
from .report import ClassScore, ExaminationReport, Mistake, StepwisePrediction

_CPU = torch.device("cpu")
_MOST_MISTAKES = 200


def examine(model: TrainedModel, data_dir: Path, used: str = "") -> ExaminationReport:
    """Evaluate a network on its test data, sequence by sequence, as the run itself did at its end.

    Where the data are not available, the report says why; `predict_stepwise` needs none.

    Args:
        model: The network.
        data_dir: Folder of the data sets.
        used: The precision that the run computed in, as in `DeviceInfo.precision`; empty where
            that is not known, and follows from the configuration and this processor.
    """
    # slow, and only needed here
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    try:
        data = _test_data(model, data_dir)
    except DataError as error:
        return ExaminationReport(spec=model.spec, failure=Failed.from_error(error))
    precision = _precision(model, used)
    batches = in_order(data.test, model.spec, evaluation_batch_size(model.network, _CPU))
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
    inputs = make_batch(data.test[shown], model.spec).inputs
    own = data.test.lengths
    lengths = [inputs.shape[1]] * len(shown) if own is None else own[shown].tolist()
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
                inputs=sequence[:length].tolist(),
            )
            for index, sequence, length in zip(shown.tolist(), inputs, lengths, strict=True)
        ],
    )


def _precision(model: TrainedModel, used: str) -> torch.dtype:
    """The precision that a run computed in, or float32 where this processor lacks it."""
    config = model.config.model_copy(update={"precision": used or model.config.precision})
    return resolve_precision(config, _CPU)


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
    is_bfloat16 = _precision(model, used) == torch.bfloat16
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat16):
        whole = network(inputs[None])[0]
        states = inputs[None]
        for layer in network.layers:
            states, _ = layer(states)
        size, steps = network.hidden_size, range(len(inputs))
        forward, backward = states[0, :, :size], states[0, :, size:]
        forward_scores = [_scores_so_far(network, forward[: step + 1], 0) for step in steps]
        backward_scores = [
            _scores_so_far(network, backward[step:], step, is_backward=True)
            for step in (steps if network.bidirectional else ())
        ]
        return StepwisePrediction(
            probabilities=_probabilities(whole),
            forward=[_probabilities(scores) for scores in forward_scores],
            backward=[_probabilities(scores) for scores in backward_scores],
        )


def _probabilities(scores: Tensor) -> list[float]:
    return scores.float().softmax(dim=0).tolist()


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

"""Examines a trained network: its confusions, its mistakes, and what each direction predicts."""

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..data.batches import in_order, make_batch
from ..data.dataset import Dataset
from ..data.sources import registry
from ..data.spec import DataSpec
from ..errors import DataError
from ..events import Failed
from ..network.classifier import SequenceClassifier
from ..network.weights import TrainedModel
from ..training.evaluation import evaluation_batch_size
from .report import ClassScore, ExaminationReport, Mistake, StepwisePrediction

_MOST_MISTAKES = 200


def examine(model: TrainedModel, data_dir: Path) -> ExaminationReport:
    """Evaluate a network on its test data, sequence by sequence.

    Where the data are not available, the report says why; `predict_stepwise` needs none.
    """
    # slow, and only needed here
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    try:
        data = _test_data(model.spec, data_dir)
    except DataError as error:
        return ExaminationReport(spec=model.spec, failure=Failed.from_error(error))
    has_changed = data.spec.fingerprint != model.spec.fingerprint
    size = evaluation_batch_size(model.network, torch.device("cpu"))
    batches = in_order(data.test, model.spec, size)
    probabilities = torch.cat([_probabilities(model.network, batch.inputs) for batch in batches])
    actual, (confidence, predicted) = data.test.labels, probabilities.max(dim=1)
    classes = model.spec.classes
    labels = list(range(len(classes)))
    scores: Any = precision_recall_fscore_support(
        actual, predicted, labels=labels, zero_division=cast(Any, 0.0)
    )
    wrong = (actual != predicted).nonzero().flatten()
    shown = wrong[confidence[wrong].argsort(descending=True)][:_MOST_MISTAKES]
    inputs = make_batch(data.test[shown], model.spec).inputs
    return ExaminationReport(
        spec=model.spec,
        warning="the data set has changed since training" if has_changed else "",
        confusion=confusion_matrix(actual, predicted, labels=labels).tolist(),
        scores=[
            ClassScore(name=name, precision=p, recall=r, f1=f, support=n)
            for name, p, r, f, n in zip(classes, *scores, strict=True)
        ],
        mistakes=[
            Mistake(
                index=index,
                actual=int(actual[index]),
                predicted=int(predicted[index]),
                probability=float(confidence[index]),
                inputs=sequence.tolist(),
            )
            for index, sequence in zip(shown.tolist(), inputs, strict=True)
        ],
    )


def _test_data(spec: DataSpec, data_dir: Path) -> Dataset:
    """The data set of a model.

    Raises:
        DataError: It is not available, or its sequences or classes are others.
    """
    data = registry.load(spec.name, data_dir)
    shape, expected = (
        (it.num_features, it.longest, it.classes, it.normalisation) for it in (data.spec, spec)
    )
    if shape != expected:
        raise DataError(
            f"The data set {spec.title} has other sequences or classes than those that the model "
            "was trained on.",
            title="The data set does not fit the model",
        )
    return data


def predict_stepwise(model: TrainedModel, inputs: Tensor) -> StepwisePrediction:
    """What the whole network predicts for a sequence, and each direction alone after each step.

    A direction alone is the classifier's answer with the states that this direction has reached
    so far, without the other direction: zero where the two are concatenated.

    Args:
        model: The network.
        inputs: The normalised sequence, shape (T, features).
    """
    network = model.network
    with torch.inference_mode():
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
            probabilities=_probabilities(network, inputs[None])[0].tolist(),
            forward=[scores.softmax(dim=0).tolist() for scores in forward_scores],
            backward=[scores.softmax(dim=0).tolist() for scores in backward_scores],
        )


def _probabilities(network: SequenceClassifier, inputs: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(inputs).softmax(dim=1)


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

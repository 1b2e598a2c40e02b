"""Looks into a trained network: what it confuses, and what each direction knows."""

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from ..data.sources.registry import load_dataset
from ..network.classifier import SequenceClassifier
from ..network.weights import TrainedModel
from ..training.evaluation import batch_size
from .report import ClassScore, ExaminationReport, Mistake, StepwisePrediction

_MOST_MISTAKES = 200


def examine(model: TrainedModel, data_dir: Path) -> ExaminationReport:
    """Check a network on its test data, image by image.

    Raises:
        DataError: The data cannot be had.
    """
    # slow, and only needed here
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    data = load_dataset(model.config.dataset, data_dir, lambda _: None)
    shares = torch.cat(
        [
            _shares(model.network, data.scale(pixels))
            for pixels in data.test.pixels.split(batch_size(model.network, torch.device("cpu")))
        ]
    )
    truth, (sureness, guess) = data.test.labels, shares.max(dim=1)
    labels = list(range(len(model.classes)))
    scores: Any = precision_recall_fscore_support(
        truth, guess, labels=labels, zero_division=cast(Any, 0.0)
    )
    wrong = (truth != guess).nonzero().flatten()
    worst = wrong[sureness[wrong].argsort(descending=True)][:_MOST_MISTAKES]
    return ExaminationReport(
        classes=list(model.classes),
        confusion=confusion_matrix(truth, guess, labels=labels).tolist(),
        scores=[
            ClassScore(name=name, precision=p, recall=r, f1=f, support=n)
            for name, p, r, f, n in zip(model.classes, *scores, strict=True)
        ],
        mistakes=[
            Mistake(
                index=index,
                truth=int(truth[index]),
                guess=int(guess[index]),
                probability=float(sureness[index]),
                pixels=data.scale(data.test.pixels[index]).tolist(),
            )
            for index in worst.tolist()
        ],
    )


def read(model: TrainedModel, rows: Tensor) -> StepwisePrediction:
    """An image as the whole network, and each direction of its top layer alone, takes it.

    A direction alone is the classifier's answer with the states that this direction has reached
    so far, the other direction's share left out: zero where the two are concatenated.

    Args:
        model: The network.
        rows: The image, shape (T, input_size), from 0 to 1.
    """
    network = model.network
    with torch.inference_mode():
        states = rows[None]
        for layer in network.layers:
            states, _ = layer(states)
        size = network.hidden_size
        forward, backward = states[0, :, :size], states[0, :, size:]
        steps = range(len(rows))
        read_down = [_alone(network, forward[: row + 1], 0, is_backward=False) for row in steps]
        read_up = (
            [_alone(network, backward[row:], row, is_backward=True) for row in steps]
            if network.bidirectional
            else []
        )
        return StepwisePrediction(
            probabilities=_shares(network, rows[None])[0].tolist(),
            forward=[scores.softmax(dim=0).tolist() for scores in read_down],
            backward=[scores.softmax(dim=0).tolist() for scores in read_up],
        )


def _shares(network: SequenceClassifier, rows: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(rows).softmax(dim=1)


def _alone(network: SequenceClassifier, states: Tensor, first: int, *, is_backward: bool) -> Tensor:
    """Class scores of one direction alone; states are those it has reached, in image order."""
    if network.bidirectional and network.merge == "concat":
        nothing = torch.zeros_like(states)
        states = torch.cat((nothing, states) if is_backward else (states, nothing), dim=1)
    match network.readout:
        case "all":
            width = states.shape[1]
            whole = states.new_zeros(network.classifier.in_features // width, width)
            whole[first : first + len(states)] = states
            seen = whole.flatten()
        case "mean":
            seen = states.mean(dim=0)
        case "max":
            seen = states.amax(dim=0)
        case "last":  # at the last row, wherever the direction stands
            seen = states[-1]
        case "final":
            seen = states[0] if is_backward else states[-1]
    return network.classifier(seen)

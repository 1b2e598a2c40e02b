"""Examines a trained network: its confusions, its mistakes, and what each direction predicts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from ..data.batches import in_order, make_batch
from ..data.dataset import Dataset
from ..data.reduction import brightest, extremes, pieces
from ..data.sources import registry
from ..data.spec import DataSpec, Normalisation
from ..errors import ConfigError, DataError
from ..events import Failed
from ..network.weights import TrainedModel
from ..training.evaluation import class_scores, evaluation_batch_size
from .directions import probabilities, scores_of_one, top_states
from .report import (
    SMALL_FEATURES,
    ClassScore,
    ConfidenceBin,
    Confusion,
    Drawing,
    ExaminationReport,
    Mistake,
    StepwisePrediction,
)

_CPU = torch.device("cpu")
_MOST_MISTAKES = 10_000
_CONFIDENCE_BINS = 10
_MOST_CONFUSIONS = 1 << 17
_MOST_SHARES = 1 << 24
"""Probabilities that are kept."""
_MOST_CLASSES = 64
"""What is sent of a prediction at most."""


class _Size(NamedTuple):
    """What is sent of a sequence at most: more cannot be seen."""

    pieces: int
    features: int
    digits: int = 17


_SCREEN = _Size(256, 128)
_SMALL_IMAGE = _Size(32, 32, digits=3)
_SMALL_SERIES = _Size(64, SMALL_FEATURES, digits=4)


class Examination:
    """A network on its test data, as the run itself evaluated it at its end.

    Args:
        model: The network.
        data_dir: Folder of the data sets.
        used: See `TrainedModel.precision`.

    Attributes:
        report: What was found; where the data are not available, why not.
        shares: The probabilities of all classes for mistakes, by their position in the test data.
            In bfloat16 the rest of a batch changes them in the third digit, so that the sequence
            alone would get others than those that are reported.
    """

    def __init__(self, model: TrainedModel, data_dir: Path, used: str = "") -> None:
        self._model, self._used = model, used
        self.shares: dict[int, Tensor] = {}
        try:
            self._data = _test_data(model, data_dir)
        except (ConfigError, DataError) as error:
            self.report = ExaminationReport(spec=model.spec, failure=Failed.from_error(error))
        else:
            self.report, self.shares = _report(model, self._data, used)

    def read(self, index: int) -> tuple[StepwisePrediction, Drawing]:
        """What is predicted for a test sequence step by step, and the sequence for drawing."""
        model, sequence = self._model, self._data.test[torch.tensor([index])]
        inputs = make_batch(sequence, model.spec).inputs[0]
        prediction = predict_stepwise(model, inputs, self._used, self.shares.get(index))
        return prediction, self._draw(index, _SCREEN)

    def draw(self, indices: Sequence[int]) -> list[Drawing]:
        """Small drawings of test sequences; of a series only its first features."""
        size = _SMALL_IMAGE if self._model.spec.kind == "images" else _SMALL_SERIES
        return [self._draw(index, size) for index in indices]

    def _draw(self, index: int, size: _Size) -> Drawing:
        sequence, spec = self._data.test[torch.tensor([index])], self._model.spec
        is_image = spec.kind == "images"
        shown = make_batch(sequence, spec).inputs[0] if is_image else sequence.padded()[0]
        return _drawing(shown, spec, size)


def examine(model: TrainedModel, data_dir: Path, used: str = "") -> ExaminationReport:
    """Evaluate a network on its test data; see `Examination`."""
    return Examination(model, data_dir, used).report


def _report(
    model: TrainedModel, data: Dataset, used: str
) -> tuple[ExaminationReport, dict[int, Tensor]]:
    """What is found, and `Examination.shares`."""
    # slow, and only needed here
    from sklearn.metrics import precision_recall_fscore_support

    precision, actual = model.precision(used), data.test.labels
    predicted, confidence, shares = _predictions(model, data, precision)
    classes = model.spec.classes
    by_class: Any = precision_recall_fscore_support(
        actual, predicted, labels=range(len(classes)), zero_division=cast(Any, 0.0)
    )
    correct = actual[actual == predicted].bincount(minlength=len(classes)).tolist()
    wrong = (actual != predicted).nonzero().flatten()
    shown = _most_confident(wrong[confidence[wrong].argsort(descending=True)], actual)
    report = ExaminationReport(
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
        calibration=_calibration(confidence, actual == predicted),
    )
    return report, shares


def _predictions(
    model: TrainedModel, data: Dataset, precision: torch.dtype
) -> tuple[Tensor, Tensor, dict[int, Tensor]]:
    """The predicted class of each test sequence and its probability; those of all for mistakes."""
    size = evaluation_batch_size(model.network, _CPU, model.spec.longest)
    found, all_shares, first = [], dict[int, Tensor](), 0
    most = _MOST_SHARES // model.spec.num_classes
    with torch.inference_mode():
        for batch in in_order(data.test, model.spec, size):
            scores = class_scores(model.network, batch, precision)
            predicted, shares = scores.argmax(dim=1), scores.softmax(dim=1)
            found.append((predicted, shares.amax(dim=1)))
            wrong = (predicted != batch.labels).nonzero().flatten()[: most - len(all_shares)]
            all_shares |= {first + at: shares[at].clone() for at in wrong.tolist()}
            first += len(batch)
    predictions, confidence = zip(*found, strict=True)
    return torch.cat(predictions), torch.cat(confidence), all_shares


def _most_confident(mistakes: Tensor, actual: Tensor) -> Tensor:
    """Of too many mistakes the first ones of each class, in the order that they have."""
    if len(mistakes) <= _MOST_MISTAKES:
        return mistakes
    places: Counter[int] = Counter()
    ranks = []
    for label in actual[mistakes].tolist():
        ranks.append(places[label])
        places[label] += 1
    kept = torch.tensor(ranks).argsort(stable=True)[:_MOST_MISTAKES]
    return mistakes[kept.sort().values]


def _calibration(confidence: Tensor, is_correct: Tensor) -> list[ConfidenceBin]:
    """How many predictions are correct, by their probability in ranges of equal width."""
    width = 1 / _CONFIDENCE_BINS
    places = (confidence / width).long().clamp(0, _CONFIDENCE_BINS - 1)
    return [
        ConfidenceBin(
            low=place * width,
            high=(place + 1) * width,
            count=int(chosen.sum()),
            confidence=confidence[chosen].mean().item(),
            accuracy=is_correct[chosen].float().mean().item(),
        )
        for place in range(_CONFIDENCE_BINS)
        if (chosen := places == place).any()
    ]


def _confusions(actual: Tensor, predicted: Tensor, num_classes: int) -> list[Confusion]:
    """Which classes are predicted for which others, and how often."""
    pairs, counts = (actual * num_classes + predicted).unique(return_counts=True)
    order = counts.argsort(descending=True, stable=True)[:_MOST_CONFUSIONS]
    return [
        Confusion(actual=pair // num_classes, predicted=pair % num_classes, count=count)
        for pair, count in zip(pairs[order].tolist(), counts[order].tolist(), strict=True)
    ]


def _drawing(values: Tensor, spec: DataSpec, size: _Size) -> Drawing:
    """A sequence (T, features) reduced for drawing."""
    low, high = extremes(values, size.pieces)
    if spec.kind == "images":
        low, high = (brightest(it, size.features) for it in (low, high))
    return Drawing(
        num_steps=len(values),
        low=_rows(low[:, : size.features], size),
        high=_rows(high[:, : size.features], size),
    )


def _rows(values: Tensor, size: _Size) -> list[list[float]]:
    return [[float(f"{value:.{size.digits}g}") for value in row] for row in values.tolist()]


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


def predict_stepwise(
    model: TrainedModel, inputs: Tensor, used: str = "", known: Tensor | None = None
) -> StepwisePrediction:
    """What the whole network predicts for a sequence, and each direction alone after each step.

    A direction alone is the classifier's answer with the states that this direction has reached
    so far, without the other direction: zero where the two are concatenated.

    Args:
        model: The network.
        inputs: The normalised sequence, shape (T, features).
        used: As for `examine`.
        known: What the whole network predicts, if it has been computed: probabilities of all
            classes.
    """
    network = model.network
    is_bfloat16 = model.precision(used) == torch.bfloat16
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat16):
        whole = probabilities([network(inputs[None])[0]])[0] if known is None else known
        times = pieces(len(inputs), _SCREEN.pieces)
        forward, backward = top_states(network, inputs)
        forward_scores = [scores_of_one(network, forward[:end], 0) for _, end in times]
        backward_scores = [
            scores_of_one(network, backward[start:], start, is_backward=True)
            for start, _ in (times if network.bidirectional else ())
        ]
        shares = [probabilities(scores) for scores in (forward_scores, backward_scores) if scores]
        if not network.bidirectional:
            shares[0][-1] = whole
        classes = _most_probable(torch.cat([whole[None], *shares]))
        return StepwisePrediction(
            probabilities=whole.tolist(),
            classes=classes.tolist(),
            forward=shares[0][:, classes].tolist(),
            backward=shares[1][:, classes].tolist() if network.bidirectional else [],
        )


def _most_probable(probabilities: Tensor) -> Tensor:
    """Positions of the classes that are most probable somewhere, in ascending order."""
    peaks = probabilities.amax(dim=0)
    return peaks.topk(min(len(peaks), _MOST_CLASSES)).indices.sort().values

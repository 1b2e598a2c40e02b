"""A trained network's predictions, for arrays and for files of any format."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..cleaning import one_line
from ..data.batches import make_batch
from ..data.dataset import Sequences
from ..data.spec import DataSpec
from ..errors import BilstmError, DataError, UsageError
from ..network.classifier import SequenceClassifier
from ..network.weights import TrainedModel
from ..training.evaluation import class_scores, evaluation_batch_size
from .input_files import input_files
from .inputs import Input, InputReader

_CPU = torch.device("cpu")
_MOST_VALUES = 1 << 26
"""Values that wait to be predicted, and probabilities that wait to be used."""


@dataclass(frozen=True)
class Prediction:
    """What a network predicts for a sequence.

    Attributes:
        source: The file; empty for an array.
        id: What the sequence is called there; its number, from 1, where it has no name.
        scaling: What was done to an image to fit the network, in words.
        label: The class that the file says it has; None where it does not say.
        probabilities: Of each class, by name, in the network's order.
    """

    source: str
    id: str
    scaling: str
    label: str | None
    probabilities: dict[str, float]

    @property
    def best(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def probability(self) -> float:
        """That of the most probable class."""
        return self.probabilities[self.best]


def predict(
    model: TrainedModel,
    sequences: Path | str | NDArray[np.generic] | Iterable[Path | str],
    *,
    as_is: bool = False,
) -> list[Prediction]:
    """Classify the sequences in a file or several, in a folder, or in an array.

    A file is of any format that is trained on, or has one sequence: a picture, a .npy, or a text
    file with a step a line. It may have labels or not. Values are filled in, cut and normalised as
    in training.

    What is drawn in a picture is found and placed as in the data set; `as_is` keeps the whole
    picture, scales it to fit, and inverts it if its border is bright. A network that was trained
    on pictures of one's own reads them scaled to fit in any case.

    An array has shape (N, T, features), or (T, features) for one sequence, and holds values as the
    data set stores them: for MNIST numbers from 0 to 255. NaN is a missing value.

    Raises:
        ImageError: A file cannot be opened as an image, or nothing is drawn in it.
        DataError: A file cannot be read, or its sequences do not fit the network.
        ConfigError: A setting of the run names no column of a table.
        UsageError: The array has another shape.
    """
    reader = InputReader(model.config, model.spec, as_is=as_is)
    if isinstance(sequences, np.ndarray):
        return [*_predictions(model, _inputs_from_array(sequences, model.spec, reader))]
    paths = [sequences] if isinstance(sequences, Path | str) else sequences
    return [*predict_files(model, map(Path, paths), as_is=as_is)]


def predict_files(
    model: TrainedModel,
    paths: Iterable[Path],
    *,
    as_is: bool = False,
    on_failure: Callable[[BilstmError], None] | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[Prediction]:
    """Classify the sequences in files and folders, one part after another.

    Args:
        model: The network.
        paths: As for `predict`.
        as_is: As for `predict`.
        on_failure: Called with what is wrong with a file, whose sequences are then left out; where
            there is none, it is raised.
        warn: Called with what may be wrong with a file that is predicted.
    """
    reader = InputReader(model.config, model.spec, as_is=as_is, warn=warn)

    def inputs() -> Iterator[Input]:
        for path in paths:
            with _reported(on_failure):
                for file in input_files(path, model.spec):
                    with _reported(on_failure):
                        yield from [*reader.read(file)]

    return _predictions(model, inputs())


@contextmanager
def _reported(on_failure: Callable[[BilstmError], None] | None) -> Iterator[None]:
    try:
        yield
    except BilstmError as error:
        if on_failure is None:
            raise
        on_failure(error)


def _inputs_from_array(
    array: NDArray[np.generic], spec: DataSpec, reader: InputReader
) -> Iterator[Input]:
    sequences = array[None] if array.ndim == 2 else array
    if sequences.ndim != 3 or sequences.shape[2] != spec.num_features or not sequences.shape[1]:
        raise _unfit(array, spec)
    try:
        values = np.ascontiguousarray(sequences, np.float32)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The array does not hold numbers: {error}.", title="The array does not fit"
        ) from None
    if np.isinf(values).any():
        raise UsageError("The array holds infinite values.", title="The array does not fit")
    for number, sequence in enumerate(values, 1):
        try:
            yield Input("", f"{number}", reader.complete(sequence, Path("The array"), f"{number}"))
        except DataError as error:
            if spec.kind == "images":
                raise _unfit(array, spec) from None
            raise UsageError(error.message, title="The array does not fit") from None


def _unfit(array: NDArray[np.generic], spec: DataSpec) -> UsageError:
    return UsageError(
        f"The array has shape {array.shape}; the network reads sequences of "
        f"{spec.longest} steps × {spec.num_features} features.",
        f"Pass an array of shape (N, {spec.longest}, {spec.num_features}).",
        title="The array does not fit",
    )


def _predictions(model: TrainedModel, inputs: Iterable[Input]) -> Iterator[Prediction]:
    """Predictions in the order of the sequences."""
    names = [one_line(name) for name in model.spec.classes]
    for part in _in_parts(inputs, len(names)):
        rows = _probabilities(model, part)
        for one, row in zip(part, rows, strict=True):
            probabilities = dict(zip(names, row.tolist(), strict=True))
            yield Prediction(one.source, one.id, one.scaling, one.label, probabilities)


def _in_parts(inputs: Iterable[Input], num_classes: int) -> Iterator[list[Input]]:
    """The sequences in parts that fit in memory, each large enough to be sorted by length."""
    part: list[Input] = []
    size = 0
    for one in inputs:
        part.append(one)
        size += one.values.size
        if size > _MOST_VALUES or len(part) * num_classes > _MOST_VALUES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _probabilities(model: TrainedModel, part: list[Input]) -> Tensor:
    """The probabilities of each sequence, shape (N, num_classes), computed as in an evaluation."""
    network, spec = model.network, model.spec
    lengths = torch.tensor([len(one.values) for one in part])
    order = lengths.argsort(stable=True)
    sequences = _as_stored(part, lengths, has_lengths=spec.has_lengths)
    found = torch.empty(len(part), spec.num_classes)
    with torch.inference_mode():
        for some in _batches(network, lengths[order].tolist()):
            batch = make_batch(sequences[order[some]], spec)
            found[order[some]] = class_scores(network, batch, model.precision()).softmax(dim=1)
    return found


def _as_stored(part: list[Input], lengths: Tensor, *, has_lengths: bool) -> Sequences:
    """Sequences as a data set stores them: lengths are given where those of the data differ."""
    values, unknown = [one.values for one in part], torch.zeros_like(lengths)
    if not has_lengths and lengths.min() == lengths.max():
        return Sequences(torch.from_numpy(np.stack(values)), unknown)
    return Sequences(torch.from_numpy(np.concatenate(values)), unknown, lengths)


def _batches(network: SequenceClassifier, lengths: list[int]) -> Iterator[slice]:
    """Batches of sequences in ascending order of length: fewer at once where they are long."""
    start = 0
    while start < len(lengths):
        end = min(start + evaluation_batch_size(network, _CPU, lengths[start]), len(lengths))
        size = evaluation_batch_size(network, _CPU, lengths[end - 1])
        yield slice(start, start + size)
        start += size

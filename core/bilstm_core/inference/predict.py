"""A trained network's predictions for arrays and for image files of any size and depth."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.normalise import normalise, stored
from ..data.sources.pictures import image_files, open_picture
from ..data.spec import DataSpec
from ..errors import ImageError, UsageError
from ..network.weights import TrainedModel
from ..training.evaluation import evaluation_batch_size


@dataclass(frozen=True)
class Prediction:
    """What a network predicts for a sequence.

    Attributes:
        source: The file; empty for an array.
        scaling: What was done to an image to fit the network, in words.
        probabilities: Of each class, by name, in the network's order.
    """

    source: str
    scaling: str
    probabilities: dict[str, float]

    @property
    def best(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


def predict(
    model: TrainedModel,
    sequences: Path | str | NDArray[np.generic] | Iterable[Path | str],
    *,
    as_is: bool = False,
) -> list[Prediction]:
    """Classify one image file or several, all those in a folder, or the sequences in an array.

    What is drawn in an image is found and placed as in the data set; `as_is` keeps the whole image,
    scales it to fit, and inverts it if its border is bright.

    An array has shape (N, T, features), or (T, features) for one sequence, and holds values as the
    data set stores them: for MNIST numbers from 0 to 255.

    Raises:
        ImageError: A file cannot be opened as an image, or nothing is drawn in it.
        UsageError: The array has another shape, or the network reads no images.
    """
    spec = model.spec
    if isinstance(sequences, np.ndarray):
        size = evaluation_batch_size(model.network, torch.device("cpu"))
        batches = _inputs_from_array(sequences, spec).split(size)
        return [prediction for batch in batches for prediction in _predictions(model, batch)]
    if spec.kind != "images":
        raise UsageError(
            f"The network reads {spec.items} of {spec.title}, and image files are none.",
            title="The files do not fit",
        )
    paths = [sequences] if isinstance(sequences, Path | str) else sequences
    predictions = []
    for file in (file for path in paths for file in image_files(Path(path))):
        brightness, scaling = _read(file, spec, as_is=as_is)
        values = stored(torch.from_numpy(brightness), spec.normalisation)
        inputs = normalise(values, spec.normalisation)
        predictions += _predictions(model, inputs[None], str(file), scaling)
    return predictions


def _read(file: Path, spec: DataSpec, *, as_is: bool) -> tuple[NDArray[np.floating[Any]], str]:
    """An image file as a network reads it: bright on black, from 0 to 1; and words."""
    from .framing import fit, fit_as_it_is  # slow, and only needed here

    picture = open_picture(file)
    fitted = fit_as_it_is(picture, spec) if as_is else fit(picture, spec)
    if fitted is None:
        raise ImageError(
            f"Nothing in {file} stands out from its ground.",
            "To predict it all the same, take it as it is.",
        )
    return fitted


def _predictions(
    model: TrainedModel, inputs: Tensor, source: str = "", scaling: str = ""
) -> Iterator[Prediction]:
    with torch.inference_mode():
        probabilities = model.network(inputs).softmax(dim=1)
    for row in probabilities.tolist():
        yield Prediction(source, scaling, dict(zip(model.spec.classes, row, strict=True)))


def _inputs_from_array(array: NDArray[np.generic], spec: DataSpec) -> Tensor:
    sequences = array[None] if array.ndim == 2 else array
    is_length_free = spec.has_lengths and sequences.ndim == 3 and sequences.shape[1] > 0
    steps = sequences.shape[1] if is_length_free else spec.longest
    if sequences.ndim != 3 or sequences.shape[1:] != (steps, spec.num_features):
        raise UsageError(
            f"The array has shape {array.shape}; the network reads sequences of "
            f"{spec.longest} steps × {spec.num_features} features.",
            f"Pass an array of shape (N, {spec.longest}, {spec.num_features}).",
            title="The array does not fit",
        )
    try:
        values = torch.from_numpy(np.ascontiguousarray(sequences, np.float32))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The array does not hold numbers: {error}.", title="The array does not fit"
        ) from None
    return normalise(values, spec.normalisation)

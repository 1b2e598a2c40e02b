"""A trained network's predictions for arrays and for image files of any size and depth."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..data.normalise import denormalise, normalise
from ..data.spec import DataSpec
from ..errors import UsageError
from ..network.weights import TrainedModel
from ..training.evaluation import evaluation_batch_size

_BRIGHT = 0.5


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
    model: TrainedModel, sequences: Path | str | NDArray[np.generic] | Iterable[Path | str]
) -> list[Prediction]:
    """Classify one image file or several, or the sequences in an array.

    An array has shape (N, T, features), or (T, features) for one sequence, and holds values as the
    data set stores them: for MNIST numbers from 0 to 255.

    Raises:
        UsageError: A file cannot be opened as an image, or the array has another shape.
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
    files = [sequences] if isinstance(sequences, Path | str) else sequences
    predictions = []
    for file in files:
        brightness, scaling = read_image(Path(file), spec)
        values = denormalise(torch.from_numpy(brightness), spec.normalisation)
        inputs = normalise(values, spec.normalisation)
        predictions += _predictions(model, inputs[None], str(file), scaling)
    return predictions


def _predictions(
    model: TrainedModel, inputs: Tensor, source: str = "", scaling: str = ""
) -> Iterator[Prediction]:
    with torch.inference_mode():
        probabilities = model.network(inputs).softmax(dim=1)
    for row in probabilities.tolist():
        yield Prediction(source, scaling, dict(zip(model.spec.classes, row, strict=True)))


def _inputs_from_array(array: NDArray[np.generic], spec: DataSpec) -> Tensor:
    sequences = array[None] if array.ndim == 2 else array
    if sequences.ndim != 3 or sequences.shape[1:] != (spec.longest, spec.num_features):
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


def read_image(path: Path, spec: DataSpec) -> tuple[NDArray[np.float32], str]:
    """An image file as a network reads it, and what was done to it.

    The whole image is kept: it is scaled to fit and centred on background. The data sets show
    bright strokes on black, so an image whose border is bright is inverted.

    Returns:
        Brightness from 0 to 1, shape (height, width) of the data; and words.

    Raises:
        UsageError: The file cannot be opened as an image.
    """
    grey = _grey(path)
    height, width = grey.shape
    words = [f"{width}×{height}"]
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > _BRIGHT:
        grey = 1 - grey
        words.append("inverted, because its border is bright")
    if (height, width) != (spec.height, spec.width):
        factor = min(spec.height / height, spec.width / width)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
        grey = np.zeros((spec.height, spec.width), np.float32)
        top, left = (spec.height - size[1]) // 2, (spec.width - size[0]) // 2
        grey[top : top + size[1], left : left + size[0]] = small
        words.append(f"scaled to {size[0]}×{size[1]} in {spec.width}×{spec.height}")
    return grey.clip(0, 1), ", ".join(words)


def _grey(path: Path) -> NDArray[np.float32]:
    """Brightness from 0 to 1, transparent parts as black, of the first frame."""
    try:
        with Image.open(path) as image:
            image.load()
            if image.mode in {"I;16", "I;16B", "I;16L", "I", "F"}:
                deep = np.asarray(image, dtype=np.float32)
                largest = 65_535.0 if image.mode != "F" else float(deep.max())
                return np.ascontiguousarray(np.nan_to_num(deep) / (largest or 1.0), np.float32)
            shown = image.convert("RGBA")
            black = Image.new("RGBA", shown.size, (0, 0, 0, 255))
            flat = Image.alpha_composite(black, shown).convert("L")
            return (np.asarray(flat, dtype=np.float32) / 255).astype(np.float32)
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.", title="No such image") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UsageError(
            f"{path} cannot be opened as an image: {str(error) or type(error).__name__}.",
            "Formats: PNG, JPEG, GIF, BMP, TIFF, WebP, and others that Pillow reads.",
            title="No image",
        ) from None

"""Image files through a trained network: any size and depth, and what was done to them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..data.catalog import CATALOG, DatasetFacts
from ..errors import UsageError
from ..network.weights import TrainedModel

_BRIGHT = 0.5


@dataclass(frozen=True)
class Prediction:
    """What a network says of an image.

    Attributes:
        image: The file.
        scaling: What was done to it, in words.
        probabilities: Of each class, by name, in the network's order.
    """

    image: Path
    scaling: str
    probabilities: dict[str, float]

    @property
    def best(self) -> str:
        """The likeliest class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


def predict(model: TrainedModel, image: Path) -> Prediction:
    """Classify one image file.

    Raises:
        UsageError: The file cannot be opened as an image.
    """
    rows, scaling = prepare(image, CATALOG[model.config.dataset])
    with torch.inference_mode():
        scores = model.network(torch.from_numpy(rows)[None])
        shares = scores.softmax(dim=1)[0].tolist()
    return Prediction(image, scaling, dict(zip(model.classes, shares, strict=True)))


def prepare(path: Path, facts: DatasetFacts) -> tuple[NDArray[np.float32], str]:
    """An image as the rows that a network reads, and what was done to it.

    The whole image is kept: it is scaled to fit and centred on background. The data sets show
    bright strokes on black, so an image whose border is bright is inverted.

    Returns:
        Rows (sequence_length, input_size) from 0 to 1, and words.

    Raises:
        UsageError: The file cannot be opened as an image.
    """
    grey = _grey(path)
    height, width = grey.shape
    said = [f"{width}×{height}"]
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > _BRIGHT:
        grey = 1 - grey
        said.append("inverted, for its border is bright")
    rows, columns = facts.sequence_length, facts.input_size
    if (height, width) != (rows, columns):
        factor = min(rows / height, columns / width)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
        grey = np.zeros((rows, columns), np.float32)
        top, left = (rows - size[1]) // 2, (columns - size[0]) // 2
        grey[top : top + size[1], left : left + size[0]] = small
        said.append(f"scaled to {size[0]}×{size[1]} in {columns}×{rows}")
    return grey.clip(0, 1), ", ".join(said)


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
    except (
        OSError,
        UnidentifiedImageError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as error:
        raise UsageError(
            f"{path} cannot be opened as an image: {str(error) or type(error).__name__}.",
            "PNG, JPEG, GIF, BMP, TIFF, WebP and what else Pillow reads.",
            title="No image",
        ) from None

"""Pictures of any size and depth as brightness, and scaled to one size."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .content import opened
from .limits import unreadable

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
"""What Pillow reads without starting another program, as it does for EPS."""
_DEEP = {"I;16", "I;16B", "I;16L", "I", "F"}


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width, from the start of the file.

    Raises:
        DataError: It is no picture, or too large.
    """
    with _opened(path) as image:
        return image.height, image.width


def read_grey(path: Path) -> NDArray[np.float32]:
    """Brightness from 0 to 1 of the first frame, shape (height, width); transparent is black.

    Raises:
        DataError: It is no picture, damaged or too large.
    """
    with _opened(path) as image:
        image.load()
        if image.mode in _DEEP:
            deep = np.asarray(image, dtype=np.float32)
            largest = 65_535.0 if image.mode != "F" else float(deep.max())
            return np.ascontiguousarray(np.nan_to_num(deep) / (largest or 1.0), np.float32)
        if image.mode not in {"L", "RGB"} or "transparency" in image.info:
            shown = image.convert("RGBA")
            black = Image.new("RGBA", shown.size, (0, 0, 0, 255))
            flat = Image.alpha_composite(black, shown).convert("L")
        else:
            flat = image.convert("L")
        return (np.asarray(flat, dtype=np.float32) / 255).astype(np.float32)


def fit(grey: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """The whole picture scaled into this size, centred on black."""
    if grey.shape == (height, width):
        return grey
    factor = min(height / grey.shape[0], width / grey.shape[1])
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    fitted = np.zeros((height, width), np.float32)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    fitted[top : top + size[1], left : left + size[0]] = small
    return fitted


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with opened(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=_FORMATS) as image:
                yield image
        except (
            *(OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError),
            *(Image.DecompressionBombError, Image.DecompressionBombWarning),
        ) as error:
            reason = str(error) or type(error).__name__
            raise unreadable(path, f"it cannot be opened as a picture ({reason:.200})") from None

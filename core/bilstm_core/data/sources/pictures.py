"""Image files, which may be anybody's, as brightness: what is read of them, and how much."""

import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from ...errors import ImageError
from ...files import open_regular_file

Brightness = NDArray[np.floating[Any]]

# Pillow opens more, some of it with other programs: PostScript with Ghostscript
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
_IN_WORDS = "Formats: PNG, JPEG, GIF, BMP, TIFF, WebP."
_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

_MOST_ENTRIES = 10_000
_MOST_BYTES = 1 << 27
_MOST_PIXELS = 64_000_000
_MOST_SECONDS = 20.0
_MOST_SCANS = 100
"""Most passes over a progressive JPEG, which usually has ten; few bytes can hold thousands."""
_JPEG, _JPEG_MARKER = b"\xff\xd8", re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
_SMALLER = "Scale it down first: a side of 1,000 pixels is enough."

_ORIENTATION, _FIRST_TURNED = 0x0112, 5
"""The EXIF tag, and its first value by which height and width change places."""
_SIDE = 1024
"""Longest side of a picture; a larger image is reduced."""
_IS_SEEN = 0.3
"""Difference in brightness that shows that something is drawn on the opaque part of an image."""


@dataclass(frozen=True)
class Picture:
    """What a viewer shows of an image file.

    Attributes:
        brightness: From 0 to 1, shape (height, width), no side longer than 1,024.
        size: Width and height of the image, in pixels.
    """

    brightness: Brightness
    size: tuple[int, int]


def image_files(path: Path) -> list[Path]:
    """The image files directly in a folder, by name; for any other path, the path.

    Raises:
        ImageError: The folder cannot be read, has more than 10,000 entries, or no image.
    """
    try:
        if not path.is_dir():
            return [path]
        entries = list(islice(path.iterdir(), _MOST_ENTRIES + 1))
        files = [it for it in entries if it.suffix.lower() in _SUFFIXES and not it.is_dir()]
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read: {_reason(error)}.") from None
    if len(entries) > _MOST_ENTRIES:
        raise ImageError(
            f"{path} has more than {_MOST_ENTRIES:,} entries.", "Name its files instead."
        )
    if not files:
        raise ImageError(f"{path} is a folder without images.", _IN_WORDS)
    return sorted(it for it in files if not it.name.startswith("."))


def open_picture(path: Path) -> Picture:
    """Open an image file: its first frame, turned upright, transparent parts filled.

    Raises:
        ImageError: It is no image, damaged, or too large.
    """
    with _opened(path) as image:
        return _picture(image)


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width of an image as it is shown, from the start of its file.

    Raises:
        ImageError: It is no image, damaged, or too large.
    """
    with _opened(path) as image:
        is_turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
        return image.size if is_turned else (image.height, image.width)


def scaled(values: Brightness, factor: float) -> Brightness:
    """Brightness (height, width), made larger or smaller; at least one pixel each way."""
    height, width = (max(1, round(side * factor)) for side in values.shape)
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BOX))


def fit(whole: Brightness, height: int, width: int) -> Brightness:
    """A whole picture scaled into this size, centred on black."""
    if whole.shape != (height, width):
        whole = scaled(whole, min(height / whole.shape[0], width / whole.shape[1]))
    fitted = np.zeros((height, width), np.float32)
    top, left = (height - whole.shape[0]) // 2, (width - whole.shape[1]) // 2
    fitted[top : top + whole.shape[0], left : left + whole.shape[1]] = whole.clip(0, 1)
    return fitted


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile.ImageFile]:
    content = _Content(path, _read(path))
    if _has_many_scans(content.getbuffer()):
        raise ImageError(f"{path} cannot be decoded: it has more than {_MOST_SCANS} scans.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about what it can read nevertheless
            with Image.open(content, formats=_FORMATS) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise _too_large(path)  # noqa: TRY301
                yield image
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(path) from None
    except UnidentifiedImageError:
        raise ImageError(f"{path} is no image, or its beginning is damaged.", _IN_WORDS) from None
    except Exception as error:  # whatever a hostile file provokes in Pillow
        message = f"{path} cannot be decoded: {_reason(error)}."
        raise ImageError(message, "Replace the file, or remove it.") from None


class _Content(io.BytesIO):
    """A file in memory that Pillow reads for a limited time: a small file can hold a long loop."""

    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__(content)
        self._path = path
        self._deadline = monotonic() + _MOST_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        if monotonic() > self._deadline:
            raise ImageError(f"{self._path} takes longer than {_MOST_SECONDS:g} s to decode.")
        return super().read(size)


def _read(path: Path) -> bytes:
    try:
        with open_regular_file(path, "rb", follow_links=True) as file:
            is_too_large = os.fstat(file.fileno()).st_size > _MOST_BYTES
            content = b"" if is_too_large else file.read(_MOST_BYTES) or b""
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.") from None
    except (OSError, ValueError) as error:  # one without number names the file itself
        known = getattr(error, "strerror", None)
        message = f"{path} cannot be read: {known}." if known else f"{error}."
        raise ImageError(message) from None
    if is_too_large:
        raise ImageError(f"{path} is larger than {_MOST_BYTES >> 20} MiB.", _SMALLER)
    return content


def _has_many_scans(content: memoryview) -> bool:
    """Whether a JPEG has more scans than are decoded; each goes over the whole image."""
    scans, position = 0, len(_JPEG)
    is_jpeg = content[:position] == _JPEG
    while is_jpeg and scans <= _MOST_SCANS and (found := _JPEG_MARKER.search(content, position)):
        if found.group() == _JPEG_END:
            break
        scans += found.group() == _JPEG_SCAN
        length = int.from_bytes(content[found.end() : found.end() + 2], "big")
        position = found.end() + length  # of a segment, in which anything may stand
    return scans > _MOST_SCANS


def _picture(image: ImageFile.ImageFile) -> Picture:
    width, height = image.size
    image.draft("L", (_SIDE, _SIDE))  # a large JPEG is decoded at a fraction of its size
    if image.format in {"JPEG", "MPO"}:
        image.decodermaxblock = 4096  # read more often: 64 KiB can hold a minute's work
    image.load()
    with suppress(Exception):  # damaged EXIF data turn nothing
        ImageOps.exif_transpose(image, in_place=True)
    if (image.width < image.height) != (width < height):
        width, height = height, width
    factor = -(-max(image.size) // _SIDE)
    if image.mode.startswith("I") or image.mode == "F":
        brightness = np.asarray(Image.fromarray(_unit(np.asarray(image))).reduce(factor))
    elif image.has_transparency_data:
        brightness = _without_transparency(image.convert("RGBA").reduce(factor))
    else:
        brightness = _as_floats(image.convert("L").reduce(factor))
    return Picture(brightness, (width, height))


def _as_floats(image: Image.Image) -> Brightness:
    return np.asarray(image, np.float32) / np.float32(255)


def _unit(values: NDArray[np.generic]) -> Brightness:
    """Values of any depth from 0, or the least if that is lower, to the greatest finite one."""
    numbers = values.astype(np.float32)
    is_finite = np.isfinite(numbers)
    low, high = (float(it(numbers, where=is_finite, initial=0)) for it in (np.min, np.max))
    np.nan_to_num(numbers, copy=False, nan=low, posinf=high, neginf=low)
    scale = max(high, -low) or 1.0  # first, so that the difference cannot overflow
    numbers /= scale
    numbers -= low / scale
    numbers /= (high / scale - low / scale) or 1.0
    return numbers


def _without_transparency(image: Image.Image) -> Brightness:
    """Brightness of an RGBA image, on a ground against which its content is seen.

    Where most of it is opaque and something is seen there, the transparent parts continue the
    paper; otherwise the opaque parts are ink, on black or white, whichever is farther.
    """
    grey, alpha = _as_floats(image.convert("L")), _as_floats(image.getchannel("A"))
    opaque = grey[alpha > 0.5]
    middle = float(np.median(opaque)) if opaque.size else 0.0
    is_paper = opaque.size > grey.size / 2 and np.ptp(opaque) > _IS_SEEN
    ground = middle if is_paper else float(middle < 0.5)
    return alpha * grey + (1 - alpha) * np.float32(ground)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _too_large(path: Path) -> ImageError:
    return ImageError(f"{path} has more than {_MOST_PIXELS:,} pixels.", _SMALLER)

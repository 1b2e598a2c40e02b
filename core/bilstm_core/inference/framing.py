"""Fits what a picture shows into the frame of a data set, as its makers did with their pictures."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..data.sources.pictures import Picture, scaled
from ..data.sources.pictures import fit as fit_into
from ..data.spec import DataSpec
from .ink import Map, box_of, find_ink, redraw

_BLACK, _BRIGHT = 0.1, 0.5


@dataclass(frozen=True)
class Framing:
    """How what an image shows is fitted into its frame.

    Attributes:
        share: Longest side of its box, as a part of the frame's side.
        is_by_mass: Whether its centre of mass is in the middle; otherwise the middle of its box.
        pen: Thinnest and thickest strokes, as parts of the longest side; None where images show
            objects, whose shades are kept.
    """

    share: float
    is_by_mass: bool
    pen: tuple[float, float] | None


_MNIST = Framing(20 / 28, is_by_mass=True, pen=(0.12, 0.16))
_FRAMINGS = {
    "mnist": _MNIST,
    # trimmed, longest edge 28, negated (https://arxiv.org/abs/1708.07747)
    "fashion-mnist": Framing(1, is_by_mass=False, pen=None),
    # characters that fill the frame
    "kmnist": Framing(1, is_by_mass=False, pen=(0.08, 0.16)),
    # strokes fill all 8 rows, and are 1.3 to 2.2 pixels wide
    "digits": Framing(1, is_by_mass=False, pen=(0.16, 0.22)),
}
"""By data set; others are framed as MNIST is."""


def fit(picture: Picture, spec: DataSpec) -> tuple[Map, str] | None:
    """Find what is drawn in a picture, and place it as in the images of the data set.

    A picture that is one of those images, in its size or enlarged, is left as it is.

    Returns:
        Bright on black, from 0 to 1, shape (height, width) of the data; and what was done, in
        words. None where nothing is drawn.
    """
    framing = _FRAMINGS.get(spec.name)
    image, words = fit_as_it_is(picture, spec)
    if _is_own(picture, image) and (framing is None or _is_framed(image, framing)):
        return image, words
    framing = framing or _MNIST
    ink = find_ink(picture.brightness, is_strokes=framing.pen is not None)
    if ink is None:
        return None
    content = redraw(ink.strength, framing.pen) if framing.pen else ink.strength
    height, width = content.shape
    content = scaled(content, framing.share * min(spec.height / height, spec.width / width))
    image = np.zeros((spec.height, spec.width), np.float32)
    top, left = (_offset(content, image, axis, framing) for axis in (0, 1))
    height, width = content.shape
    image[top : top + height, left : left + width] = content
    tones = "dark on light" if ink.is_dark else "light on dark"
    across, down = (
        max(1, round(part * side)) for part, side in zip(ink.size, picture.size, strict=True)
    )
    return image, (
        f"{_size(picture)}, {tones}, {across}×{down} of it scaled to {width}×{height} "
        f"in {spec.width}×{spec.height}"
    )


def fit_as_it_is(picture: Picture, spec: DataSpec) -> tuple[Map, str]:
    """Scale a whole picture to fit and centre it; if its border is bright, invert it.

    Returns:
        From 0 to 1, shape (height, width) of the data; and what was done, in words.
    """
    whole, words = picture.brightness, [_size(picture)]
    if _border(whole) > _BRIGHT:
        whole = 1 - whole
        words.append("inverted, because its border is bright")
    words += _scaling(whole, spec)
    return fit_into(whole, spec.height, spec.width), ", ".join(words)


def fit_whole(picture: Picture, spec: DataSpec) -> tuple[Map, str]:
    """Scale a whole picture to fit and centre it, as those of a person's own data were.

    Returns:
        From 0 to 1, shape (height, width) of the data; and what was done, in words.
    """
    words = [_size(picture), *_scaling(picture.brightness, spec)]
    return fit_into(picture.brightness, spec.height, spec.width), ", ".join(words)


def _scaling(whole: Map, spec: DataSpec) -> list[str]:
    """How a whole picture is scaled, in words; empty where it is not."""
    if whole.shape == (spec.height, spec.width):
        return []
    factor = min(spec.height / whole.shape[0], spec.width / whole.shape[1])
    height, width = (max(1, round(side * factor)) for side in whole.shape)
    return [f"scaled to {width}×{height} in {spec.width}×{spec.height}"]


def _border(image: Map) -> float:
    """The usual brightness along the border."""
    return float(np.median(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])))


def _size(picture: Picture) -> str:
    return f"{picture.size[0]}×{picture.size[1]}"


def _offset(content: Map, frame: Map, axis: int, framing: Framing) -> int:
    """Where content starts in its frame, along an axis."""
    room = frame.shape[axis] - content.shape[axis]
    if not framing.is_by_mass:
        return room // 2
    middle = np.average(np.arange(content.shape[axis]), weights=content.sum(axis=1 - axis))
    # in MNIST it lies on pixel 14 of 0 … 27
    return min(max(round(frame.shape[axis] / 2 - float(middle)), 0), room)


def _is_own(picture: Picture, image: Map) -> bool:
    """Whether an image is bright on black, and the picture has no more detail: it is enlarged."""
    height, width = picture.brightness.shape
    again = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.NEAREST))
    rest = min(np.abs(again - it).sum() for it in (picture.brightness, 1 - picture.brightness))
    return _border(image) < _BLACK and bool(rest < 0.1 * again.sum())


def _is_framed(image: Map, framing: Framing) -> bool:
    """Whether the content of an image is as large as in the data set, and where it is there."""
    if framing.pen is None:  # shades do not say where an object ends
        return True
    is_content = image > 0.2
    if not is_content.any():
        return False
    box = box_of(is_content)
    content = image[box]
    share = max(it / side for it, side in zip(content.shape, image.shape, strict=True))
    starts = (_offset(content, image, axis, framing) - box[axis].start for axis in (0, 1))
    return abs(share - framing.share) < 0.15 and all(abs(start) <= 2 for start in starts)

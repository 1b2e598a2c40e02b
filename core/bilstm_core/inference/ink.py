"""What is drawn in a picture, told apart from the ground that it is drawn on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage as untyped

ndimage: Any = untyped  # what is inferred for it is wrong

Map = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice]
"""Rows and columns."""

_SIDE = 256
"""Longest side of a picture in which ink is looked for."""
_FAINTEST = 0.04
"""Smallest difference from the ground that is seen, as a part of what it could be."""
_NOISE = 8.0
"""How much more than the ground's usual difference from itself is ink, not noise."""
_STROKE, _SHADE = 0.4, 0.1
"""How dark is still part of strokes, or of an object with shades, relative to the usual ink."""
_SPECK = 0.03
"""Largest speck, relative to the largest part of the ink."""
_FINE = 256
"""Longest side at which strokes are redrawn."""


@dataclass(frozen=True)
class Ink:
    """What was found in a picture.

    Attributes:
        strength: From 0 (ground) to 1, cut out: the smallest array with all of it.
        is_dark: Whether it is darker than the ground.
        size: Width and height as parts of the picture's.
    """

    strength: Map
    is_dark: bool
    size: tuple[float, float]


@dataclass(frozen=True)
class _Found:
    where: Mask
    contrast: Map
    mask: Mask
    is_dark: bool

    @property
    def box(self) -> Box:
        return box_of(self.mask)


def find_ink(brightness: Map, *, is_strokes: bool) -> Ink | None:
    """Find what is drawn in a picture, on ground of any brightness, evenly lit or not.

    It is looked for twice: in the whole picture, and then, larger, where it was found.

    Args:
        brightness: From 0 to 1, shape (height, width).
        is_strokes: Whether it is drawn in strokes, which have one strength; otherwise it is an
            object, whose shades are kept, down to those that are hardly darker than the ground.
    """
    threshold = _STROKE if is_strokes else _SHADE
    small, factor = _reduced(brightness)
    found = _look(small, threshold)
    if found is None:
        return None
    found = (is_strokes and _on_paper(small, found)) or found
    small, factor = _reduced(brightness[_with_margin(found, factor)])
    found = _look(small, threshold)
    if found is None:
        return None
    strength = found.contrast[found.box]
    if is_strokes:
        usual = float(np.median(found.contrast[found.mask]))
        strength = (strength - 0.25 * usual) / (0.65 * usual)
    strength = np.where(ndimage.binary_dilation(found.mask)[found.box], strength, 0)
    strength = strength.clip(0, 1).astype(np.float32)
    height, width = brightness.shape
    size = strength.shape[1] * factor / width, strength.shape[0] * factor / height
    return Ink(strength, found.is_dark, (min(size[0], 1.0), min(size[1], 1.0)))


def redraw(strength: Map, pen: tuple[float, float]) -> Map:
    """Draw strokes with a pen that is neither too thin nor too thick.

    Args:
        strength: The ink, cut out, shape (height, width).
        pen: Thinnest and thickest strokes, as parts of the longest side.

    Returns:
        The ink, cut out: 0 or 1, larger or smaller than it was.
    """
    factor = _FINE / max(strength.shape)
    height, width = (max(1, round(side * factor)) for side in strength.shape)
    fine = np.asarray(Image.fromarray(strength).resize((width, height), Image.Resampling.BICUBIC))
    is_ink = np.pad(fine, _FINE // 8) > fine.max() / 2
    inside = ndimage.distance_transform_edt(is_ink)
    outside = ndimage.distance_transform_edt(~is_ink)
    thickness = 4 * inside[is_ink].mean()  # pixels of a stroke are on average a quarter inside it
    wanted = min(max(thickness, pen[0] * _FINE), pen[1] * _FINE)
    redrawn = outside - inside <= (wanted - thickness) / 2
    return redrawn[box_of(redrawn)].astype(np.float32)


def box_of(mask: Mask) -> Box:
    """The smallest box with everything that a mask, shape (height, width), holds."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _on_paper(grey: Map, sheet: _Found) -> _Found | None:
    """What is drawn on something found, where that is a sheet of paper on a table, or a frame."""
    area = ndimage.binary_fill_holes(sheet.mask)
    if area.mean() < 0.1 or area[sheet.box].mean() < 0.87:  # a 0, filled, is at most 0.85
        return None
    area = ndimage.binary_erosion(area, iterations=max(2, max(grey.shape) // 50))
    found = _look(grey, _STROKE, area)
    if found is None or (found.mask & _edge(area, 1)).any() or found.mask.sum() > area.sum() / 4:
        return None  # they are the holes of a digit
    return found


def _look(grey: Map, threshold: float, where: Mask | None = None) -> _Found | None:
    """What differs from the ground, in a part of a picture."""
    where = np.ones(grey.shape, bool) if where is None else where
    if not where.any():
        return None
    contrast, is_dark = _contrast(grey, where)
    smooth = _smooth(contrast)
    most = float(smooth.max())
    if most < _FAINTEST:
        return None
    noise = np.median(np.abs(smooth[where & (smooth <= most / 2)]))
    if most < _NOISE * noise:
        return None
    return _Found(where, contrast, _content(smooth, where, threshold), is_dark)


def _contrast(grey: Map, where: Mask) -> tuple[Map, bool]:
    """How much pixels differ from the ground there, 0 outside; whether what differs is darker."""
    border = _edge(where, max(1, round(0.03 * min(grey.shape))))
    # the border is ground even where ink fills the picture: together it weighs twice the rest
    weights = where + border * (2 * where.sum() / border.sum() - 1)
    rest = _smooth(grey - _surface(grey, weights, 1)) * where
    darkest, brightest = -float(rest.min()), float(rest.max())
    differs = rest < -darkest / 2 if darkest > brightest else rest > brightest / 2
    ground = where & ~differs
    level = _surface(grey, ground if ground.any() else where, 2)
    rest = (grey - level) * where
    smooth = _smooth(rest)
    if -smooth.min() > smooth.max():
        return -rest / level.clip(0.1), True
    return rest / (1 - level).clip(0.1), False


def _surface(values: Map, weights: Map | Mask, degree: int) -> Map:
    """The polynomial surface from which most values differ least; the others may be far off."""
    height, width = values.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y][: 3 * degree], axis=-1)
    some = slice(None, None, -(-height // 64)), slice(None, None, -(-width // 64))
    known, wanted = terms[some].reshape(-1, 3 * degree), values[some].ravel()
    first = weight = weights[some].ravel().astype(np.float64)
    factors = np.zeros(3 * degree)
    for _ in range(12):  # least squares, each time weighted by what was left over
        weighted = known * weight[:, None]
        factors = np.linalg.lstsq(weighted.T @ known, weighted.T @ wanted, rcond=None)[0]
        weight = first / (np.abs(wanted - known @ factors) ** 1.5 + 0.01)
    return terms @ factors


def _content(smooth: Map, where: Mask, threshold: float) -> Mask:
    """Where the ink is, without specks, and without what comes in at the edge beside it."""
    usual = float(np.median(smooth[smooth > smooth.max() / 2]))
    parts, count = ndimage.label(where & (smooth > threshold * usual), np.ones((3, 3)))
    masses = ndimage.sum_labels(smooth, parts, np.arange(count + 1))
    masses[0] = 0
    inner = masses.copy()
    inner[np.unique(parts[_edge(where, 1)])] = 0
    if inner.max() > 0.05 * masses.sum():
        masses = inner
    return np.asarray(masses > _SPECK * masses.max())[parts]


def _smooth(values: Map) -> Map:
    return ndimage.gaussian_filter(values, 1) if max(values.shape) > 64 else values


def _edge(area: Mask, width: int) -> Mask:
    return area & ~ndimage.binary_erosion(area, iterations=width)


def _reduced(values: Map) -> tuple[Map, int]:
    """Means of squares of pixels, at most 256 a side; and how many pixels wide a square is."""
    factor = -(-max(values.shape) // _SIDE)
    return np.asarray(Image.fromarray(values).reduce(factor)), factor


def _with_margin(found: _Found, factor: int) -> Box:
    """The box of the ink in the picture before it was reduced, with a margin of ground."""
    margin = max(it.stop - it.start for it in found.box) // 4 + 1
    rows, columns = (
        slice(
            max(it.start - margin, most.start) * factor, min(it.stop + margin, most.stop) * factor
        )
        for it, most in zip(found.box, box_of(found.where), strict=True)
    )
    return rows, columns

"""Random changes to training images, one per image, computed on the images' device.

The random numbers come from a generator of (seed, epoch) on the CPU: every device makes the same
changes, and a run resumes in the middle of an epoch without a saved generator state.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from ..config.schema import Augment

MAX_SHIFT = 2 / 28
"""Largest shift each way, as a part of the width or height: two pixels of MNIST's 28."""
MAX_ROTATION = math.radians(12)
MAX_SHEAR = 0.15
MAX_ZOOM = 0.12
"""Zoom factors lie within 1 ± this, independently along each axis."""


def draw_transforms(
    kind: Augment, count: int, size: tuple[int, int], generator: Generator
) -> Tensor | None:
    """Random affine maps (count, 2, 3), in `affine_grid`'s coordinates, or None for no change.

    `shift` moves by whole pixels; `affine` rotates, shears, zooms and moves by any amount.

    Args:
        kind: Which family of changes.
        count: Number of images.
        size: Height and width of an image in pixels.
        generator: A CPU generator.
    """
    if kind == "none":
        return None
    height, width = size
    uniform = torch.rand(count, 6, generator=generator) * 2 - 1
    transforms = torch.zeros(count, 2, 3)
    if kind == "shift":
        transforms[:, 0, 0] = transforms[:, 1, 1] = 1
        for axis, length in enumerate((width, height)):
            pixels = max(1, round(MAX_SHIFT * length))
            # uniform over -pixels … pixels; one pixel is 2 / length in a grid that spans -1 … 1
            moved = (uniform[:, axis] * (pixels + 0.5)).round().clamp(-pixels, pixels)
            transforms[:, axis, 2] = moved * 2 / length
        return transforms
    angle, shear = uniform[:, 0] * MAX_ROTATION, uniform[:, 1] * MAX_SHEAR
    zoom = 1 + uniform[:, 2:4] * MAX_ZOOM
    cos, sin = angle.cos(), angle.sin()
    # the grid spans -1 … 1 along both axes, so a rotation in pixels needs the aspect ratio
    transforms[:, 0, 0] = cos * zoom[:, 0]
    transforms[:, 0, 1] = (cos * shear - sin) * zoom[:, 1] * (height / width)
    transforms[:, 1, 0] = sin * zoom[:, 0] * (width / height)
    transforms[:, 1, 1] = (sin * shear + cos) * zoom[:, 1]
    transforms[:, :, 2] = uniform[:, 4:6] * MAX_SHIFT * 2
    return transforms


def apply_transforms(images: Tensor, transforms: Tensor) -> Tensor:
    """Images (N, height, width) of floats, each changed by its own map (N, 2, 3).

    Bilinear interpolation; what moves in from outside is 0 (background).
    """
    maps = transforms.to(images.device, images.dtype)
    grid = functional.affine_grid(maps, [len(images), 1, *images.shape[1:]], align_corners=False)
    return functional.grid_sample(images.unsqueeze(1), grid, align_corners=False).squeeze(1)

"""Random changes to training images, one per image, computed on the images' device.

The numbers behind them come from a generator of (seed, epoch) on the CPU: every device sees the
same changes, and resuming in the middle of an epoch needs no generator state.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from ..config.schema import Augment

MAX_SHIFT = 2 / 28
"""Largest shift each way, as a part of the side: two pixels of MNIST's 28."""
MAX_TURN = math.radians(12)
MAX_SHEAR = 0.15
MAX_ZOOM = 0.12
"""Zoom factors lie within 1 ± this, independently along each axis."""


def draw_transforms(kind: Augment, count: int, side: int, generator: Generator) -> Tensor | None:
    """Random affine maps (count, 2, 3), in `affine_grid`'s coordinates, or None for no change.

    `shift` moves by whole pixels; `affine` turns, shears, zooms and moves by any amount.

    Args:
        kind: Which family of changes.
        count: Number of images.
        side: Image side in pixels.
        generator: A CPU generator.
    """
    if kind == "none":
        return None
    uniform = torch.rand(count, 6, generator=generator) * 2 - 1
    transforms = torch.zeros(count, 2, 3)
    if kind == "shift":
        pixels = max(1, round(MAX_SHIFT * side))
        # uniform over -pixels … pixels; one pixel is 2 / side in a grid that spans -1 … 1
        moved = (uniform[:, :2] * (pixels + 0.5)).round().clamp(-pixels, pixels)
        transforms[:, 0, 0] = transforms[:, 1, 1] = 1
        transforms[:, :, 2] = moved * 2 / side
        return transforms
    turn, shear = uniform[:, 0] * MAX_TURN, uniform[:, 1] * MAX_SHEAR
    zoom = 1 + uniform[:, 2:4] * MAX_ZOOM
    cos, sin = turn.cos(), turn.sin()
    transforms[:, 0, 0] = cos * zoom[:, 0]
    transforms[:, 0, 1] = (cos * shear - sin) * zoom[:, 1]
    transforms[:, 1, 0] = sin * zoom[:, 0]
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

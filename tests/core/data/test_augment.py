"""Random changes to images: each image its own, and exactly what they claim to be."""

import pytest
import torch

from bilstm_core.compute.seeding import Stream, generator
from bilstm_core.config.schema import Augment
from bilstm_core.data.augment import apply_transforms, draw_transforms


def draw(
    kind: Augment, count: int = 500, size: tuple[int, int] = (28, 28), seed: int = 0
) -> torch.Tensor:
    transforms = draw_transforms(kind, count, size, generator(seed, Stream.AUGMENT, 1))
    assert transforms is not None
    return transforms


def test_none_changes_nothing() -> None:
    assert draw_transforms("none", 5, (28, 28), generator(0, Stream.AUGMENT)) is None


def test_a_shift_moves_by_whole_pixels_and_fills_with_background() -> None:
    images = torch.rand(500, 28, 28)
    transforms = draw("shift")
    moved = apply_transforms(images, transforms)
    pixels = (transforms[:, :, 2] * 28 / 2).round().int().tolist()
    for image, result, (right, down) in zip(images, moved, pixels, strict=True):
        expected = torch.zeros(32, 32)
        expected[2 - down : 30 - down, 2 - right : 30 - right] = image
        assert torch.allclose(result, expected[2:30, 2:30], atol=1e-4)
    assert {x for pair in pixels for x in pair} == {-2, -1, 0, 1, 2}


def test_small_images_move_by_one_pixel() -> None:
    pixels = (draw("shift", size=(8, 8))[:, :, 2] * 8 / 2).round().int()
    assert set(pixels.flatten().tolist()) == {-1, 0, 1}


def test_affine_maps_stay_near_the_identity_and_differ_from_image_to_image() -> None:
    transforms = draw("affine")
    linear = transforms[:, :, :2] - torch.eye(2)
    assert linear.abs().max() < 0.45
    assert transforms[:, :, 2].abs().max() <= 4 / 28
    assert len({tuple(transform.flatten().tolist()) for transform in transforms}) == 500
    determinants = torch.linalg.det(transforms[:, :, :2])
    assert determinants.min() > 0.7
    assert determinants.max() < 1.3


def test_affine_keeps_an_image_recognisable() -> None:
    image = torch.zeros(1, 28, 28)
    image[:, 9:19, 12:16] = 1
    changed = apply_transforms(image.expand(500, -1, -1), draw("affine"))
    assert changed.shape == (500, 28, 28)
    assert changed.sum(dim=(1, 2)).min() > 0.6 * image.sum()
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-5


@pytest.mark.parametrize("kind", ["shift", "affine"])
def test_the_seed_decides(kind: Augment) -> None:
    assert torch.equal(draw(kind), draw(kind))
    assert not torch.equal(draw(kind), draw(kind, seed=1))

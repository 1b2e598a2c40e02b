"""Random changes to images: each image its own, and exactly what they claim to be."""

import math

import pytest
import torch

from bilstm_core.compute.seeding import generator
from bilstm_core.compute.streams import Stream
from bilstm_core.config.schema import Augment
from bilstm_core.data import augment
from bilstm_core.data.augment import apply_transforms, draw_transforms


def draw(
    kind: Augment, count: int = 500, size: tuple[int, int] = (28, 28), seed: int = 0
) -> torch.Tensor:
    transforms = draw_transforms(kind, count, size, generator(seed, Stream.AUGMENT, 1))
    assert transforms is not None
    return transforms


def test_none_changes_nothing() -> None:
    assert draw_transforms("none", 5, (28, 28), generator(0, Stream.AUGMENT)) is None


@pytest.mark.parametrize(
    ("size", "most_down", "most_right"),
    [((28, 28), 2, 2), ((8, 8), 1, 1), ((6, 11), 1, 1), ((28, 56), 2, 4), ((42, 6), 3, 1)],
)
def test_a_shift_moves_by_whole_pixels_and_fills_with_background(
    size: tuple[int, int], most_down: int, most_right: int
) -> None:
    height, width = size
    images = torch.rand(500, height, width)
    transforms = draw("shift", size=size)
    moved = apply_transforms(images, transforms)
    right, down = ((transforms[:, axis, 2] * size[1 - axis] / 2).round().int() for axis in (0, 1))
    assert set(right.tolist()) == {*range(-most_right, most_right + 1)}
    assert set(down.tolist()) == {*range(-most_down, most_down + 1)}
    for image, result, x, y in zip(images, moved, right.tolist(), down.tolist(), strict=True):
        expected = torch.zeros(height + 10, width + 10)
        expected[5 - y : 5 - y + height, 5 - x : 5 - x + width] = image
        assert torch.allclose(result, expected[5 : 5 + height, 5 : 5 + width], atol=1e-4)


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


class TestRotation:
    """Rotated alone, an image keeps its lengths and angles, whatever its height and width."""

    @pytest.fixture(autouse=True)
    def _nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("MAX_SHEAR", "MAX_ZOOM", "MAX_SHIFT"):
            monkeypatch.setattr(augment, name, 0.0)

    @pytest.mark.parametrize("size", [(28, 28), (6, 11), (40, 9)])
    def test_the_map_is_a_rotation_of_pixels(
        self, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(augment, "MAX_ROTATION", math.pi)
        height, width = size
        pixels = torch.diag(torch.tensor([width / 2, height / 2]))  # in a unit of the grid
        maps = pixels @ draw("affine", size=size)[:, :, :2] @ pixels.inverse()
        assert torch.allclose(maps @ maps.mT, torch.eye(2).expand(500, 2, 2), atol=1e-5)
        assert torch.allclose(torch.linalg.det(maps), torch.ones(500), atol=1e-5)
        angles = torch.atan2(maps[:, 1, 0], maps[:, 0, 0])
        assert angles.min() < -3
        assert angles.max() > 3

    @pytest.mark.parametrize("is_upright", [True, False])
    def test_a_drawn_line_keeps_its_length(self, is_upright: bool) -> None:
        size = height, width = 30, 75
        image = torch.zeros(1, height, width)
        if is_upright:
            image[:, 6:24, 36:39] = 1
        else:
            image[:, 14:17, 16:59] = 1
        transforms = draw("affine", count=200, size=size)
        length, angle = measure_line(image)
        lengths, angles = measure_line(apply_transforms(image.expand(200, -1, -1), transforms))
        assert (lengths / length - 1).abs().max() < 0.03
        turned = (angles - angle).abs()  # a line has no direction: at most half a turn
        turned = torch.minimum(turned, math.pi - turned)
        assert turned.max() < augment.MAX_ROTATION + 0.02
        assert turned.max() > 0.9 * augment.MAX_ROTATION


def measure_line(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Length in pixels and angle in radians of the line in each image, by its second moments."""
    y, x = torch.meshgrid(*(torch.arange(n) * 1.0 for n in images.shape[1:]), indexing="ij")
    points = torch.stack((x.flatten(), y.flatten()), dim=1)
    weights = images.flatten(1) / images.sum(dim=(1, 2))[:, None]
    offsets = points - (weights @ points)[:, None]
    covariance = torch.einsum("np,npi,npj->nij", weights, offsets, offsets)
    values, axes = torch.linalg.eigh(covariance)
    return (12 * values[:, 1]).sqrt(), torch.atan2(axes[:, 1, 1], axes[:, 0, 1])


@pytest.mark.parametrize("kind", ["shift", "affine"])
def test_the_seed_decides(kind: Augment) -> None:
    assert torch.equal(draw(kind), draw(kind))
    assert not torch.equal(draw(kind), draw(kind, seed=1))

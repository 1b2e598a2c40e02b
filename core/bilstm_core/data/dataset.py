"""A data set in memory, on one device."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..compute.seeding import Stream, generator
from .catalog import DatasetFacts


@dataclass(frozen=True)
class Images:
    """Labelled images: pixels (N, rows, columns) as bytes, labels (N,) as int64."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor) -> "Images":
        """The images at some positions, in that order."""
        return Images(self.pixels[index], self.labels[index])

    def to(self, device: torch.device) -> "Images":
        """The same images on a device."""
        return Images(self.pixels.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """A data set in memory, on one device.

    Attributes:
        facts: Shapes and names.
        classes: A name for each label.
        train: Images to learn from.
        test: Images to be judged by.
        validation: Images held out of the training set; may be empty.
    """

    facts: DatasetFacts
    classes: tuple[str, ...]
    train: Images
    test: Images
    validation: Images

    def to(self, device: torch.device) -> "Dataset":
        """The same data on a device."""
        return replace(
            self,
            train=self.train.to(device),
            test=self.test.to(device),
            validation=self.validation.to(device),
        )

    def scale(self, pixels: Tensor) -> Tensor:
        """Bytes as floats from 0 to 1, as torchvision's `ToTensor` makes them."""
        return pixels.to(torch.float32).div_(self.facts.pixel_max)

    def hold_out(self, fraction: float, seed: int) -> "Dataset":
        """The same data with a random part of the training set as its validation set.

        Args:
            fraction: Of the training images, from 0 to below 1; above 0, at least one is taken.
            seed: The same seed takes the same images.
        """
        if not fraction:
            return self
        count = self.facts.held_out(fraction)
        order = torch.randperm(len(self.train), generator=generator(seed, Stream.SPLIT))
        return replace(self, train=self.train[order[count:]], validation=self.train[order[:count]])


def _images(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Images:
    return Images(torch.from_numpy(pixels.copy()), torch.from_numpy(labels.astype(np.int64)))


def _dataset(facts: DatasetFacts, classes: tuple[str, ...], train: Images, test: Images) -> Dataset:
    nothing = train[torch.empty(0, dtype=torch.int64)]
    return Dataset(facts, classes, train, test, validation=nothing)

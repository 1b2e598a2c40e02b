"""Stored values -> inputs of a network; the only place where data are scaled."""

import torch
from torch import Tensor

from .spec import Normalisation


def normalise(values: Tensor, normalisation: Normalisation) -> Tensor:
    """Values as a network reads them, of the same shape, in float32.

    For images it is torchvision's `ToTensor`: bytes become numbers from 0 to 1.
    """
    return values.to(torch.float32, copy=True).div_(normalisation.divisor)


def denormalise(inputs: Tensor, normalisation: Normalisation) -> Tensor:
    """Values as the data set stores them, from those that a network reads."""
    return inputs * normalisation.divisor

"""Stored values -> inputs of a network; the only place where data are scaled."""

import torch
from torch import Tensor

from .spec import Normalisation

LEAST_DEVIATION = 1e-8
"""A feature that varies less is constant: it becomes 0 instead of noise."""


def normalise(
    values: Tensor, normalisation: Normalisation, lengths: Tensor | None = None
) -> Tensor:
    """Values as a network reads them, of the same shape, in float32.

    For images it is torchvision's `ToTensor`: bytes become numbers from 0 to 1.

    Args:
        values: Shape (…, T, features).
        normalisation: What to do.
        lengths: Steps of each sequence, shape (N,), if they differ; what comes after is padding.
    """
    inputs = values.to(torch.float32, copy=True).div_(normalisation.divisor)
    if normalisation.means:
        means, deviations = (
            inputs.new_tensor(numbers)
            for numbers in (normalisation.means, normalisation.deviations)
        )
        inputs = (inputs - means) / deviations
    return _standardise_each(inputs, lengths) if normalisation.per_sequence else inputs


def stored(bright: Tensor, normalisation: Normalisation) -> Tensor:
    """Values as a data set of images stores them, from brightness between 0 and 1."""
    return bright * normalisation.divisor


def brightness(values: Tensor, normalisation: Normalisation) -> Tensor:
    """Brightness between 0 and 1, from values as a data set of images stores them."""
    return values.float() / normalisation.divisor


def standard(values: Tensor, before: Normalisation) -> Normalisation:
    """Means and deviations of each feature of training values, shape (steps, features)."""
    wide = values.double() / before.divisor
    deviations = wide.std(dim=0, correction=0)
    deviations = deviations.where(deviations > LEAST_DEVIATION, 1.0)
    means = tuple(wide.mean(dim=0).tolist())
    return Normalisation(before.divisor, means=means, deviations=tuple(deviations.tolist()))


def _standardise_each(inputs: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence (N, T, features) with mean 0 and deviation 1 over its own steps.

    They are taken relative to those of the first step: a constant feature is then exactly 0, where
    the rounding of its mean would be scaled up to noise.
    """
    inputs = inputs - inputs[..., :1, :]
    if lengths is None:
        mean = inputs.mean(dim=-2, keepdim=True)
        deviation = inputs.std(dim=-2, correction=0, keepdim=True)
    else:
        steps = torch.arange(inputs.shape[-2], device=inputs.device)
        is_own = (steps < lengths[:, None])[:, :, None]
        count = lengths[:, None, None]
        mean = inputs.where(is_own, 0).sum(dim=-2, keepdim=True) / count
        deviation = (
            (inputs - mean).where(is_own, 0).square().sum(dim=-2, keepdim=True) / count
        ).sqrt()
    return (inputs - mean) / deviation.where(deviation > LEAST_DEVIATION, 1.0)

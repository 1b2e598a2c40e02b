"""Long sequences, reduced for drawing: more than the columns of a screen cannot be seen."""

import torch
from torch import Tensor

_EXTREMES = (torch.amin, torch.amax)


def pieces(count: int, most: int) -> list[tuple[int, int]]:
    """The start and the end of each of at most `most` pieces of something, of nearly equal size."""
    number = min(count, most)
    return [(at * count // number, (at + 1) * count // number) for at in range(number)]


def extremes(values: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The lowest and the highest values of each piece: (T, F) becomes two of (pieces, F)."""
    parts = [values[start:end] for start, end in pieces(len(values), most)]
    low, high = (torch.stack([extreme(it, dim=0) for it in parts]) for extreme in _EXTREMES)
    return low, high


def brightest(image: Tensor, most: int) -> Tensor:
    """An image (rows, columns) with at most `most` columns, each the brightest of several."""
    return extremes(image.T, most)[1].T

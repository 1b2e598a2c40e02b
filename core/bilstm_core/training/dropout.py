"""Dropout on a processor: masks that follow from a seed, however a step is laid out."""

import torch
from torch import Tensor

from .lanes import ROWS_TOGETHER

SEEDS = 1 << 32
"""Seeds that PyTorch's generator of a processor tells apart."""
_LEVELS = 1 << 16
_STRIDE = 1 << 16
"""Between the numbers of two blocks of rows; a step has fewer layers."""
_MULTIPLIER = 0x9E3779B9
"""An odd number whose multiples modulo 2^32 look random: 2^32 over the golden ratio."""


class Dropout:
    """Zeroes each state with a probability, for some rows of a batch.

    It computes what `nn.Dropout` does, with masks of its own: the same rows get the same, whichever
    lane draws them. Sixteen random bits decide on a state, four states a draw: on a
    processor that is 5 to 10 times as fast as `bernoulli_`, which takes longer than a small layer.

    Args:
        rate: The probability, below 1; it is rounded to 1/65536.
        seed: Of this step, below `SEEDS`.
        first_row: Position of the first row in the batch, a multiple of `ROWS_TOGETHER`.
    """

    def __init__(self, rate: float, seed: int, first_row: int) -> None:
        dropped = min(round(rate * _LEVELS), _LEVELS - 1)
        self._highest_dropped = dropped - _LEVELS // 2 - 1
        self._scale = _LEVELS / (_LEVELS - dropped)
        self._seed = seed
        self._first_row = first_row
        self._calls = 0
        self._generator = torch.Generator()

    def __call__(self, states: Tensor) -> Tensor:
        """The states (N, …) with some of them zero, the others larger; layer by layer."""
        self._calls += 1
        bits = [self._bits(start, rows) for start, rows in enumerate(states.split(ROWS_TOGETHER))]
        # in floating point, which is vectorised: comparisons are not
        factors = torch.cat(bits).view(states.shape).float()
        factors = factors.sub_(self._highest_dropped).clamp_(0, 1).mul_(self._scale)
        return states * factors.to(states.dtype)

    def _bits(self, number: int, rows: Tensor) -> Tensor:
        """Random numbers of 16 bits for rows that belong together, shape (rows.numel(),)."""
        position = self._first_row // ROWS_TOGETHER + number
        own_number = position * _STRIDE + self._calls
        self._generator.manual_seed((self._seed + _MULTIPLIER * own_number) % SEEDS)
        drawn = torch.empty(-(-rows.numel() // 4), dtype=torch.int64)
        drawn.random_(-(1 << 63), None, generator=self._generator)
        return drawn.view(torch.int16)[: rows.numel()]

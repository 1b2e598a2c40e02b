"""Random sequences that follow from (seed, what for, epoch) alone, on any device.

Nothing about them has to be saved to go on with a run exactly where it was.
"""

from enum import IntEnum

import numpy as np
import torch
from numpy.random import SeedSequence


class Stream(IntEnum):
    """What a random sequence is for; each has its own, so that no two are alike."""

    SPLIT = 0
    ORDER = 1
    AUGMENT = 2


def generator(seed: int, stream: Stream, epoch: int = 0) -> torch.Generator:
    """A CPU generator at the start of the sequence for (seed, stream, epoch)."""
    (state,) = SeedSequence([seed, stream, epoch]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))

"""Random numbers that depend only on (seed, purpose, epoch); without torch."""

from enum import IntEnum

import numpy as np
from numpy.random import SeedSequence


class Stream(IntEnum):
    """The purpose of a generator; each purpose has an independent stream of random numbers."""

    SPLIT = 0
    ORDER = 1
    AUGMENT = 2
    VALIDATION = 3
    EXAMPLES = 4
    RANKS = 5


def seed_sequence(seed: int, stream: Stream, epoch: int = 0) -> SeedSequence:
    """The start of the stream for (seed, stream, epoch)."""
    return SeedSequence([seed, stream, epoch])


def numpy_generator(seed: int, stream: Stream) -> np.random.Generator:
    """NumPy's generator at the start of a stream."""
    return np.random.default_rng(seed_sequence(seed, stream))

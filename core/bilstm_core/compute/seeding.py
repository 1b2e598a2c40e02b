"""Random sequences that follow from (seed, what for, epoch) alone, on any device.

Nothing about them has to be saved to go on with a run exactly where it was.
"""

from enum import IntEnum

import numpy as np
import torch
from numpy.random import SeedSequence
from torch import Tensor


class Stream(IntEnum):
    """What a random sequence is for; each has its own, so that no two are alike."""

    SPLIT = 0
    ORDER = 1
    AUGMENT = 2


def generator(seed: int, stream: Stream, epoch: int = 0) -> torch.Generator:
    """A CPU generator at the start of the sequence for (seed, stream, epoch)."""
    (state,) = SeedSequence([seed, stream, epoch]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))


def generator_states(device: torch.device) -> dict[str, Tensor]:
    """The states of PyTorch's global generators that a run on this device draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_generator_states(states: dict[str, Tensor], device: torch.device) -> None:
    """Set the global generators back; those of a device that the run has left are passed over."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])

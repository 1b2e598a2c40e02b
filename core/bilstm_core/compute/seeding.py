"""Random generators that depend only on (seed, purpose, epoch), not on the device.

Their states need not be saved to resume a run exactly.
"""

import numpy as np
import torch
from torch import Tensor

from .distributed import Ranks
from .streams import Stream, seed_sequence


def generator(seed: int, stream: Stream, epoch: int = 0) -> torch.Generator:
    """Create a CPU generator at the start of the stream for (seed, stream, epoch)."""
    (state,) = seed_sequence(seed, stream, epoch).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))


def generator_states(device: torch.device) -> dict[str, Tensor]:
    """Return the states of PyTorch's global generators that a run on this device uses."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_generator_states(states: dict[str, Tensor], device: torch.device) -> None:
    """Restore the global generators; states of other devices are ignored."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def seed_rank(seed: int, ranks: Ranks, step: int, device: torch.device) -> None:
    """Give a rank other than the first dropout masks of its own on a GPU.

    On a processor the masks are those of one process: they follow from the rows of a batch.
    """
    if ranks.rank and device.type == "cuda":
        state = seed_sequence(seed, Stream.RANKS, step).spawn(ranks.size)[ranks.rank]
        torch.cuda.manual_seed(int(state.generate_state(1, np.uint64)[0]))

"""Whether torchrun has started this process, without torch."""

import os

_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


def is_launched() -> bool:
    """Whether torchrun has started this process, as one of several."""
    return all(os.environ.get(name) for name in _VARIABLES)

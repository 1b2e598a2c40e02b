"""How PyTorch's threads wait for one another; to be said before PyTorch is imported."""

import os

_SPINS = "20000"
"""Rounds that a thread looks for the others before it sleeps. GNU OpenMP's own 300,000 last about
a millisecond: on small networks that is slower, and far slower beside another process. Measured
on 2 cores, digits, 128 hidden units: 8,500 images a second by default, 13,400 with this."""


def limit_spinning() -> None:
    """Have threads sleep soon where there is nothing to do; what the user set stays."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)

"""How PyTorch's threads wait for one another; to be set before PyTorch is imported."""

import os

_SPIN_COUNT = "20000"
"""Iterations of busy waiting before a thread sleeps. GNU OpenMP's default of 300,000 takes about
a millisecond: that is slower on small networks, and far slower beside another process. Measured
on 2 cores, digits, 128 hidden units: 8,500 images a second by default, 13,400 with this."""


def limit_spinning() -> None:
    """Make idle threads sleep after a short wait, unless the user has configured it."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPIN_COUNT)

"""How many processor cores a program may use, without torch."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

from ..files import read_text

_QUOTA_FILE = Path("/sys/fs/cgroup/cpu.max")


def within_quota(cores: int) -> int:
    """As many of some cores as this container's quota allows, at least 1."""
    with suppress(OSError, ValueError):  # no such quota
        quota, period = read_text(_QUOTA_FILE).split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def physical_cores() -> int:
    """Physical cores that this process may use; two threads of one core share its arithmetic."""
    everywhere = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    may_use = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else everywhere
    return within_quota(min(everywhere, may_use))

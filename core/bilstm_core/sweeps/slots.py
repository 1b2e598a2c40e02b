"""The devices that a helper uses, and how many trials it trains on each at once."""

import os
import re
from dataclasses import dataclass
from itertools import takewhile

from ..compute.cores import physical_cores
from ..compute.gpus import list_gpus
from ..errors import UsageError

_ONE = re.compile(r"(auto|cpu|cuda(?::\d{1,3})?|mps)(?:[x×](\d{1,4}))?", re.ASCII)
_MOST_SLOTS = 1024
_TRIALS_PER_SLOT = 4
"""Of the trials of a sweep: fewer would each be chosen without knowing the results of others."""


@dataclass(frozen=True)
class Slot:
    """A place for one trial at a time.

    Attributes:
        device: A value of the setting `device`.
        threads: A value of the setting `threads`; 0 where it has no effect.
    """

    device: str
    threads: int


def find_slots(devices: str, parallel: int, trials: int) -> list[Slot]:
    """The slots on this machine.

    Args:
        devices: `auto` (all NVIDIA GPUs, else the processor), or names with commas between, each
            with how many trials at once: `cuda:0,cuda:2`, `cpu×4`.
        parallel: Trials at once on each device that has no number of its own; 0 to choose: one on
            a GPU, on a processor one a core, but no more than a quarter of the trials.
        trials: How many the sweep wants.

    Raises:
        UsageError: `devices` is not understood, or names an NVIDIA GPU that is not there.
    """
    slots: list[Slot] = []
    for word in devices.split(","):
        found = _ONE.fullmatch(word.strip())
        if not found:
            raise UsageError(
                f"The devices '{devices}' are not understood.",
                "Such as: auto; cpu; cpu×4; cuda:0,cuda:2; cuda:0×3,cuda:1×3.",
                title="The devices are not understood",
            )
        at_once = int(found[2] or parallel)
        for name in _names(found[1]):
            _require_gpu(name)
            slots += (
                _cpu_slots(at_once, trials) if name == "cpu" else [Slot(name, 0)] * (at_once or 1)
            )
    if len(slots) > _MOST_SLOTS:
        raise UsageError(f"At most {_MOST_SLOTS:,} trials can be trained at once.")
    return slots


def _names(name: str) -> list[str]:
    if name != "auto":
        return [name]
    return [f"cuda:{index}" for index in range(_visible_gpus())] or ["cpu"]


def _visible_gpus() -> int:
    """How many NVIDIA GPUs CUDA will find: it ignores what follows a number that is not one's."""
    count, visible = len(list_gpus()), os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not count:
        return count
    return len([*takewhile(lambda it: it.strip() not in {"", "-1"}, visible.split(","))])


def _require_gpu(name: str) -> None:
    """Refuse a number that no GPU has; where the driver reports none, PyTorch may know others."""
    _, _, number = name.partition(":")
    count = _visible_gpus()
    if number and list_gpus() and int(number) >= count:
        there = ", ".join(f"cuda:{index}" for index in range(count)) or "none is visible"
        raise UsageError(
            f"There is no GPU {name} here. GPUs: {there}.", title="There is no such device"
        )


def _cpu_slots(at_once: int, trials: int) -> list[Slot]:
    """Slots that share the cores; small networks hardly use a second thread."""
    cores = physical_cores()
    count = at_once or max(1, min(cores, trials // _TRIALS_PER_SLOT))
    return [Slot("cpu", max(1, cores // count))] * count

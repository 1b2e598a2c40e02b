"""The devices that a helper uses, and how many trials it trains on each at once."""

import os
import re
from dataclasses import dataclass
from itertools import takewhile

from ..cleaning import one_line
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
    """The slots on this machine; those on the processor come last, and share its cores.

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
    on_cpu: list[int] = []  # how many for each time it is named; 0 to choose
    for word in devices.split(","):
        name, at_once = _read(word, devices)
        for device in _names(name):
            _require_gpu(device)
            if device == "cpu":
                on_cpu.append(at_once or parallel)
            else:
                slots += [Slot(device, 0)] * (at_once or parallel or 1)
    slots += _cpu_slots(on_cpu, trials)
    if len(slots) > _MOST_SLOTS:
        raise UsageError(
            f"The devices '{one_line(devices)}' are to train {len(slots):,} trials at once; at "
            f"most {_MOST_SLOTS:,} can be trained.",
            title="Too many trials at once",
        )
    return slots


def _read(word: str, devices: str) -> tuple[str, int]:
    """A device as it is written, and how many trials it is to train at once; 0 to choose."""
    found = _ONE.fullmatch(word.strip())
    if not found:
        raise UsageError(
            f"The devices '{one_line(devices)}' are not understood.",
            "Such as: auto; cpu; cpu×4; cuda:0,cuda:2; cuda:0×3,cuda:1×3.",
            title="The devices are not understood",
        )
    if found[2] and not int(found[2]):
        raise UsageError(
            f"{word.strip()} would train no trial: the number after × is at least 1.",
            title="The devices are not understood",
        )
    return found[1], int(found[2] or 0)


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


def _cpu_slots(counts: list[int], trials: int) -> list[Slot]:
    """Slots that share the cores; small networks hardly use a second thread."""
    cores, chosen = physical_cores(), counts.count(0)
    count = sum(counts)
    if chosen:
        count += max(chosen, min(cores, trials // _TRIALS_PER_SLOT))
    return [Slot("cpu", max(1, cores // count))] * count if count else []

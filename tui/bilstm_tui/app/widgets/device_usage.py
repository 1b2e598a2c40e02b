"""What there is to train on, and what is free on it, live."""

import asyncio

import psutil
from textual.widgets import Static

from bilstm_core.compute.gpus import Gpu, list_gpus

_SECONDS = 2.0
_GIB = 2**30


class DeviceUsage(Static):
    """A line for each device, or a word for each.

    Args:
        is_short: Whether there is little room.
    """

    def __init__(self, *, is_short: bool = False) -> None:
        super().__init__()
        self._is_short = is_short
        self._length = 0

    def on_mount(self) -> None:
        """Look every two seconds."""
        psutil.cpu_percent()  # the first call only starts the measurement
        self.set_interval(_SECONDS, self._look)
        self.call_after_refresh(self._look)

    async def _look(self) -> None:
        if not self.is_on_screen:  # there are two of us, on two tabs
            return
        gpus = await asyncio.to_thread(list_gpus)
        if self._is_short:
            busy = [processor_in_short(), *map(_short, gpus)]
            words = "  ".join(busy)
            self.update(words, layout=len(words) != self._length)
            self._length = len(words)
        else:
            self.update("\n".join([processor(), *map(_words, gpus)]))


def processor_in_short() -> str:
    """How busy it is."""
    return f"cpu {psutil.cpu_percent():3.0f}%"  # one width: no new layout


def processor() -> str:
    """How busy it is, and what memory there is."""
    memory = psutil.virtual_memory()
    return (
        f"cpu     {psutil.cpu_percent():3.0f} % busy, "
        f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free"
    )


def _short(gpu: Gpu) -> str:
    used = gpu.memory_total - gpu.memory_free
    return f"gpu{gpu.index} {gpu.utilisation}% {used / _GIB:.0f}/{gpu.memory_total / _GIB:.0f} GiB"


def _words(gpu: Gpu) -> str:
    return (
        f"cuda:{gpu.index}  {gpu.utilisation:3d} % busy, {gpu.memory_free / _GIB:.1f} of "
        f"{gpu.memory_total / _GIB:.1f} GiB free, {gpu.name}"
    )

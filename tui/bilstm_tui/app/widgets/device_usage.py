"""The load and the free memory of each device, live."""

import asyncio

import psutil
from textual.widgets import Static

from bilstm_core.compute.gpus import Gpu, list_gpus

_POLL_SECONDS = 2.0
_GIB = 2**30


class DeviceUsage(Static):
    """A line for each device; with `is_short`, one line for all."""

    def __init__(self, *, is_short: bool = False) -> None:
        super().__init__(markup=False)
        self._is_short = is_short
        self._length = 0

    def on_mount(self) -> None:
        """Start polling."""
        psutil.cpu_percent()  # the first call only starts the measurement
        self.set_interval(_POLL_SECONDS, self._poll)
        self.call_after_refresh(self._poll)

    async def _poll(self) -> None:
        if not self.is_on_screen:  # each of the two tabs has such a widget
            return
        gpus = await asyncio.to_thread(list_gpus)
        if self._is_short:
            usage = "  ".join([short_cpu_usage(), *map(_short_gpu_usage, gpus)])
            self.update(usage, layout=len(usage) != self._length)
            self._length = len(usage)
        else:
            self.update("\n".join([cpu_usage(), *map(_gpu_usage, gpus)]))


def short_cpu_usage() -> str:
    """The load of the CPU."""
    return f"cpu {psutil.cpu_percent():3.0f}%"  # of constant width: needs no new layout


def cpu_usage() -> str:
    """The load of the CPU, and the memory."""
    memory = psutil.virtual_memory()
    return (
        f"cpu     {psutil.cpu_percent():3.0f} % busy, "
        f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free"
    )


def _short_gpu_usage(gpu: Gpu) -> str:
    used = gpu.memory_total - gpu.memory_free
    return f"gpu{gpu.index} {gpu.utilisation}% {used / _GIB:.0f}/{gpu.memory_total / _GIB:.0f} GiB"


def _gpu_usage(gpu: Gpu) -> str:
    return (
        f"cuda:{gpu.index}  {gpu.utilisation:3d} % busy, {gpu.memory_free / _GIB:.1f} of "
        f"{gpu.memory_total / _GIB:.1f} GiB free, {gpu.name}"
    )

"""What there is to train on, and what is free on it, live."""

import asyncio

import psutil
from textual.widgets import Static

from bilstm_core.gpus import Gpu, list_gpus

_SECONDS = 2.0
_GIB = 2**30


class Vitals(Static):
    """A line for each device."""

    def on_mount(self) -> None:
        """Look every two seconds."""
        psutil.cpu_percent()  # the first call only starts the measurement
        self.set_interval(_SECONDS, self._look)
        self.call_later(self._look)

    async def _look(self) -> None:
        gpus = await asyncio.to_thread(list_gpus)
        self.update("\n".join([_processor(), *map(_words, gpus)]))


def _processor() -> str:
    memory = psutil.virtual_memory()
    return (
        f"cpu     {psutil.cpu_percent():3.0f} % busy, "
        f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free"
    )


def _words(gpu: Gpu) -> str:
    return (
        f"cuda:{gpu.index}  {gpu.utilisation:3d} % busy, {gpu.memory_free / _GIB:.1f} of "
        f"{gpu.memory_total / _GIB:.1f} GiB free, {gpu.name}"
    )

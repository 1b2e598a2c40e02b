"""NVIDIA GPUs as the driver sees them, without torch and without taking memory on them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes:
        index: The driver's number for it.
        name: Its model.
        memory_free: Bytes that nobody uses.
        memory_total: Bytes in all.
        utilisation: Share of the last moments in which it worked, in percent.
    """

    index: int
    name: str
    memory_free: int
    memory_total: int
    utilisation: int


def list_gpus() -> list[Gpu]:
    """All GPUs of this machine; none where there is no NVIDIA driver."""
    import pynvml  # a twentieth of the app's first paint, and not needed for that

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        return [_read(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _read(index: int) -> Gpu:
    import pynvml

    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    try:
        utilisation = int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except pynvml.NVMLError:  # not told for a slice of a GPU
        utilisation = 0
    name = pynvml.nvmlDeviceGetName(handle)
    return Gpu(index, str(name), int(memory.free), int(memory.total), utilisation)

"""NVIDIA GPUs as reported by the driver, without torch and without using their memory."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """One GPU, by its number in the driver; memory is in bytes.

    Attributes:
        utilisation: Percent of the last sampling period in which a kernel was running.
    """

    index: int
    name: str
    memory_free: int
    memory_total: int
    utilisation: int


def list_gpus() -> list[Gpu]:
    """List the GPUs of this machine; empty without an NVIDIA driver."""
    import pynvml  # deferred: a twentieth of the time until the app's first paint

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
    except pynvml.NVMLError:  # not available for a MIG slice of a GPU
        utilisation = 0
    name = pynvml.nvmlDeviceGetName(handle)
    return Gpu(index, str(name), int(memory.free), int(memory.total), utilisation)

"""How busy the device of a run is."""

import time

import psutil
import torch

_SECONDS = 1.0
"""Between two measurements: drivers of GPUs sample no faster, and asking one takes a while."""


class DeviceUsage:
    """The load of a device; on a CPU, the load of all cores by all programs.

    Args:
        device: The device to measure. Only CPUs and CUDA devices report a load.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._latest: float | None = None
        self._read_at = time.monotonic()
        if device.type == "cpu":
            psutil.cpu_percent()  # the first call only starts the measurement

    def read(self) -> float | None:
        """The latest load as a fraction, measured once a second; None where it is not known."""
        now = time.monotonic()
        if now - self._read_at >= _SECONDS:
            self._read_at, self._latest = now, self._measure()
        return self._latest

    def _measure(self) -> float | None:
        match self._device.type:
            case "cpu":
                return psutil.cpu_percent() / 100
            case "cuda":
                try:
                    return torch.cuda.utilization(self._device) / 100
                except Exception:  # a driver that does not say, each with errors of its own
                    return None
            case _:
                return None

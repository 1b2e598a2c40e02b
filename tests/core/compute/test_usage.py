"""How busy a device is, measured at most once a second."""

from types import SimpleNamespace

import psutil
import pytest
import torch

from bilstm_core.compute import usage
from bilstm_core.compute.usage import DeviceUsage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that the test sets."""
    own = SimpleNamespace(now=0.0)
    monkeypatch.setattr(usage, "time", SimpleNamespace(monotonic=lambda: own.now))
    return own


def test_a_cpu_is_measured_once_a_second(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = iter([0.0, 37.0, 80.0])
    monkeypatch.setattr(psutil, "cpu_percent", lambda: next(loads))
    device = DeviceUsage(torch.device("cpu"))
    assert device.read() is None
    read = []
    for clock.now in (1.0, 1.5, 1.9, 2.0):
        read.append(device.read())
    assert read == [0.37, 0.37, 0.37, 0.8]


def test_a_gpu_that_says_nothing_is_unknown(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: torch.device) -> int:
        raise RuntimeError("not supported")

    monkeypatch.setattr(torch.cuda, "utilization", refuse)
    device = DeviceUsage(torch.device("cuda"))
    clock.now = 2.0
    assert device.read() is None
    monkeypatch.setattr(torch.cuda, "utilization", lambda _: 91)
    clock.now = 4.0
    assert device.read() == 0.91

"""What a GPU does at most: arithmetic, memory, and kernels launched one by one or as a graph."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

_FLOAT32: Any = torch.backends.cuda.matmul
PRECISIONS = ("float32", "tf32", "bfloat16")


@dataclass(frozen=True)
class Ceilings:
    """Rates of one device.

    Attributes:
        arithmetic: Floating-point operations a second of a large matrix product, by precision.
        memory: Bytes read and written a second by a large copy.
        launch: Seconds of a small kernel launched by PyTorch.
        node: Seconds of a small kernel in a CUDA graph; 0 where there are none.
    """

    arithmetic: dict[str, float]
    memory: float
    launch: float
    node: float


def measure(device: torch.device, size: int) -> Ceilings:
    """Measure a device with matrices of size × size."""
    return Ceilings(
        arithmetic={
            name: _products(device, size, name) for name in ("float32", "tf32", "bfloat16")
        },
        memory=_copy(device, size),
        launch=_launch(device),
        node=_node(device) if device.type == "cuda" else 0.0,
    )


def seconds(device: torch.device, work: Callable[[], object], count: int) -> float:
    """Mean seconds of a piece of work, after a warm-up; the best of three measurements."""
    best = float("inf")
    for _ in range(4):
        synchronise(device)
        since = time.perf_counter()
        for _ in range(count):
            work()
        synchronise(device)
        best = min(best, (time.perf_counter() - since) / count)
    return best


def synchronise(device: torch.device) -> None:
    """Wait for everything that was launched."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def kernels_of(work: Callable[[], object]) -> int:
    """How many kernels a piece of work launches on the GPU."""
    activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA]
    with profile(activities=activities, acc_events=True) as profiled:
        work()
        torch.cuda.synchronize()
    return sum(event.device_type.name == "CUDA" for event in profiled.events() or ())


def _products(device: torch.device, size: int, precision: str) -> float:
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    before = _FLOAT32.fp32_precision
    _FLOAT32.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        one, two = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
        return 2 * size**3 / seconds(device, lambda: one @ two, 10)
    finally:
        _FLOAT32.fp32_precision = before


def _copy(device: torch.device, size: int) -> float:
    source = torch.randn(8, size, size, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds(device, lambda: target.copy_(source), 10)


def _launch(device: torch.device) -> float:
    number = torch.zeros(1, device=device)
    return seconds(device, lambda: number.add_(1), 2000)


def _node(device: torch.device) -> float:
    nodes = 1000
    number, graph = torch.zeros(1, device=device), torch.cuda.CUDAGraph()
    number.add_(1)
    torch.cuda.synchronize(device)
    with torch.cuda.graph(graph):
        for _ in range(nodes):
            number.add_(1)
    return seconds(device, graph.replay, 10) / nodes

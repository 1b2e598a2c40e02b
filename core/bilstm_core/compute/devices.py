"""The available devices, and PyTorch's settings for a run on one of them."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch

from ..building_blocks.cells import CELLS
from ..config.schema import CellName, RunConfig
from ..errors import ConfigError, Remedy

_FLOAT32_BACKENDS: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn.rnn)
"""The objects whose `fp32_precision` sets the precision of float32 products.

Looked up at import: in PyTorch 2.10 a module of the same name replaces the second one later.
"""
DETERMINISTIC_WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
"""Environment variable; PyTorch's other deterministic value, `:16:8`, makes cuBLASLt warn."""
_CPU_BFLOAT16_FEATURES = ("avx512_bf16", "amx_bf16")
"""x86 only: on other processors the bfloat16 kernels of an LSTM are slower than float32."""


def available_devices() -> list[str]:
    """List PyTorch's names of the usable devices, in the order in which `auto` prefers them."""
    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def resolve_device(name: str) -> torch.device:
    """Convert `RunConfig.device` to a device; `auto` chooses the best available one.

    Raises:
        ConfigError: The device does not exist, or this build of PyTorch cannot use it.
    """
    available = available_devices()
    requested = {"auto": available[0], "cuda": "cuda:0"}.get(name, name)
    if requested not in available:
        raise ConfigError(
            f"device = {name} is not available here: {_why_missing(requested, available)}.",
            f"Devices of this machine: auto, {', '.join(reversed(available))}.",
            Remedy("Check the installation.", "doctor"),
        )
    return torch.device(requested)


def _why_missing(requested: str, available: list[str]) -> str:
    gpus = sum(name.startswith("cuda") for name in available)
    if not requested.startswith("cuda"):
        return "PyTorch finds no Apple GPU"
    if torch.version.cuda is None and torch.version.hip is None:
        return f"PyTorch {torch.__version__} is a CPU-only build"
    if not gpus:
        return "PyTorch finds no GPU that it can use"
    return f"there {'is 1 GPU' if gpus == 1 else f'are {gpus} GPUs'}, numbered from cuda:0"


def describe(device: torch.device) -> str:
    """Return the model name of the processor or GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    return _processor_name()


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line[:10] == "model name")
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device supports bfloat16 natively, faster than float32."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "mps":
        return False
    if hasattr(torch.cpu, "get_capabilities"):  # since PyTorch 2.11
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(feature) for feature in _CPU_BFLOAT16_FEATURES)
    return torch.cpu._is_avx512_bf16_supported()  # pyright: ignore[reportPrivateUsage]


def resolve_precision(config: RunConfig, device: torch.device) -> torch.dtype:
    """The number format that a configuration asks for, or float32 if the device lacks it."""
    if config.precision == "auto":
        return torch.bfloat16 if has_bfloat16(device) else torch.float32
    is_bfloat16 = config.precision == "bfloat16" and runs_in_bfloat16(config.cell, device)
    return torch.bfloat16 if is_bfloat16 else torch.float32


@cache
def runs_in_bfloat16(cell: CellName, device: torch.device) -> bool:
    """Whether a cell runs in bfloat16, natively or not; oneDNN's LSTM needs AVX-512 for it."""
    if device.type != "cpu":
        return True
    layer = getattr(torch.nn, CELLS[cell].module)
    try:
        with torch.autocast("cpu", torch.bfloat16), torch.random.fork_rng(devices=[]):
            layer(8, 8)(torch.zeros(1, 1, 8))
    except RuntimeError:
        return False
    return True


def has_tf32(device: torch.device) -> bool:
    """Whether the device supports TF32: NVIDIA GPUs since Ampere."""
    if device.type != "cuda" or torch.version.cuda is None:
        return False
    return torch.cuda.get_device_capability(device) >= (8, 0)


@contextmanager
def torch_settings(config: RunConfig) -> Iterator[torch.device]:
    """Set PyTorch's global settings for a run, yield its device, and restore them afterwards.

    Seeds the global generators, from which initial weights and dropout masks are drawn.

    Raises:
        ConfigError: The device does not exist, or this build of PyTorch cannot use it.
    """
    device = resolve_device(config.device)
    were_deterministic = torch.are_deterministic_algorithms_enabled()
    threads = torch.get_num_threads()
    previous = [backend.fp32_precision for backend in _FLOAT32_BACKENDS]
    if config.deterministic:
        # cuBLAS and cuDNN's LSTM read this variable once, when CUDA is initialised
        os.environ.setdefault(*DETERMINISTIC_WORKSPACE)
        torch.use_deterministic_algorithms(True)
    is_tf32 = config.precision == "tf32" and has_tf32(device)
    for backend in _FLOAT32_BACKENDS:  # cuDNN's default is TF32
        backend.fp32_precision = "tf32" if is_tf32 else "ieee"
    torch.manual_seed(config.seed)
    # streams, events and graphs are created on the current GPU, not on that of the tensors
    current = torch.cuda.device(device) if device.type == "cuda" else nullcontext()
    try:
        with current:
            yield device
    finally:
        if config.deterministic:  # it imports PyTorch's compiler, and memory may be short
            torch.use_deterministic_algorithms(were_deterministic)
        torch.set_num_threads(threads)
        for backend, precision in zip(_FLOAT32_BACKENDS, previous, strict=True):
            backend.fp32_precision = precision

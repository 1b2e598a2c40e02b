"""Checks of the installation, the devices and the folders."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil

from . import __version__, paths
from .compute.gpus import list_gpus
from .data.catalog import CATALOG
from .errors import (
    BilstmError,
    DataError,
    InstallationError,
    OutputError,
    Remedy,
    imports_in_words,
)

_GIB = 2**30
_PACKAGES = ("torch", "torchvision", "textual", "rich", "pydantic", "scikit-learn")


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes:
        level: `fine`; `note`: works, but could be better; `problem`: something does not work.
        advice: What to do about it, one piece of advice per line.
        remedies: The advice that an interface can offer as a command, an option or a button.
        exit_code: Exit code of a command that fails because of this; 0 if there is no problem.
    """

    topic: str
    detail: str
    level: Literal["fine", "note", "problem"] = "fine"
    advice: str = ""
    exit_code: int = 0
    remedies: tuple[Remedy, ...] = ()


def diagnose(data_dir: Path | None = None) -> Iterator[CheckResult]:
    """Run all checks, the most basic ones first."""
    yield CheckResult("bilstm-tui", f"{__version__} on Python {platform.python_version()}")
    yield from _packages()
    yield from _machine()
    try:
        with imports_in_words():
            yield from _torch()
            yield from _data(paths.data_dir(data_dir))
    except InstallationError as error:
        yield _problem("PyTorch", error)
    yield _folder("runs folder", paths.runs_dir(), OutputError, must_be_writable=True)


def _problem(topic: str, error: BilstmError) -> CheckResult:
    return CheckResult(
        topic, error.message, "problem", error.advice, error.exit_code, error.remedies
    )


def _packages() -> Iterator[CheckResult]:
    for package in _PACKAGES:
        try:
            yield CheckResult(package, version(package))
        except PackageNotFoundError:
            advice = f"Install it: pip install {package}"
            yield _problem(package, InstallationError("not installed", advice))


def _machine() -> Iterator[CheckResult]:
    memory = psutil.virtual_memory()
    yield CheckResult(
        "memory", f"{memory.available / _GIB:.1f} GiB free of {memory.total / _GIB:.1f} GiB"
    )
    for gpu in list_gpus():
        free, total = gpu.memory_free / _GIB, gpu.memory_total / _GIB
        detail = f"{gpu.name}, {free:.1f} GiB free of {total:.1f} GiB, {gpu.utilisation} % busy"
        yield CheckResult(f"GPU {gpu.index}", detail)


def _torch() -> Iterator[CheckResult]:
    import torch  # slow to import, and may fail

    from .compute import devices  # imports torch

    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU only"
    yield CheckResult("PyTorch build", build)
    available = devices.available_devices()
    for name in available:
        device = torch.device(name)
        bfloat16 = "bfloat16 natively" if devices.has_bfloat16(device) else "no native bfloat16"
        cores = f", {torch.get_num_threads()} threads" if name == "cpu" else ""
        chosen = ", chosen by auto" if name == available[0] else ""
        yield CheckResult(
            f"device {name}", f"{devices.describe(device)}{cores}, {bfloat16}{chosen}"
        )
    if list_gpus() and not torch.cuda.is_available():
        yield _unused_gpu(has_cuda=torch.version.cuda is not None)


def _unused_gpu(*, has_cuda: bool) -> CheckResult:
    if not has_cuda:
        advice = "Install the CUDA build: pip install --upgrade --force-reinstall torch torchvision"
    elif os.environ.get("CUDA_VISIBLE_DEVICES") is not None:
        advice = "CUDA_VISIBLE_DEVICES hides it: unset the variable, or list the GPU in it."
    else:
        advice = "The driver is too old for this PyTorch: update it, or install an older PyTorch."
    detail = "this machine has an NVIDIA GPU that PyTorch cannot use"
    return CheckResult("GPU", detail, "note", advice)


def _data(folder: Path) -> Iterator[CheckResult]:
    from .data.sources.registry import INSTALLED, inspect_folder

    folder_check = _folder("data folder", folder, DataError, must_be_writable=False)
    yield folder_check
    if folder_check.level == "problem":
        return
    for spec in CATALOG.values():
        if spec.name in INSTALLED:
            yield CheckResult(spec.name, "built in")
            continue
        try:
            is_complete, damaged = inspect_folder(spec.name, folder)
        except DataError as error:
            yield _problem(spec.name, error)
            continue
        can_download = folder_check.level == "fine"
        missing = "not found; will be downloaded on first use" if can_download else "not found"
        state = "complete" if is_complete else missing
        if damaged:
            is_downloaded = can_download and not is_complete
            advice = "It will be downloaded again on first use." if is_downloaded else ""
            yield CheckResult(spec.name, " ".join([f"{state}.", *damaged]), "note", advice)
        else:
            yield CheckResult(spec.name, state)


def _folder(
    topic: str, folder: Path, error: type[BilstmError], *, must_be_writable: bool
) -> CheckResult:
    """Check a folder that exists or can be created."""
    # `Path.exists` raises an error where a folder above may not be read
    candidates = [folder, *folder.absolute().parents]
    existing = next(path for path in candidates if os.access(path, os.F_OK))
    detail = str(folder.absolute())
    if not existing.is_dir():
        advice = f"Move {existing} away, or choose another folder."
        return _problem(topic, error(f"{detail}: {existing} is a file", advice))
    free = f"{shutil.disk_usage(existing).free / _GIB:.1f} GiB free"
    if _can_write_in(existing):
        state = "" if existing == folder else ", created when needed"
        return CheckResult(topic, f"{detail}, {free}{state}")
    if must_be_writable:
        advice = f"Choose a writable folder: {paths.RUNS_DIR_VARIABLE}=FOLDER."
        return _problem(topic, error(f"{detail} cannot be written", advice))
    return CheckResult(topic, f"{detail}, read-only: nothing can be downloaded into it", "note")


def _can_write_in(folder: Path) -> bool:
    """Try to create a file: permissions do not show a read-only file system or apply to root."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False

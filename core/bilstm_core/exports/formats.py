"""The formats that a run is exported to: their files, and the libraries that they need."""

import importlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import InstallationError, OutputError, Remedy, UsageError
from ..files import write_atomically
from ..runs.run import Run

FormatName = Literal["onnx", "script", "tensorboard", "csv"]


@dataclass(frozen=True)
class ExportFormat:
    """A format.

    Attributes:
        title: As people write it.
        help: What it is, in a line.
        endings: Of its files, after the name that they share; empty for a folder.
        needs_model: Whether it is made of the trained network, not of the run's events.
    """

    title: str
    help: str
    endings: tuple[str, ...]
    needs_model: bool


FORMATS: dict[FormatName, ExportFormat] = {
    "onnx": ExportFormat(
        "ONNX", "the network, for ONNX Runtime and others", (".onnx",), needs_model=True
    ),
    "script": ExportFormat(
        "Python script",
        "a file that predicts without bilstm-tui",
        (".py", ".safetensors"),
        needs_model=True,
    ),
    "tensorboard": ExportFormat(
        "TensorBoard", "curves, settings and results, for TensorBoard", (), needs_model=False
    ),
    "csv": ExportFormat(
        "CSV",
        "two tables: one row an epoch, one row a step",
        (".epochs.csv", ".steps.csv"),
        needs_model=False,
    ),
}
"""Every format by its name on the command line."""

REPLACE = Remedy("Choose another place, or replace what is there.", "replace")
_TENSORBOARD_FOLDER = Path("tensorboard")


def paths_of(run: Run, name: FormatName, output: Path | None = None) -> tuple[Path, ...]:
    """The files that an export of a run makes, or its folder.

    Args:
        run: The run.
        name: Of the format.
        output: Where to; by default in the working directory, named like the run.
    """
    chosen = FORMATS[name]
    if not chosen.endings:
        return (output or _TENSORBOARD_FOLDER / run.name,)
    given = str(output) if output else run.name
    for ending in (*chosen.endings, ".csv" if name == "csv" else ""):
        if ending and output and given.endswith(ending):
            given = given.removesuffix(ending)
            break
    return tuple(Path(given + ending) for ending in chosen.endings)


def require_writable(paths: Iterable[Path], *, may_replace: bool) -> None:
    """Check where files will be written, before anything is computed.

    Raises:
        UsageError: A file exists and may not be replaced, or is a folder.
        OutputError: The folder to write to does not exist.
    """
    for path in paths:
        if path.is_dir():
            raise UsageError(f"{path} is a folder.", "Choose another file.")
        if not may_replace and os.path.lexists(path):
            raise UsageError(f"{path} exists.", REPLACE)
        if not path.parent.is_dir():
            raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")


def write(path: Path, content: bytes) -> None:
    """Write a file that appears when it is complete.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from None


def import_extra(module: str, extra: str) -> Any:
    """Import a library that is not always installed.

    Raises:
        InstallationError: It is missing; the advice is the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).partition(".")[0]
        raise InstallationError(
            f"{missing} is not installed.",
            f"Install it: pip install 'bilstm-tui[{extra}]'",
            title="A library is missing",
        ) from None

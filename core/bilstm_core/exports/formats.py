"""The formats that a run is exported to: their files, and the libraries that they need."""

import importlib
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import InstallationError
from ..outputs import is_folder
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
        "two tables: one row per epoch, one row per step",
        (".epochs.csv", ".steps.csv"),
        needs_model=False,
    ),
}
"""Every format by its name on the command line."""

_TENSORBOARD_FOLDER = Path("tensorboard")


def paths_of(run: Run, name: FormatName, output: Path | None = None) -> tuple[Path, ...]:
    """The files that an export of a run makes, or its folder.

    Args:
        run: The run.
        name: Of the format.
        output: Where to; a folder that exists is where files named like the run are written. By
            default it is the working directory.
    """
    chosen = FORMATS[name]
    if not chosen.endings:
        return (output or _TENSORBOARD_FOLDER / run.name,)
    if output is None or is_folder(output):
        given = str((output or Path()) / run.name)
    else:
        typed = (*chosen.endings, *[".csv"] * (name == "csv"))
        given = str(output)
        given = given.removesuffix(next(filter(given.endswith, typed), ""))
    return tuple(Path(given + ending) for ending in chosen.endings)


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
            f"Install it: {shlex.quote(sys.executable)} -m pip install 'bilstm-tui[{extra}]'",
            title="A library is missing",
        ) from None

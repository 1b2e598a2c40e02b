"""Every data set by name: described without torch, loaded as tensors."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...config.resolve import did_you_mean
from ...config.schema import RunConfig
from ...errors import DataError
from ...stopping import ShouldStop
from ..catalog import CATALOG
from ..spec import DataSpec

if TYPE_CHECKING:
    from ..dataset import Dataset
    from .download import OnProgress

BUILT_IN = frozenset({"digits"})
"""Data sets that need neither a download nor a folder."""


def describe(config: RunConfig) -> DataSpec:
    """What a run with this configuration learns from, before anything is read.

    Raises:
        DataError: This version knows no such data set.
    """
    return _described(config.dataset).held_out(config.validation_fraction)


def load(
    name: str,
    data_dir: Path,
    on_progress: "OnProgress" = lambda *_: None,
    warn: Callable[[str], None] = lambda _: None,
    should_stop: ShouldStop = lambda: False,
) -> "Dataset":
    """A data set, whole and checked, on the CPU; fetched first where it is missing.

    Args:
        name: As in `RunConfig.dataset`.
        data_dir: Folder in torchvision's layout (`MNIST/raw/…`), read-only or not; also
            accepted is that `MNIST` or `raw` folder itself.
        on_progress: Takes the progress of a download.
        warn: Takes a message for each damaged file that was left out.
        should_stop: Asked often.

    Raises:
        DataError: The data are not available; the advice lists the ways out.
        InstallationError: torchvision does not load.
        RunStopped: The run was asked to stop.
    """
    spec = _described(name)
    if name in BUILT_IN:
        from .digits import load_digits  # imports torch, as the next one does

        return load_digits(spec)
    from .mnist import TorchvisionFolder

    return TorchvisionFolder(spec, data_dir).load(on_progress, warn, should_stop)


def inspect_folder(name: str, data_dir: Path) -> tuple[bool, list[str]]:
    """Whether a data set is complete in a folder, and what is wrong with its files there.

    Raises:
        DataError: A file is there but cannot be read.
        InstallationError: torchvision does not load.
    """
    from .mnist import TorchvisionFolder

    folder = TorchvisionFolder(_described(name), data_dir)
    arrays, damaged = folder.read()
    return len(arrays) == len(folder.files), [error.message for error in damaged]


def _described(name: str) -> DataSpec:
    if name not in CATALOG:
        raise DataError(
            f"This version knows no data set named {name}.{did_you_mean(name, CATALOG)}",
            f"Data sets: {', '.join(CATALOG)}.",
            title="The data set is unknown",
        )
    return CATALOG[name]

"""A data set's name -> tensors, from a folder, from the network, or built in."""

from pathlib import Path

from ...events import Emit
from ...stopping import ShouldStop
from ..catalog import CATALOG
from ..dataset import Dataset
from .digits import _load_digits
from .mnist import _TorchvisionFolder


def load_dataset(
    name: str, data_dir: Path, emit: Emit, should_stop: ShouldStop = lambda: False
) -> Dataset:
    """A data set, whole and checked, on the CPU; fetched first where it has to be.

    Args:
        name: As in `RunConfig.dataset`.
        data_dir: Folder in torchvision's layout (`MNIST/raw/…`), read-only or not; also
            accepted is that `MNIST` or `raw` folder itself.
        emit: Takes `Download` and `RunWarning` events.
        should_stop: Asked often.

    Raises:
        DataError: The data cannot be had; the advice lists the ways out.
        InstallationError: torchvision does not load.
        RunStopped: The run was asked to stop.
    """
    facts = CATALOG[name]
    if facts.is_built_in:
        return _load_digits(facts)
    return _TorchvisionFolder(facts, data_dir, emit, should_stop).load()


def inspect_folder(name: str, data_dir: Path) -> tuple[bool, list[str]]:
    """Whether a data set is complete in a folder, and what is wrong with files of it there.

    Raises:
        DataError: A file is there but cannot be read.
        InstallationError: torchvision does not load.
    """
    folder = _TorchvisionFolder(CATALOG[name], data_dir, lambda _: None, lambda: False)
    arrays, damaged = folder.read()
    return len(arrays) == len(folder.files), [error.message for error in damaged]

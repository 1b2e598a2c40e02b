"""MNIST and its likes: four IDX files in torchvision's layout, fetched where they are missing."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from ... import paths
from ...errors import DamagedDataError, DataError, InstallationError, Remedy
from ...stopping import ShouldStop
from ..dataset import Dataset, Sequences
from ..spec import DataSpec
from .download import Mirror, OnProgress, fetch, locked
from .idx import IdxFile

TORCHVISION_CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
"""By data set, its class in `torchvision.datasets`, which is also the name of its folder."""

# Of the files inside the published MNIST archives; the other sets publish only the archives'.
_UNPACKED_MD5 = {
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
}


def import_torchvision_datasets() -> ModuleType:
    """`torchvision.datasets`.

    Raises:
        InstallationError: torchvision does not load beside this PyTorch.
    """
    try:
        from torchvision import datasets  # slow, and a broken one is a message
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise InstallationError(
            f"torchvision cannot be imported with PyTorch {torch.__version__}: {error}",
            "The two versions do not fit together. Install both in one command:",
            "pip install --upgrade --force-reinstall torch torchvision",
            Remedy(
                "Until then, train on digits, which needs no torchvision.",
                "set",
                settings={"dataset": "digits"},
            ),
        ) from None
    return datasets


class TorchvisionFolder:
    """A data set's four IDX files, in the layout and from the mirrors of its torchvision class."""

    def __init__(self, spec: DataSpec, data_dir: Path) -> None:
        self.spec = spec
        self.torchvision_class = TORCHVISION_CLASSES[spec.name]
        source = getattr(import_torchvision_datasets(), self.torchvision_class)
        self.folder = _raw_folder(data_dir, self.torchvision_class)
        self.files = [self._idx_file(*resource) for resource in source.resources]
        self.mirrors = _mirrors(self.torchvision_class, source.mirrors)

    def load(
        self, on_progress: OnProgress, warn: Callable[[str], None], should_stop: ShouldStop
    ) -> Dataset:
        """The data set; fetched first where it is missing.

        Args:
            on_progress: Takes the progress of a download.
            warn: Takes a message for each damaged file.
            should_stop: Asked often.

        Raises:
            DataError: The data are not available.
            RunStopped: The run was asked to stop.
        """
        arrays, damaged = self.read()
        if len(arrays) < len(self.files):
            arrays, damaged = self._fetch_missing(on_progress, should_stop)
        for error in damaged:
            warn(f"{error.message} It was not used.")
        train, test = (
            Sequences.from_arrays(
                arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]
            )
            for part in ("train", "t10k")
        )
        return Dataset.from_splits(self.spec, train, test)

    def read(self) -> tuple[dict[str, NDArray[np.uint8]], list[DamagedDataError]]:
        """The good files by name, and what is wrong with the others that are there."""
        arrays: dict[str, NDArray[np.uint8]] = {}
        damaged: list[DamagedDataError] = []
        for file in self.files:
            for path in (self.folder / file.name, self.folder / file.packed_name):
                try:
                    arrays[file.name] = file.read(path)
                    break
                except FileNotFoundError:
                    continue
                except DamagedDataError as error:
                    damaged.append(error)
                except OSError as error:
                    raise DataError(
                        f"{path} cannot be read: {error.strerror}.", *self._ways_out()
                    ) from None
        return arrays, damaged

    def _fetch_missing(
        self, on_progress: OnProgress, should_stop: ShouldStop
    ) -> tuple[dict[str, NDArray[np.uint8]], list[DamagedDataError]]:
        title = self.spec.title
        try:
            with locked(self.folder.parent, should_stop):
                arrays, damaged = self.read()  # another process may just have fetched it
                missing = [file for file in self.files if file.name not in arrays]
                if missing:
                    fetch(missing, self.mirrors, self.folder, on_progress, should_stop)
                    arrays, _ = self.read()
                return arrays, damaged
        except OSError as error:
            raise self._cannot_write(error) from None
        except DataError as error:
            found = "".join(f"\n{damage.message}" for damage in self.read()[1])
            raise DataError(
                f"{title} is not in {self.folder} and could not be fetched.{found}\n"
                f"{error.message}",
                *self._ways_out(),
            ) from None

    def _idx_file(self, packed_name: str, packed_md5: str) -> IdxFile:
        spec, name = self.spec, packed_name.removesuffix(".gz")
        count = spec.train_size if name.startswith("train") else spec.test_size
        is_labels = "labels" in name
        return IdxFile(
            name=name,
            shape=(count,) if is_labels else (count, spec.height, spec.width),
            packed_md5=packed_md5,
            md5=_UNPACKED_MD5.get(self.torchvision_class, {}).get(name),
            largest=spec.num_classes - 1 if is_labels else round(spec.normalisation.divisor),
        )

    def _cannot_write(self, error: OSError) -> DataError:
        if error.errno == errno.ENOSPC:
            reason = "no space is left on the disk"
        else:
            reason = error.strerror or str(error)
        found = "".join(f"\n{damage.message}" for damage in self.read()[1])
        return DataError(
            f"{self.spec.title} is not complete in {self.folder}, and it cannot be stored there: "
            f"{reason}.{found}",
            Remedy("Choose a writable folder with free space for the data.", "choose_data_dir"),
            *self._ways_out(),
        )

    def _ways_out(self) -> tuple[str | Remedy, ...]:
        folder = f"{self.torchvision_class}/raw"
        return (
            Remedy(
                f"1. If you have the files, choose the folder with {folder}.", "choose_data_dir"
            ),
            "2. Try again when the network is back; partial downloads are not kept.",
            Remedy("3. Train on the built-in digits.", "set", settings={"dataset": "digits"}),
        )


def _raw_folder(data_dir: Path, name: str) -> Path:
    """`data_dir/NAME/raw`, also where data_dir already is that folder or NAME itself."""
    if data_dir.parts[-2:] == (name, "raw"):
        return data_dir
    return data_dir / "raw" if data_dir.name == name else data_dir / name / "raw"


def _mirrors(torchvision_class: str, published: list[str]) -> list[Mirror]:
    """The user's own mirror first, then those with encryption."""
    own = os.environ.get(paths.MIRROR_VARIABLE)
    first = [Mirror(f"{own.rstrip('/')}/{torchvision_class}/raw/", False)] if own else []
    encrypted_first = sorted(published, key=lambda url: not url.startswith("https://"))
    return [*first, *(Mirror(url, True) for url in encrypted_first)]

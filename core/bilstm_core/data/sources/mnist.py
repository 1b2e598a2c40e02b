"""MNIST, Fashion-MNIST and KMNIST: IDX files in torchvision's layout, downloaded if missing.

Files that are there are read as arrays without torch and torchvision, whose import takes seconds;
torchvision only says where to download from, and what the published files are.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ... import paths
from ...errors import DamagedDataError, DataError, InstallationError, Remedy
from ...stopping import ShouldStop
from ..spec import DataSpec
from .assemble import Images
from .download import Mirror, OnProgress, download, locked
from .idx import IdxFile

if TYPE_CHECKING:
    from ..dataset import Dataset

TORCHVISION_CLASSES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
"""Classes of `torchvision.datasets` by data set; also the names of their folders."""

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The files of each data set, without `.gz`."""

# only MNIST publishes the checksums of its uncompressed files
_UNCOMPRESSED_MD5 = {
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
}


def import_torchvision_datasets() -> ModuleType:
    """Import `torchvision.datasets`.

    Raises:
        InstallationError: torchvision cannot be imported with this version of PyTorch.
    """
    try:
        from torchvision import datasets  # slow to import, and may be broken
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        import torch

        raise InstallationError(
            f"torchvision cannot be imported with PyTorch {torch.__version__}: {error}",
            "The two versions are incompatible. Install both with one command:",
            "pip install --upgrade --force-reinstall torch torchvision",
            Remedy(
                "Until then, train on digits, which needs no torchvision.",
                "set",
                settings={"dataset": "digits"},
            ),
        ) from None
    return datasets


class TorchvisionFolder:
    """The IDX files of a data set, with the layout and mirrors of its torchvision class."""

    def __init__(self, spec: DataSpec, data_dir: Path) -> None:
        self.spec = spec
        self.torchvision_class = TORCHVISION_CLASSES[spec.name]
        self.folder = _raw_folder(data_dir, self.torchvision_class)
        self.files = [self._idx_file(name) for name in FILES]

    def load(
        self, on_progress: OnProgress, warn: Callable[[str], None], should_stop: ShouldStop
    ) -> "Dataset":
        """Load the data set, after downloading missing files; see `registry.load`."""
        from ..dataset import Dataset, Sequences  # imports torch

        arrays, damaged = self.read()
        if len(arrays) < len(self.files):
            arrays, damaged = self._download_missing(on_progress, should_stop)
        for error in damaged:
            warn(f"{error.message} It was not used.")
        train, test = (Sequences.from_arrays(*part) for part in _parts(arrays))
        return Dataset.from_splits(self.spec, train, test)

    def read_present(self) -> tuple[Images, Images]:
        """Read the training and the test part, without a download.

        Raises:
            DataError: They are incomplete, or cannot be read.
        """
        arrays, damaged = self.read()
        if len(arrays) < len(self.files):
            problems = "".join(f"\n{error.message}" for error in damaged)
            raise DataError(
                f"{self.spec.title} is not in {self.folder}; a run downloads it.{problems}",
                Remedy("If you have the files, choose their folder.", "choose_data_dir"),
            )
        return _parts(arrays)

    def read(self) -> tuple[dict[str, NDArray[np.uint8]], list[DamagedDataError]]:
        """Read the valid files by name, and the errors of the damaged ones."""
        arrays: dict[str, NDArray[np.uint8]] = {}
        damaged: list[DamagedDataError] = []
        for file in self.files:
            for path in (self.folder / file.name, self.folder / file.gz_name):
                try:
                    arrays[file.name] = file.read(path)
                    break
                except FileNotFoundError:
                    continue
                except DamagedDataError as error:
                    damaged.append(error)
                except OSError as error:
                    problem = f"{path} cannot be read: {_reason(error)}."
                    raise DataError(problem, *self._advice()) from None
        return arrays, damaged

    def _download_missing(
        self, on_progress: OnProgress, should_stop: ShouldStop
    ) -> tuple[dict[str, NDArray[np.uint8]], list[DamagedDataError]]:
        published = getattr(import_torchvision_datasets(), self.torchvision_class)
        mirrors = _mirrors(self.torchvision_class, published.mirrors)
        checksums = dict(published.resources)
        try:
            with locked(self.folder.parent, should_stop):
                arrays, damaged = self.read()  # another process may have downloaded them meanwhile
                missing = [
                    replace(file, gz_md5=checksums[file.gz_name])
                    for file in self.files
                    if file.name not in arrays
                ]
                if missing:
                    download(missing, mirrors, self.folder, on_progress, should_stop)
                    arrays, _ = self.read()
                return arrays, damaged
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            raise DataError(
                f"{self.spec.title} is incomplete in {self.folder} and cannot be stored there: "
                f"{_reason(error)}{where}.{self._damaged_files()}",
                Remedy("Choose a writable folder with free space for the data.", "choose_data_dir"),
                *self._advice(),
            ) from None
        except DataError as error:
            raise DataError(
                f"{self.spec.title} is not in {self.folder} and could not be downloaded."
                f"{self._damaged_files()}\n{error.message}",
                *self._advice(),
            ) from None

    def _idx_file(self, name: str) -> IdxFile:
        spec = self.spec
        count = spec.train_size if name.startswith("train") else spec.test_size
        is_labels = "labels" in name
        return IdxFile(
            name=name,
            shape=(count,) if is_labels else (count, spec.height, spec.width),
            md5=_UNCOMPRESSED_MD5.get(self.torchvision_class, {}).get(name),
            largest=spec.num_classes - 1 if is_labels else round(spec.normalisation.divisor),
        )

    def _damaged_files(self) -> str:
        return "".join(f"\n{error.message}" for error in self.read()[1])

    def _advice(self) -> tuple[str | Remedy, ...]:
        files = f"1. If you have the files, choose the folder with {self.torchvision_class}/raw."
        return (
            Remedy(files, "choose_data_dir"),
            "2. Try again when the network is back; partial downloads are not kept.",
            Remedy("3. Train on the built-in digits.", "set", settings={"dataset": "digits"}),
        )


def _parts(arrays: dict[str, NDArray[np.uint8]]) -> tuple[Images, Images]:
    """The training and the test part."""
    images, labels = "-images-idx3-ubyte", "-labels-idx1-ubyte"
    train, test = ((arrays[part + images], arrays[part + labels]) for part in ("train", "t10k"))
    return train, test


def _raw_folder(data_dir: Path, name: str) -> Path:
    """Return `data_dir/NAME/raw`; `data_dir` may already be that folder or `NAME`."""
    if data_dir.parts[-2:] == (name, "raw"):
        return data_dir
    return data_dir / "raw" if data_dir.name == name else data_dir / name / "raw"


def _mirrors(torchvision_class: str, published: list[str]) -> list[Mirror]:
    """List the user's own mirror first, then the published ones, those with HTTPS first."""
    own = os.environ.get(paths.MIRROR_VARIABLE)
    first = [Mirror(own, False, f"{torchvision_class}/raw/")] if own else []
    https_first = sorted(published, key=lambda url: not url.startswith("https://"))
    return [*first, *(Mirror(url, True) for url in https_first)]


def _reason(error: OSError) -> str:
    """Why a file cannot be read or written, in words."""
    words = {
        errno.ENOSPC: "no space is left on the disk",
        errno.ELOOP: "a symbolic link is in its place",
        errno.ENXIO: "it is not a regular file",
    }
    return words.get(error.errno or 0, error.strerror or str(error))

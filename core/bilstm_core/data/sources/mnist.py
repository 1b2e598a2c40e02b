"""MNIST and its likes: four IDX files in torchvision's layout, fetched where they are missing."""

import errno
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from ... import paths
from ...errors import DamagedDataError, DataError, InstallationError
from ...events import Download, Emit, RunWarning
from ...stopping import ShouldStop
from ..catalog import DatasetFacts
from ..dataset import Dataset, _dataset, _images
from .download import Mirror, fetch, locked
from .idx import IdxFile

# Of the files inside the published MNIST archives; the other sets publish only the archives'.
_UNPACKED_MD5 = {
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
}

_WAYS_OUT = """\
1. Have the files already, or a colleague does? Point --data-dir at the folder that holds {folder}.
2. Try again when the network is back; nothing half-fetched is kept.
3. Train now on the built-in digits: --dataset digits"""


def import_torchvision_datasets() -> ModuleType:
    """`torchvision.datasets`.

    Raises:
        InstallationError: torchvision does not load beside this PyTorch.
    """
    try:
        from torchvision import datasets  # slow, and a broken one is a message
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise InstallationError(
            f"torchvision does not load beside PyTorch {torch.__version__}: {error}",
            "The two were not built for each other. Install both from one place, at once:\n"
            "pip install --upgrade --force-reinstall torch torchvision\n"
            "Until then, --dataset digits works without torchvision.",
        ) from None
    return datasets


class _TorchvisionFolder:
    """A data set's four IDX files, in the layout and from the mirrors of its torchvision class."""

    def __init__(
        self, facts: DatasetFacts, data_dir: Path, emit: Emit, should_stop: ShouldStop
    ) -> None:
        source = getattr(import_torchvision_datasets(), facts.torchvision_class)
        self.facts = facts
        self.classes = tuple(source.classes)
        self.folder = _raw_folder(data_dir, facts.torchvision_class)
        self.files = [_idx_file(facts, *resource) for resource in source.resources]
        self.mirrors = _mirrors(facts, source.mirrors)
        self.emit = emit
        self.should_stop = should_stop

    def load(self) -> Dataset:
        arrays, damaged = self.read()
        if len(arrays) < len(self.files):
            arrays, damaged = self._fetch_missing()
        for error in damaged:
            self.emit(RunWarning(message=f"{error.message} It was not used."))
        train, test = (
            _images(arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"])
            for part in ("train", "t10k")
        )
        return _dataset(self.facts, self.classes, train, test)

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
                        f"{path} cannot be read: {error.strerror}.", self._ways_out()
                    ) from None
        return arrays, damaged

    def _fetch_missing(self) -> tuple[dict[str, NDArray[np.uint8]], list[DamagedDataError]]:
        title = self.facts.title
        try:
            with locked(self.folder.parent, self.should_stop):
                arrays, damaged = self.read()  # another process may just have fetched it
                missing = [file for file in self.files if file.name not in arrays]
                if missing:
                    fetch(missing, self.mirrors, self.folder, self._report, self.should_stop)
                    arrays, _ = self.read()
                return arrays, damaged
        except OSError as error:
            raise self._cannot_write(error) from None
        except DataError as error:
            found = "".join(f"\n{damage.message}" for damage in self.read()[1])
            raise DataError(
                f"{title} is not in {self.folder} and could not be fetched.{found}\n"
                f"{error.message}",
                self._ways_out(),
            ) from None

    def _cannot_write(self, error: OSError) -> DataError:
        if error.errno == errno.ENOSPC:
            reason = "no space is left on the disk"
        else:
            reason = error.strerror or str(error)
        found = "".join(f"\n{damage.message}" for damage in self.read()[1])
        return DataError(
            f"{self.facts.title} is not complete in {self.folder}, and it cannot be stored there: "
            f"{reason}.{found}",
            "Choose a folder with room that you may write to: --data-dir FOLDER, "
            f"or {paths.DATA_DIR_VARIABLE}.\n" + self._ways_out(),
        )

    def _report(self, file: str, received: int, total: int) -> None:
        self.emit(Download(dataset=self.facts.name, file=file, received=received, total=total))

    def _ways_out(self) -> str:
        return _WAYS_OUT.format(folder=f"{self.facts.torchvision_class}/raw")


def _raw_folder(data_dir: Path, name: str) -> Path:
    """`data_dir/NAME/raw`, also where data_dir already is that folder or NAME itself."""
    if data_dir.parts[-2:] == (name, "raw"):
        return data_dir
    return data_dir / "raw" if data_dir.name == name else data_dir / name / "raw"


def _idx_file(facts: DatasetFacts, packed_name: str, packed_md5: str) -> IdxFile:
    name = packed_name.removesuffix(".gz")
    count = facts.train_size if name.startswith("train") else facts.test_size
    is_labels = "labels" in name
    return IdxFile(
        name=name,
        shape=(count,) if is_labels else (count, facts.sequence_length, facts.input_size),
        packed_md5=packed_md5,
        md5=_UNPACKED_MD5.get(facts.torchvision_class, {}).get(name),
        largest=facts.num_classes - 1 if is_labels else facts.pixel_max,
    )


def _mirrors(facts: DatasetFacts, published: list[str]) -> list[Mirror]:
    """The user's own mirror first, then those that encrypt and are known to answer."""
    own = os.environ.get(paths.MIRROR_VARIABLE)
    first = [Mirror(f"{own.rstrip('/')}/{facts.torchvision_class}/raw/", False)] if own else []
    encrypted_first = sorted(published, key=lambda url: not url.startswith("https://"))
    return [*first, *(Mirror(url, True) for url in encrypted_first)]

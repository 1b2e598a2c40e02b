"""digits: scikit-learn's 1,797 images of 8×8 pixels, in a fixed stratified split."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InstallationError
from ..spec import DataSpec
from .assemble import Images

if TYPE_CHECKING:
    from ..dataset import Dataset

_SPLIT_FILE = Path(__file__).with_name("digits_split.npy")
"""Indices of the training images, followed by those of the test images."""


def load_digits(spec: DataSpec) -> "Dataset":
    """Load the data set.

    Raises:
        InstallationError: scikit-learn's file of digits is missing.
    """
    from ..dataset import Dataset, Sequences  # imports torch

    train, test = (Sequences.from_arrays(*part) for part in read_digits(spec))
    return Dataset.from_splits(spec, train, test)


def read_digits(spec: DataSpec) -> tuple[Images, Images]:
    """Read the training and the test part, without torch.

    The split is that of scikit-learn's `train_test_split` with `random_state=0`, saved in a file.
    scikit-learn itself is not imported: that takes as long as training a small run.

    Raises:
        InstallationError: scikit-learn's file of digits is missing.
    """
    rows = np.loadtxt(_digits_file(), delimiter=",", dtype=np.uint8)
    values, labels = rows[:, :-1].reshape(-1, spec.height, spec.width), rows[:, -1]
    order = np.load(_SPLIT_FILE)
    train, test = order[: spec.train_size], order[spec.train_size :]
    return (values[train], labels[train]), (values[test], labels[test])


def _digits_file() -> Path:
    """Find the file that is installed with scikit-learn."""
    package = find_spec("sklearn")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        if (file := Path(folder, "datasets", "data", "digits.csv.gz")).is_file():
            return file
    raise InstallationError(
        "scikit-learn's file of digits is missing.",
        "Install it again: pip install --upgrade --force-reinstall scikit-learn",
    )

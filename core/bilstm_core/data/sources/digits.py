"""digits: scikit-learn's 1,797 images of 8×8 pixels, in a fixed stratified split."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from ...errors import InstallationError
from ..dataset import Dataset, Sequences
from ..spec import DataSpec

_SPLIT_FILE = Path(__file__).with_name("digits_split.npy")
"""Indices of the training images, followed by those of the test images."""


def load_digits(spec: DataSpec) -> Dataset:
    """Load the data set.

    The split is that of scikit-learn's `train_test_split` with `random_state=0`, saved in a file.
    scikit-learn itself is not imported: that takes as long as training a small run.

    Raises:
        InstallationError: scikit-learn's file of digits is missing.
    """
    rows = np.loadtxt(_digits_file(), delimiter=",", dtype=np.uint8)
    values, labels = rows[:, :-1], rows[:, -1]
    sequences = Sequences.from_arrays(values.reshape(-1, spec.height, spec.width), labels)
    order = torch.from_numpy(np.load(_SPLIT_FILE).astype(np.int64))
    train, test = sequences[order[: spec.train_size]], sequences[order[spec.train_size :]]
    return Dataset.from_splits(spec, train, test)


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

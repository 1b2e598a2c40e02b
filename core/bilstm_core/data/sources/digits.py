"""digits: scikit-learn's 1,797 images of 8×8 pixels."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from ...errors import InstallationError
from ..catalog import DatasetFacts
from ..dataset import Dataset, _dataset, _images

_DIGITS_SPLIT = Path(__file__).with_name("digits_split.npy")
"""Positions of the training images, then of the test images."""


def _load_digits(facts: DatasetFacts) -> Dataset:
    """scikit-learn's 1,797 digits of 8×8 pixels, in a fixed stratified split.

    The split is that of its `train_test_split` with `random_state=0`, which is kept in a file.
    Neither needs scikit-learn to be loaded, which takes as long as a small run trains.
    """
    pixels_and_labels = np.loadtxt(_digits_file(), delimiter=",", dtype=np.uint8)
    pixels, labels = pixels_and_labels[:, :-1], pixels_and_labels[:, -1]
    everything = _images(pixels.reshape(-1, facts.sequence_length, facts.input_size), labels)
    order = torch.from_numpy(np.load(_DIGITS_SPLIT).astype(np.int64))
    train, test = everything[order[: facts.train_size]], everything[order[facts.train_size :]]
    return _dataset(facts, tuple(map(str, range(facts.num_classes))), train, test)


def _digits_file() -> Path:
    """Where scikit-learn keeps its digits.

    Raises:
        InstallationError: It is not there.
    """
    found = find_spec("sklearn")
    folders = found.submodule_search_locations if found else None
    for folder in folders or ():
        if (file := Path(folder, "datasets", "data", "digits.csv.gz")).is_file():
            return file
    raise InstallationError(
        "scikit-learn's images of digits are not where they should be.",
        "Install it anew: pip install --upgrade --force-reinstall scikit-learn",
    )

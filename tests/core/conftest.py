"""What tests of the engine share."""

from pathlib import Path

import pytest

from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources.registry import load_dataset


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load_dataset("digits", Path("unused"), lambda _: None)

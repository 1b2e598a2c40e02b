"""What tests of the engine share."""

from pathlib import Path

import pytest

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources.registry import load


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load(RunConfig(dataset="digits"), Path("unused"))

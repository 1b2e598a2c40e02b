"""Real series, which only some machines have."""

import os
from pathlib import Path

import pytest

from bilstm_core import paths

_DATA_DIR = os.environ.get(paths.DATA_DIR_VARIABLE)


@pytest.fixture(scope="session")
def series_dir() -> Path:
    """A folder with files of the UEA and UCR archives."""
    if _DATA_DIR is None:
        pytest.skip(f"real series are looked for in {paths.DATA_DIR_VARIABLE}, which is not set")
    folder = Path(_DATA_DIR, "series")
    if not folder.is_dir():
        pytest.skip(f"{paths.DATA_DIR_VARIABLE} is set, but {_DATA_DIR} holds no folder series")
    return folder

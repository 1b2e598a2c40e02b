"""What tests in real terminals share."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bilstm_core.runs import list_runs
from tests.e2e.outside import holder


@pytest.fixture(autouse=True)
def _no_run_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    """A test that fails would leave its run training for hours."""
    yield
    for folder in (tmp_path, *tmp_path.glob("*/")):
        for run in list_runs(folder):
            if run.is_live:
                with suppress(ProcessLookupError, ValueError, KeyError):
                    os.kill(holder(run), signal.SIGKILL)

"""What tests in real terminals share."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bilstm_core.runs import list_runs


@pytest.fixture(autouse=True)
def _no_run_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    """A test that fails would leave its run training for hours."""
    yield
    for folder in (tmp_path, *tmp_path.glob("*/")):
        for run in list_runs(folder):
            if run.is_live:
                with suppress(ProcessLookupError, ValueError, KeyError):
                    holder = json.loads(run.lock_file.read_text(encoding="utf-8"))
                    os.kill(holder["pid"], signal.SIGKILL)

"""What tests in real terminals share."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest


@pytest.fixture(autouse=True, scope="session")
def _hang_ups_are_not_ignored() -> None:
    """Under nohup they are, and programs that are started here would leave it so."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test(tmp_path: Path) -> Iterator[None]:
    """A test that fails would leave its run training for hours, be its folder there or gone."""
    yield
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_ours = any(str(tmp_path) in value for value in process.environ().values())
            if is_ours and process.pid != os.getpid():
                process.kill()

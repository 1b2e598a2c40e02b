"""What `--no-ui` refuses before it imports PyTorch."""

import sys
from pathlib import Path

import pytest

from bilstm_core.errors import OutputError
from bilstm_core.processes.protocol import StartRun
from bilstm_core.processes.signals import StopRequest
from bilstm_tui.cli import headless
from tests.samples import small_config


def test_a_folder_in_which_no_run_can_be_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bilstm_core.processes.session", None)  # which imports torch
    monkeypatch.setattr(StopRequest, "listen", lambda _: None)
    (tmp_path / "file").touch()
    order = StartRun(config=small_config(), runs_dir=tmp_path / "file" / "runs")
    with pytest.raises(OutputError, match="No run can be created"):
        headless.run(order, as_json=False)

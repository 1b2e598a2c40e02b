"""The overview of a run."""

from pathlib import Path

import pytest

from bilstm_core import files
from bilstm_core.runs.overview import read_overview
from tests.recording import Recording


def test_of_a_long_log_a_glance_reads_the_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recording(tmp_path, 100_000) as recording:
        recording.finish()
    read = 0
    read_bytes = files.read_bytes

    def counted(path: Path, start: int, length: int) -> bytes:
        nonlocal read
        piece = read_bytes(path, start, length)
        read += len(piece)
        return piece

    monkeypatch.setattr(files, "read_bytes", counted)
    seen = read_overview(recording.run)
    assert (seen.status, seen.epochs) == ("finished", 100)
    assert 0 < read < 100_000 < recording.run.log_file.stat().st_size

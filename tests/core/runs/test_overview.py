"""The overview of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from bilstm_core import files
from bilstm_core.runs.duration import observe_step_times
from bilstm_core.runs.overview import read_overview
from tests.recording import Recording
from tests.samples import MOONS


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


def test_a_long_description_of_the_data_hides_no_time(tmp_path: Path) -> None:
    """Ten thousand classes make the first event longer than what is read at first."""
    names = tuple(f"class {number}" for number in range(10_000))
    with Recording(tmp_path, 2000, replace(MOONS, classes=names)) as recording:
        recording.advance(1000)
    assert recording.run.log_file.read_bytes().index(b"\n") > 100_000
    assert read_overview(recording.run).seconds > 0
    (timing,) = observe_step_times([recording.run])
    assert timing.seconds > 0

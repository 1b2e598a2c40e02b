"""The overview of a run."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bilstm_core import events, files
from bilstm_core.config.resolve import to_toml
from bilstm_core.errors import ConfigError
from bilstm_core.events import to_json
from bilstm_core.runs.duration import observe_step_times
from bilstm_core.runs.event_log import LogReader, read_tail
from bilstm_core.runs.overview import read_overview, read_overviews
from bilstm_core.runs.run import Run
from tests.recording import Recording
from tests.samples import MOONS, small_config


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


_DEEP = b"[" * 30_000


@pytest.mark.parametrize(
    "config",
    [
        b"# x\n" * 20_000,
        b"a = " + _DEEP,
        b".".join([b"a"] * 30_000) + b" = 1",
        b"num_epochs = " + b"9" * 4000,
        b"num_epochs = 0x" + b"f" * 4000,
        b"\n".join(b"k%d = 1" % number for number in range(7000)),
        b'cell = "' + b"x" * 4000 + b'"',
        b"\0" * 100,
        b"\xff",
    ],
)
def test_a_run_that_cannot_be_read_is_listed_with_the_reason(config: bytes, tmp_path: Path) -> None:
    bad, good = Run(tmp_path / "bad"), Run(tmp_path / "good")
    for run in (bad, good):
        run.path.mkdir()
    bad.config_file.write_bytes(config)
    good.config_file.write_text(to_toml(small_config()))
    overviews = read_overviews(tmp_path, {})
    assert overviews["good"].problem == ""
    problem = overviews["bad"].problem
    assert 0 < len(problem) < 3000
    with pytest.raises(ConfigError) as caught:
        _ = Run(bad.path).config
    assert caught.value.message == problem


@pytest.mark.parametrize(
    "line",
    [
        b"\n" * 5_000_000,
        _DEEP * 100 + b"\n",
        b'{"type": "stopped", "time": 1, "epoch": 1, "step": ' + b"9" * 500_000 + b"}\n",
        b'{"type": "progress", "losses": [' + b'"",' * 1_000_000 + b'""]}\n',
    ],
)
def test_a_log_of_nothing_is_no_event(line: bytes, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(line)
    assert read_tail(log, 1 << 24) == []
    assert LogReader(log).read() == []


def test_a_sparse_log_ends(tmp_path: Path) -> None:
    """A file can claim 300 GB without holding them."""
    log = tmp_path / "events.jsonl"
    stopped = to_json(events.Stopped(epoch=1, step=1)).encode() + b"\n"
    log.write_bytes(stopped)
    os.truncate(log, 300 * 10**9)
    with log.open("ab") as file:
        file.write(b"\n" + stopped)
    reader = LogReader(log)
    read: list[events.Event] = []
    while new := reader.read():
        read += new
    assert [event.type for event in read] == ["stopped", "stopped"]
    assert reader.skipped_lines >= 1

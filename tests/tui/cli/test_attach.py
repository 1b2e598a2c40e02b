"""`bilstm-tui attach`: a run in lines or events, until it ends."""

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bilstm_core import events
from bilstm_core.errors import TrainingError
from bilstm_core.runs import event_log
from bilstm_core.runs.lock import RunLock
from bilstm_tui.cli import attach
from tests.recording import Recording


def test_all_events_are_printed_as_json_however_long_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(event_log, "_WHOLE_BELOW_BYTES", 1000)
    monkeypatch.setattr(event_log, "_READ_BYTES", 10_000)
    with Recording(tmp_path, 5000) as recording:
        recording.finish()
    assert attach.follow(recording.run, as_json=True) == 0
    assert capsys.readouterr().out == recording.run.log_file.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [0, 256])
def test_a_failed_run_does_not_end_well_whatever_its_log_says(code: int, tmp_path: Path) -> None:
    with Recording(tmp_path, 1000) as recording:
        recording.advance(1000)
    failed = events.Failed(title="t", message="m", advice="a", exit_code=code)
    with recording.run.log_file.open("a", encoding="utf-8") as log:
        log.write(events.to_json(failed) + "\n")
    with pytest.raises(TrainingError, match="without reporting") as caught:
        attach.follow(recording.run, as_json=False)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("as_json", [True, False])
def test_a_live_run_is_followed_to_its_end(
    *,
    as_json: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recording = Recording(tmp_path, 3000)
    recording.advance(2000)

    def finish(_seconds: float) -> None:
        with recording:
            recording.finish()
        monkeypatch.setattr(attach, "time", time)

    monkeypatch.setattr(attach, "time", SimpleNamespace(sleep=finish))
    assert attach.follow(recording.run, as_json=as_json) == 0
    lines = capsys.readouterr().out.splitlines()
    if as_json:
        lines = [
            f"epoch {event['epoch']}/3"
            for event in map(json.loads, lines)
            if event["type"] == "epoch_ended"
        ]
    epochs = [line.split("  ")[0] for line in lines if line.startswith("epoch")]
    assert epochs == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_a_run_that_is_lost_while_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recording(tmp_path, 1000) as recording:
        recording.finish()
    lock = RunLock(recording.run)
    later = time.time() + 1  # the time of a file may be a few milliseconds behind the clock
    os.utime(recording.run.lock_file, (later, later))
    monkeypatch.setattr(attach, "time", SimpleNamespace(sleep=lambda _: lock.release()))
    with pytest.raises(TrainingError, match="without reporting"):
        attach.follow(recording.run, as_json=False)

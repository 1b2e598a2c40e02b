"""A follower reads a run's events once each, and knows when the run is over."""

import os
import time
from pathlib import Path

import pytest

from bilstm_core import events
from bilstm_core.runs import event_log
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.follow import Follower
from bilstm_core.runs.history import History
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run


def progress(step: int) -> events.Progress:
    return events.Progress(
        epoch=1, step=step, losses=[float(step)], learning_rate=0.1, samples_per_second=9.0
    )


def stopped(step: int, *, seconds_ago: float = 0.0) -> events.Stopped:
    return events.Stopped(time=time.time() - seconds_ago, epoch=1, step=step)


def write(run: Run, *new: events.Event) -> None:
    log = EventLog(run.open_folder())
    for event in new:
        log.append(event)
    log.close()


def means(history: History) -> list[float]:
    return list(history.losses.points()[3])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_the_log_so_far_is_in_the_state_and_new_events_are_returned(run: Run) -> None:
    write(run, progress(1), progress(2))
    with RunLock(run):
        follower = Follower(run, History())
        assert means(follower.state) == [1, 2]
        assert follower.poll() == []
        write(run, third := progress(3))
        assert follower.poll() == [third]
        assert means(follower.state) == [1, 2, 3]
        assert not follower.is_over


def test_a_log_that_does_not_exist_yet(run: Run) -> None:
    with RunLock(run):
        follower = Follower(run, History())
        assert follower.poll() == []
        assert not follower.is_over
        write(run, first := progress(1))
        assert follower.poll() == [first]


def test_a_run_is_over_once_its_last_events_are_read(run: Run) -> None:
    lock = RunLock(run)
    follower = Follower(run, History())
    write(run, progress(1), ending := stopped(1))
    lock.release()
    assert len(follower.poll()) == 2
    assert not follower.is_over
    assert follower.poll() == []
    assert follower.is_over
    assert follower.state.ending == ending


def test_a_run_that_ends_between_the_look_at_its_lock_and_the_reading_of_its_log(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = RunLock(run)
    follower = Follower(run, History())
    read = follower._reader.read

    def end_and_read() -> list[events.Event]:
        monkeypatch.undo()
        assert read() == []
        write(run, stopped(1))
        lock.release()
        return []  # as if the log had been read a moment earlier

    monkeypatch.setattr(follower._reader, "read", end_and_read)
    assert follower.poll() == []
    assert not follower.is_over
    assert [event.type for event in follower.poll()] == ["stopped"]
    follower.poll()
    assert follower.is_over


@pytest.mark.parametrize("from_start", [False, True])
def test_the_ending_of_an_earlier_process_is_not_that_of_the_run(
    run: Run, *, from_start: bool
) -> None:
    write(run, progress(1), stopped(1, seconds_ago=9))
    lock = RunLock(run)  # the run is being resumed, and its process still loads
    follower = Follower(run, History(), from_start=from_start)
    follower.poll()
    assert follower.state.ending is None
    lock.release()  # killed before its first event
    follower.poll()
    assert follower.is_over
    assert follower.state.ending is None


def test_a_run_that_is_resumed_after_it_was_opened(run: Run) -> None:
    write(run, stopped(1, seconds_ago=9))
    follower = Follower(run, History())
    assert follower.state.ending
    with RunLock(run):
        assert follower.poll() == []
        assert follower.state.ending is None


def test_the_ending_of_a_run_whose_files_were_copied_later(run: Run) -> None:
    RunLock(run).release()
    write(run, ending := stopped(1, seconds_ago=9))
    os.utime(run.lock_file)
    assert Follower(run, History()).state.ending == ending


def test_the_ending_of_a_process_that_still_holds_the_run(run: Run) -> None:
    with RunLock(run):
        write(run, ending := stopped(1))
        follower = Follower(run, History())
        assert follower.state.ending == ending
        follower.poll()
        assert follower.state.ending == ending


def test_a_log_that_was_replaced_or_became_shorter_is_read_again(run: Run, tmp_path: Path) -> None:
    write(run, *map(progress, range(1, 9)))
    follower = Follower(run, History())
    run.log_file.rename(tmp_path / "before")
    write(run, *map(progress, range(1, 5)))
    assert len(follower.poll()) == 4
    assert means(follower.state) == [1, 2, 3, 4]
    run.log_file.write_bytes(events.to_json(progress(1)).encode() + b"\n")
    assert len(follower.poll()) == 1
    assert means(follower.state) == [1]


def test_all_events_however_many(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"_WHOLE_BELOW_BYTES": 1000, "_END_BYTES": 500, "_SAMPLE_BYTES": 200, "_SAMPLES": 3}
    for name, value in {**limits, "_READ_BYTES": 4000}.items():
        monkeypatch.setattr(event_log, name, value)
    written = [progress(step) for step in range(1, 201)]
    write(run, *written)
    follower, read = Follower(run, History(), from_start=True), []
    while not follower.is_over:
        read += follower.poll()
    assert read == written
    assert len(follower.state.losses) == 200
    assert len(Follower(run, History()).state.losses) < 100

"""A helper starts the process of a slot again where it was killed, and ends with the others."""

import errno
import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bilstm_core.processes.signals import StopRequest
from bilstm_core.sweeps import helper, worker
from bilstm_core.sweeps.helper import SweepWorker, help_sweep
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.slots import Slot
from bilstm_core.sweeps.study import Study, create_study
from tests.samples import small_config


@pytest.fixture
def study(tmp_path: Path) -> Study:
    plan = make_plan(small_config(), {"cell": "lstm,gru"})
    return create_study(tmp_path / "runs", "s", plan, 1)


class Workers:
    """Stands in for processes; each is killed a number of times before it ends by itself."""

    def __init__(self, *kills: int) -> None:
        self.kills = [*kills]
        self.started = [1] * len(kills)

    def __call__(self, _study: Study, slot: Slot, *_: object) -> Any:
        return Worker(self, slot.threads)


class Worker:
    has_ended = True

    def __init__(self, workers: Workers, index: int) -> None:
        self._workers, self._index = workers, index

    @property
    def killed_by(self) -> int:
        return 9 if self._workers.kills[self._index] > 0 else 0

    def restart(self) -> None:
        self._workers.kills[self._index] -= 1
        self._workers.started[self._index] += 1

    def stop(self) -> None:
        """It has ended."""

    def failure(self) -> None:
        """None."""


@pytest.mark.parametrize(
    ("kills", "started"), [((0,), [1]), ((2,), [3]), ((1, 0, 1), [2, 1, 2]), ((99,), [6])]
)
def test_what_was_killed_is_started_again(
    kills: tuple[int, ...], started: list[int], study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(*kills)
    monkeypatch.setattr(helper, "SweepWorker", workers)
    monkeypatch.setattr(helper, "_POLL_SECONDS", 0.0)
    slots = [Slot("cpu", index) for index in range(len(kills))]
    told: list[int] = []
    help_sweep(study, slots, None, StopRequest(), 0, on_restart=told.append)
    assert workers.started == started
    assert told == [9] * (sum(started) - len(started))


def test_what_was_killed_stays_so_after_a_signal(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(1)
    monkeypatch.setattr(helper, "SweepWorker", workers)
    stop = StopRequest()
    cast(Any, stop).signal = 15
    help_sweep(study, [Slot("cpu", 0)], None, stop, 0)
    assert workers.started == [1]


@pytest.mark.parametrize(("free", "code"), [(0, 5), (1 << 30, 4)])
def test_a_process_that_could_say_nothing_on_a_full_disk(
    free: int, code: int, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    process = SweepWorker(study, Slot("cpu", 1), None, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    failure = process.failure()
    assert failure
    assert failure.exit_code == code
    assert ("No space is left on the disk" in failure.message) == (code == 5)


def test_a_process_says_what_is_wrong_where_its_log_is_full(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")

    readable, writable = os.pipe()
    words = [str(study.folder), "cpu", "1", "-", "0", str(writable)]
    monkeypatch.setattr(sys, "argv", ["worker", *words])
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=fail, flush=fail))
    monkeypatch.setattr("bilstm_core.sweeps.trial.TrialTrainer", fail)
    monkeypatch.setattr(worker, "limit_spinning", lambda: None)
    monkeypatch.setattr(StopRequest, "listen", lambda _: None)
    code = worker.main()
    with os.fdopen(readable) as answers:
        answer = json.loads(answers.readline())
    assert (code, answer["exit_code"]) == (5, 5)
    assert answer["message"] == "a file: No space left on device."

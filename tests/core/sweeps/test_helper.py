"""A helper starts the process of a slot again where it was killed, and ends with the others."""

from pathlib import Path
from typing import Any, cast

import pytest

from bilstm_core.processes.signals import StopRequest
from bilstm_core.sweeps import helper
from bilstm_core.sweeps.helper import help_sweep
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
    def was_killed(self) -> bool:
        return self._workers.kills[self._index] > 0

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
    help_sweep(study, slots, None, StopRequest(), 0)
    assert workers.started == started


def test_what_was_killed_stays_so_after_a_signal(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(1)
    monkeypatch.setattr(helper, "SweepWorker", workers)
    stop = StopRequest()
    cast(Any, stop).signal = 15
    help_sweep(study, [Slot("cpu", 0)], None, stop, 0)
    assert workers.started == [1]

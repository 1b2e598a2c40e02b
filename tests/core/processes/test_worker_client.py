"""The worker process as the app drives it."""

import errno

import pytest

from bilstm_core.processes.protocol import FindLearningRate
from bilstm_core.processes.worker_client import WorkerClient
from tests.samples import small_config


def test_a_real_worker_finds_one() -> None:
    worker = WorkerClient()
    worker.prepare(small_config(batch_size=8))
    worker.prepare(small_config())
    curve = worker.find_learning_rate(FindLearningRate(config=small_config()))
    assert curve.suggestion is not None


def test_a_disk_that_is_full_is_no_trouble_for_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    WorkerClient().close()

"""Failures of a run, reported as its last event."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources import registry
from bilstm_core.errors import DataError, OutOfMemoryError
from bilstm_core.network.cost import parameter_bytes
from bilstm_core.training.failures import (
    out_of_memory_in_words,
    report_failures,
    require_memory,
)
from bilstm_core.training.learning_rate_finder import find_learning_rate
from bilstm_core.training.trainer import Trainer, train
from tests.conftest import Recorder
from tests.samples import small_config


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.\nmore"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes."),
        RuntimeError("std::bad_alloc"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
)
def test_too_little_memory(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(_loop: Trainer) -> None:
        raise error

    monkeypatch.setattr(Trainer, "train_epoch", burst)
    recorder = Recorder()
    with pytest.raises(OutOfMemoryError) as caught:
        train(small_config(), recorder)
    assert "batch_size" in caught.value.advice
    assert "hidden_size" in caught.value.advice
    assert recorder.of(events.Failed)[0].title == "Out of memory"


def test_the_gpu_s_message_becomes_words() -> None:
    error = torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of "
        "79.11 GiB of which 1.25 GiB is free."
    )
    recorder = Recorder()
    with pytest.raises(OutOfMemoryError), report_failures(recorder), out_of_memory_in_words():
        raise error
    (failed,) = recorder.of(events.Failed)
    assert failed.message == "2.00 GiB more were asked for on the GPU, and 1.25 GiB were free."
    assert "batch_size" in failed.advice
    assert "hidden_size" in failed.advice


def test_a_network_beyond_all_memory_is_refused() -> None:
    recorder = Recorder()
    with pytest.raises(
        OutOfMemoryError,
        match=r"Training [\d,]+ parameters needs [\d,.]+ GiB, and [\d,.]+ GiB are free",
    ):
        train(small_config(hidden_size=4096, num_layers=16), recorder)
    assert [event.type for event in recorder.all] == ["failed"]


@pytest.mark.parametrize("begin", [train, find_learning_rate])
def test_memory_that_runs_out_while_a_step_is_taken(
    begin: Callable[[RunConfig], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Trainer, "take_step", burst)
    with pytest.raises(OutOfMemoryError, match="Memory ran out") as caught:
        begin(small_config())
    assert "batch_size" in caught.value.advice


@pytest.mark.parametrize("begin", [train, find_learning_rate])
def test_too_little_free_memory_is_noticed_before_data_are_loaded(
    begin: Callable[[RunConfig], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        pytest.fail("data were loaded")

    monkeypatch.setattr(registry, "load", load)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=2**15))
    with pytest.raises(OutOfMemoryError, match=r"parameters needs 0\.0 GiB") as caught:
        begin(small_config())
    assert "hidden_size" in caught.value.advice
    assert caught.value.exit_code == 1


def test_lanes_need_memory_for_their_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    config = small_config(hidden_size=64, bidirectional=False, threads=4)
    needed = parameter_bytes(config, registry.describe(config))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=needed))
    cpu = torch.device("cpu")
    require_memory(config, registry.describe(config), cpu)
    with pytest.raises(OutOfMemoryError) as caught:
        require_memory(config.model_copy(update={"lanes": 4}), registry.describe(config), cpu)
    assert "Lower lanes or hidden_size" in caught.value.advice


def test_a_defect_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(_loop: Trainer) -> None:
        raise ZeroDivisionError("so it goes")

    monkeypatch.setattr(Trainer, "train_epoch", burst)
    recorder = Recorder()
    with pytest.raises(ZeroDivisionError):
        train(small_config(), recorder)
    (failed,) = recorder.of(events.Failed)
    assert (failed.message, failed.exit_code) == ("ZeroDivisionError: so it goes", 70)


def test_data_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bilstm_core.data.sources import mnist

    monkeypatch.setattr(mnist, "_mirrors", lambda *_: [])
    recorder = Recorder()
    with pytest.raises(DataError):
        train(RunConfig(device="cpu"), recorder, data_dir=tmp_path)
    assert [event.type for event in recorder.all] == ["failed"]
    assert recorder.of(events.Failed)[0].exit_code == 3

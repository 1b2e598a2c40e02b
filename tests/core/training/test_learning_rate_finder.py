"""The learning-rate finder: its rule, and what it says of real networks."""

import math

import pytest
import torch

from bilstm_core.errors import ConfigError, DataError, OutOfMemoryError
from bilstm_core.training.learning_rate_finder import find_learning_rate
from bilstm_core.training.step import Step
from tests.samples import moons_config, small_config


def test_on_digits_it_finds_a_rate_that_trains() -> None:
    curve = find_learning_rate(small_config())
    assert curve == find_learning_rate(small_config())  # the same seed, the same rate
    assert curve.rates == sorted(curve.rates)
    assert curve.rates[0] == pytest.approx(1e-5)
    assert all(map(math.isfinite, curve.losses))
    assert curve.losses[0] == pytest.approx(math.log(10), abs=0.2)
    assert curve.suggestion is not None
    assert 1e-4 < curve.suggestion < 0.3


def test_a_run_that_diverges_ends_early() -> None:
    curve = find_learning_rate(small_config(optimizer="sgd", cell="rnn", clip_norm=0))
    assert len(curve.rates) < 100
    assert curve.rates[-1] < 10


def test_what_training_warns_of_is_a_warning_here() -> None:
    warnings: list[str] = []
    find_learning_rate(small_config(precision="tf32"), warn=warnings.append)
    assert any("has no TF32" in warning for warning in warnings)


class TestFailures:
    """The same as those of a run."""

    def test_memory_that_runs_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise torch.OutOfMemoryError("Tried to allocate 2.00 GiB, of which 1.00 GiB is free.")

        monkeypatch.setattr(Step, "_run", fail)
        with pytest.raises(OutOfMemoryError) as caught:
            find_learning_rate(small_config())
        assert caught.value.message.startswith("2.00 GiB more were asked for")
        assert "batch_size" in caught.value.advice

    def test_data_and_devices_that_are_not_there(self) -> None:
        with pytest.raises(DataError, match="moons"):
            find_learning_rate(moons_config())
        with pytest.raises(ConfigError, match="cuda:99"):
            find_learning_rate(small_config(device="cuda:99"))

    def test_pytorch_s_settings_are_restored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(Step, "_run", fail)
        threads = torch.get_num_threads()
        with pytest.raises(ZeroDivisionError):
            find_learning_rate(small_config(deterministic=True, threads=threads + 1))
        assert torch.get_num_threads() == threads
        assert not torch.are_deterministic_algorithms_enabled()

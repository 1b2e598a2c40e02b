"""Losses and speed as the events report them."""

import pytest
import torch

from bilstm_core import events
from bilstm_core.training import meter
from tests.conftest import Recorder
from tests.samples import small_config
from tests.sessions import recorded


def test_losses_come_a_few_times_a_second_not_a_step() -> None:
    recorder = recorded(small_config(num_epochs=6))
    spent = recorder.of(events.Finished)[0].seconds
    assert len(recorder.of(events.Progress)) <= spent / 0.25 + 6 + 1
    assert all(event.samples_per_second > 0 for event in recorder.of(events.Progress))


def test_an_epoch_s_loss_is_the_mean_over_its_images() -> None:
    recorder = recorded(small_config(num_epochs=1))
    sizes = [64] * 22 + [29]
    losses = [loss for loss in recorder.losses if loss is not None]
    mean = sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / 1437
    assert recorder.of(events.EpochEnded)[0].loss == pytest.approx(mean, rel=1e-5)


def test_a_gradient_norm_is_computed_once_a_report() -> None:
    asked = []

    def norm() -> torch.Tensor:
        asked.append(None)
        return torch.tensor(0.5)

    recorder = Recorder()
    counter = meter.Meter(recorder, torch.device("cpu"))
    for step in range(1, 1001):
        one = torch.ones(())
        counter.add(one, one.long(), 1, norm, epoch=1, step=step, rate=0.1)
    counter.flush()
    assert len(asked) == len(recorder.all) < 1000
    assert {event.gradient_norm for event in recorder.of(events.Progress)} == {0.5}


def test_a_norm_that_is_not_finite_is_unknown() -> None:
    recorder = Recorder()
    counter = meter.Meter(recorder, torch.device("cpu"))
    one, infinite = torch.ones(()), torch.tensor(torch.inf)
    counter.add(one, one.long(), 1, lambda: infinite, epoch=1, step=1, rate=0.1)
    (event,) = recorder.of(events.Progress)
    assert event.gradient_norm is None
    assert event.losses == [1]


def test_a_gpu_is_never_far_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop waits for all steps that were launched."""

    class Launched:
        unfinished = 0

        def __init__(self, *, blocking: bool) -> None:
            assert blocking

        def record(self) -> None:
            Launched.unfinished += 1

        def synchronize(self) -> None:
            Launched.unfinished -= 1

    monkeypatch.setattr(torch.cuda, "Event", Launched)
    counter = meter.Meter(lambda _: None, torch.device("cpu"))
    for _ in range(30):
        counter._wait_for_earlier_step()
        assert Launched.unfinished <= 8
    assert Launched.unfinished == 8

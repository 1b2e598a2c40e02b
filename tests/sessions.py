"""Runs of this process that are started, stopped, resumed and compared."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from bilstm_core.config.schema import RunConfig
from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.run import Run
from bilstm_core.training.trainer import train
from tests.conftest import Recorder


class StopAfter(StopRequest):
    """Requests a stop when it was asked a number of times."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def is_requested(self) -> bool:
        self.count -= 1
        return self.count < 0


def start(folder: Path, config: RunConfig, stop: StopRequest | None = None) -> Run:
    opened = session.start_run(config, folder)
    opened.train(lambda _: None, stop or StopRequest())
    return opened.run


def resume(run: Run, stop: StopRequest | None = None, **changes: Any) -> int:
    opened = session.resume_run(run, changes)
    return opened.train(lambda _: None, stop or StopRequest())


def history(run: Run) -> History:
    past = History()
    for event in open_log(run.log_file)[0]:
        past.add(event)
    return past


def assert_equal(first: Run, second: Run) -> None:
    one, two = load_file(first.model_file), load_file(second.model_file)
    assert all(torch.equal(one[name], two[name]) for name in one)
    past, again = history(first), history(second)
    assert list(past.losses.points()[3]) == list(again.losses.points()[3])
    assert len(past.losses) == len(again.losses)
    for name in ("epochs", "epoch_evaluations", "final"):
        a, b = getattr(past, name), getattr(again, name)
        assert [(k, e.loss if name != "final" else e.correct) for k, e in a.items()] == [
            (k, e.loss if name != "final" else e.correct) for k, e in b.items()
        ]


def recorded(config: RunConfig) -> Recorder:
    """Train without a run directory; the recorder has the events."""
    recorder = Recorder()
    train(config, recorder)
    return recorder

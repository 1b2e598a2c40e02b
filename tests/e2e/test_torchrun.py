"""`torchrun -m bilstm_tui`: several processes train one run, are stopped, killed and resumed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path

import psutil
import pytest

from bilstm_core import events
from bilstm_core.data.spec import Split
from bilstm_core.errors import ConfigError
from bilstm_core.processes.protocol import StartRun
from bilstm_core.processes.rank import train_as_rank
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.orders import send_order
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.samples import small_config
from tests.sessions import history, resume

PATIENCE_SECONDS = 120
RATE = 0.0005
SMALL = (
    *("--dataset", "digits", "--hidden-size", "16", "--device", "cpu", "--precision", "float32"),
    *("--checkpoint-seconds", "0.2"),
)


@contextmanager
def torchrun(ranks: int, folder: Path, *words: str) -> Iterator[psutil.Popen]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--max-restarts=1"]
    process = psutil.Popen(
        [*command, f"--nproc-per-node={ranks}", "-m", "bilstm_tui", *words],
        env={**os.environ, "BILSTM_RUNS_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            for child in ranks_of(process).values():
                child.kill()
            process.kill()
            process.communicate()


def ranks_of(process: psutil.Popen) -> dict[int, psutil.Process]:
    """The processes that torchrun has started, by rank."""
    found = {}
    for child in process.children() if process.is_running() else []:
        try:
            found[int(child.environ()["RANK"])] = child
        except (KeyError, psutil.Error):
            continue
    return found


def wait_until(process: psutil.Popen, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(process: psutil.Popen) -> tuple[int, str]:
    output = process.communicate(timeout=PATIENCE_SECONDS)[0].decode()
    return process.returncode, output


def told(run: Run, *kinds: type[events.Event]) -> list[events.Event]:
    return [event for event in open_log(run.log_file)[0] if isinstance(event, kinds)]


def steps(folder: Path) -> int:
    runs = list_runs(folder)
    return len(history(runs[0]).losses) if runs else 0


def test_a_run_of_several_processes(tmp_path: Path) -> None:
    """It is paused, loses a rank, is stopped by an order and by a signal, and goes on."""
    folder = tmp_path / "runs"
    training = ("--no-ui", *SMALL, "--num-epochs", "100000", "--schedule", "constant")
    with torchrun(2, folder, *training) as process:
        wait_until(process, lambda: steps(folder) > 5)
        (run,) = list_runs(folder)
        send_order(run.commands_file, "pause")
        wait_until(process, lambda: told(run, events.Paused))
        send_order(run.commands_file, "change_learning_rate", RATE)
        send_order(run.commands_file, "resume")
        wait_until(process, lambda: told(run, events.LearningRateChanged))
        assert told(run, events.Resumed)
        ranks_of(process)[1].kill()
        wait_until(process, lambda: len(told(run, events.RunStarted)) == 2)
        send_order(run.commands_file, "stop")
        code, output = ended(process)
    assert code == 0, output  # after another torchrun would start it again
    first, second = told(run, events.RunStarted)
    assert isinstance(first, events.RunStarted)
    assert isinstance(second, events.RunStarted)
    assert (first.step, first.device.ranks, second.device.ranks) == (0, 2, 2)
    assert second.step > 0
    assert len(told(run, events.Stopped)) == 1
    assert output.count("Run 2") == 2  # rank 0 alone prints: once each time
    assert "Traceback" not in output.split("torch.distributed.elastic")[0]

    with torchrun(3, folder, "resume", "latest") as process:
        wait_until(process, lambda: len(told(run, events.RunStarted)) == 3)
        started = ranks_of(process)
        assert sorted(started) == [0, 1, 2]
        process.send_signal(signal.SIGTERM)
        ended(process)
        assert not any(rank.is_running() for rank in started.values())
    before, ending = told(run, events.Stopped)
    resumed = told(run, events.RunStarted)[-1]
    assert isinstance(before, events.Stopped)
    assert isinstance(ending, events.Stopped)
    assert isinstance(resumed, events.RunStarted)
    assert (resumed.step, resumed.device.ranks) == (before.step, 3)
    assert not run.is_live

    epochs = ending.epoch + 1
    assert resume(run, num_epochs=epochs, device="cpu") == 0
    (changed,) = told(run, events.LearningRateChanged)
    assert isinstance(changed, events.LearningRateChanged)
    for split, evaluation in trained_alone(epochs, changed.step).items():
        assert history(run).final[split].loss == pytest.approx(evaluation.loss, rel=0.05, abs=1e-3)


def trained_alone(epochs: int, changed_at: int) -> dict[Split, events.Evaluation]:
    """The final evaluations of one process whose learning rate is changed after a step."""
    asked = count()
    recorder = Recorder()
    train(
        small_config(num_epochs=epochs, schedule="constant"),
        recorder,
        new_learning_rate=lambda: RATE if next(asked) == changed_at else None,
    )
    return {event.split: event for event in recorder.of(events.Evaluation) if event.final}


def test_what_several_processes_cannot_do_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, "0")
    order = StartRun(config=small_config(device="cuda:1"), runs_dir=tmp_path / "runs")
    with pytest.raises(ConfigError, match="torchrun starts a process for each"):
        train_as_rank(order, lambda: nullcontext(lambda _: None), StopRequest())
    assert not (tmp_path / "runs").exists()

"""`torchrun -m bilstm_tui`: several processes train one run, are stopped, killed and resumed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bilstm_core import events
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.orders import send_order
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs
from tests.samples import small_config
from tests.sessions import history, start

PATIENCE_SECONDS = 120
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


def test_a_rank_that_is_killed_is_replaced_and_the_run_goes_on(tmp_path: Path) -> None:
    settings = ("--no-ui", *SMALL, "--num-epochs", "12", "--readout", "last")
    folder = tmp_path / "runs"
    with torchrun(2, folder, *settings) as process:
        wait_until(process, lambda: steps(folder) > 40)
        ranks_of(process)[1].kill()
        code, output = ended(process)
    assert code == 0, output
    (run,) = list_runs(folder)
    first, second = told(run, events.RunStarted)
    assert isinstance(first, events.RunStarted)
    assert isinstance(second, events.RunStarted)
    assert (first.step, first.device.ranks) == (0, 2)
    assert second.step > 0
    past = history(run)
    alone = start(tmp_path / "alone", small_config(num_epochs=12, readout="last"))
    for split, evaluation in history(alone).final.items():
        assert past.final[split].loss == pytest.approx(evaluation.loss, rel=0.02)
    assert output.count("Run 2") == 2  # rank 0 alone prints: once each time
    assert "Traceback" not in output.split("torch.distributed.elastic")[0]


def test_orders_and_signals_reach_all_ranks(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    with torchrun(2, folder, "--no-ui", *SMALL, "--num-epochs", "100000") as process:
        wait_until(process, lambda: steps(folder) > 5)
        (run,) = list_runs(folder)
        send_order(run.commands_file, "change_learning_rate", 0.001)
        wait_until(process, lambda: told(run, events.LearningRateChanged))
        send_order(run.commands_file, "pause")
        wait_until(process, lambda: told(run, events.Paused))
        send_order(run.commands_file, "resume")
        wait_until(process, lambda: told(run, events.Resumed))
        before = steps(folder)
        wait_until(process, lambda: steps(folder) > before)
        started = ranks_of(process)
        assert sorted(started) == [0, 1]
        process.send_signal(signal.SIGTERM)
        ended(process)
        assert not any(rank.is_running() for rank in started.values())
    (ending,) = told(run, events.Stopped)
    assert isinstance(ending, events.Stopped)
    assert not run.is_live
    epochs = str(ending.epoch + 1)
    with torchrun(3, folder, "resume", "latest", "--num-epochs", epochs) as process:
        code, output = ended(process)
    assert code == 0, output
    (_, resumed) = told(run, events.RunStarted)
    assert isinstance(resumed, events.RunStarted)
    assert (resumed.step, resumed.device.ranks) == (ending.step, 3)
    assert isinstance(open_log(run.log_file)[0][-1], events.Finished)


def test_what_several_processes_cannot_do_is_refused(tmp_path: Path) -> None:
    words = ("--no-ui", "--dataset", "digits", "--device", "cuda:1")
    with torchrun(2, tmp_path / "runs", *words) as process:
        code, output = ended(process)
    assert code == 1  # torchrun's own
    assert "torchrun starts a process for each" in " ".join(output.split())
    assert not (tmp_path / "runs").exists()

"""The worker process and its orders."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import RelayedError
from bilstm_core.processes import worker
from bilstm_core.processes.protocol import FindLearningRate, Prepare, RunOpened, to_json
from bilstm_core.processes.worker_client import answer_pipe, parse_answer
from bilstm_core.training import lane_tuning
from tests.samples import small_config


def test_a_worker_prepares_for_what_is_expected_last(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    order = FindLearningRate(config=small_config())
    ours, theirs = os.pipe()
    with os.fdopen(ours) as stdin, os.fdopen(theirs, "w", buffering=1) as orders:

        def measure_and_order(config: RunConfig) -> None:
            measured.append(config.hidden_size)
            orders.write(to_json(order) + "\n")

        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(lane_tuning, "measure_in_advance", measure_and_order)
        monkeypatch.setattr(worker, "_load_libraries", lambda: None)
        for size in (8, 16, 32):
            orders.write(to_json(Prepare(config=small_config(hidden_size=size))) + "\n")
        assert worker._read_order() == order
    assert measured == [32]


@pytest.mark.parametrize("line", ['{"type": "start_sweep"}', "{}", "train it"])
def test_an_order_that_is_not_understood_is_a_failure_in_words(line: str) -> None:
    with answer_pipe() as (answers, writable):
        result = subprocess.run(
            [sys.executable, "-m", "bilstm_core.processes.worker", str(writable)],
            input=line.encode(),
            pass_fds=(writable,),
            capture_output=True,
            check=False,
        )
    with answers, pytest.raises(RelayedError) as caught:
        parse_answer(answers.readline(), RunOpened)
    assert caught.value.title == "The order was not understood"
    assert result.returncode == caught.value.exit_code == 4
    assert not result.stderr


@pytest.mark.parametrize("module", ["worker", "examiner"])
def test_without_a_working_directory_there_is_an_answer(module: str, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    with answer_pipe() as (answers, writable):
        command = [sys.executable, "-P", "-m", f"bilstm_core.processes.{module}"]
        arguments = [str(writable)] if module == "worker" else ["run", "data", str(writable)]
        result = subprocess.run(
            ["/bin/sh", "-c", script, "sh", str(tmp_path / "gone"), *command, *arguments],
            pass_fds=(writable,),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    with answers, pytest.raises(RelayedError, match="working directory was deleted"):
        parse_answer(answers.readline(), RunOpened)
    assert result.returncode == 2

"""Helpers of two machines that share a folder, killed at random moments: nothing is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from optuna.trial import TrialState

from bilstm_core.runs.store import list_runs
from bilstm_core.sweeps.leaderboard import read_leaderboard
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.study import Study, create_study
from tests.samples import small_config
from tests.sessions import history

MACHINES = ("alpha", "beta")
PATIENCE_SECONDS = 120
WORKER = """
import os, runpy, socket, sys
socket.gethostname = lambda: {host!r}
from bilstm_core.runs import holder
holder._boot = lambda: {host!r}
runpy.run_module("bilstm_core.sweeps.worker", run_name="__main__")
"""


def start(study: Study, host: str) -> "subprocess.Popen[bytes]":
    """A process of a helper, which takes itself for one on another machine."""
    arguments = [str(study.folder), "cpu", "1", "-", str(study.stops), "2"]
    command = [sys.executable, "-c", WORKER.format(host=host), *arguments]
    return subprocess.Popen(command, start_new_session=True, env=os.environ)


def test_no_trial_is_lost_or_trained_twice(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    search = {"hidden_size": "4..32:log", "readout": "max,mean,last"}
    config = small_config(num_epochs=4, checkpoint_seconds=0.1)
    study = create_study(tmp_path / "runs", "s", make_plan(config, search), 6)
    deadline = time.monotonic() + PATIENCE_SECONDS
    processes = {host: start(study, host) for host in MACHINES}
    kills = 0
    try:
        while not study.is_over:
            assert time.monotonic() < deadline, f"seed {seed}: {read_leaderboard(study)}"
            time.sleep(0.05)
            host = chance.choice(MACHINES)
            process = processes[host]
            is_at_work = len(study.trials) > kills
            if is_at_work and kills < 3 and process.poll() is None and chance.random() < 0.05:
                process.send_signal(signal.SIGKILL)
                kills += 1
            if process.poll() is not None and not study.is_over:
                processes[host] = start(study, host)
        for process in processes.values():
            assert process.wait(timeout=30) in {0, -signal.SIGKILL}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    trials = study.trials
    assert [trial.number for trial in trials] == [*range(6)], f"seed {seed}"
    assert all(trial.state.is_finished() for trial in trials)
    assert not any(trial.state == TrialState.FAIL for trial in trials), f"seed {seed}"
    runs = [study.run_of(trial) for trial in trials]
    assert len({run.name for run in runs if run}) == 6
    assert sorted(run.name for run in runs if run) == sorted(
        run.name for run in list_runs(study.runs_dir)
    )
    for trial, run in zip(trials, runs, strict=True):
        assert run
        assert not run.is_live
        if trial.state == TrialState.COMPLETE:
            assert trial.value == history(run).final["validation"].accuracy
            assert sorted(trial.intermediate_values) == [1, 2, 3, 4]

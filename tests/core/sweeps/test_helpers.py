"""Helpers of two machines that share a folder, killed at random moments: nothing is lost."""

import multiprocessing
import random
import signal
import time
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from bilstm_core.runs.store import list_runs
from bilstm_core.sweeps.leaderboard import read_leaderboard
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.study import Study, create_study
from tests.samples import small_config
from tests.sessions import history

from . import helper_process

MACHINES = ("alpha", "beta")
PATIENCE_SECONDS = 120
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["bilstm_core.sweeps.trial", helper_process.__name__])


def start(study: Study, host: str) -> Any:
    """A process of a helper on another machine."""
    arguments = [str(study.folder), "cpu", "1", "-", str(study.stops), "2"]
    process = CONTEXT.Process(target=helper_process.main, args=(host, arguments))
    process.start()
    return process


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
            time.sleep(chance.uniform(0, 0.1))
            host = chance.choice(MACHINES)
            process = processes[host]
            if kills < 3 and len(study.trials) > kills and process.is_alive():
                process.kill()
                kills += 1
                process.join()
            if not process.is_alive() and not study.is_over:
                processes[host] = start(study, host)
        for process in processes.values():
            process.join(30)
            assert process.exitcode in {0, -signal.SIGKILL}
    finally:
        for process in processes.values():
            process.kill()
            process.join()
    assert kills, f"seed {seed}"
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

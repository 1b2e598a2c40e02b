"""Sweeps that nobody trains: what their trials report is made up."""

import math
import random
from pathlib import Path
from typing import Any, Self

from optuna.trial import TrialState

from bilstm_core.config.schema import RunConfig
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.study import Claim, create_study
from tests.samples import small_config
from tests.tui.driving import story

SEARCH = {
    "hidden_size": "16..256:log",
    "cell": "lstm,gru",
    "learning_rate": "1e-3..3e-2:log",
}
EPOCHS = 8


class MadeUpSweep:
    """A sweep whose trials this process only claims; ends with `with`.

    Args:
        runs_dir: The folder of the runs.
        name: Its name.
        trials: How many are wanted.
        search: The searched settings.
        how: Fields of its plan.
    """

    def __init__(
        self,
        runs_dir: Path,
        name: str = "first",
        trials: int = 20,
        search: dict[str, str] | None = None,
        **how: Any,
    ) -> None:
        config = small_config(num_epochs=EPOCHS)
        plan = make_plan(config, search or SEARCH, **how)
        self.study = create_study(runs_dir, name, plan, trials)
        self.runs_dir = runs_dir
        self.locks: dict[str, RunLock] = {}
        self._rng = random.Random(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for lock in self.locks.values():
            lock.release()

    def start(self, epochs: int = 0) -> Claim:
        """Start a trial, which has trained so many epochs."""
        claim = self.study.claim(self._make_run)
        assert claim
        for epoch in range(1, epochs + 1):
            self.study.report(claim, epoch, self.value(claim, epoch))
        return claim

    def finish(self, *, with_events: bool = False) -> Claim:
        """Train a trial to its end."""
        claim = self.start(EPOCHS)
        if with_events:
            log = EventLog(claim.run.open_folder())
            for event in story(claim.run.config):
                log.append(event)
            log.close()
        self.end(claim, TrialState.COMPLETE, self.value(claim, EPOCHS))
        return claim

    def prune(self, epochs: int = 3) -> Claim:
        """Train a trial, and end it early."""
        claim = self.start(epochs)
        self.end(claim, TrialState.PRUNED, self.value(claim, epochs), "pruned")
        return claim

    def stop(self, epochs: int = 3) -> Claim:
        """Train a trial, and end it as a user does."""
        claim = self.start(epochs)
        value, problem = self.value(claim, epochs), "stopped by the user"
        self.study.finish(claim.trial_id, TrialState.PRUNED, value, problem, is_stopped=True)
        self.lose(claim)
        return claim

    def fail(self, problem: str) -> Claim:
        """Start a trial that fails."""
        claim = self.start()
        self.end(claim, TrialState.FAIL, None, problem)
        return claim

    def lose(self, claim: Claim) -> None:
        """End the process of a trial without a word."""
        self.locks.pop(claim.run.path.name).release()

    def end(self, claim: Claim, state: TrialState, value: float | None, problem: str = "") -> None:
        """End a trial."""
        self.study.finish(claim.trial_id, state, value, problem)
        self.lose(claim)

    def value(self, claim: Claim, epoch: int) -> float:
        """The objective of a trial: best at 100 units and a learning rate of 0.01."""
        config = claim.run.config
        miss = (math.log(config.hidden_size / 100) / 6) ** 2
        miss += (math.log(config.learning_rate / 0.01) / 3) ** 2 + 0.01 * (config.cell == "gru")
        miss = 0.005 + 0.1 * miss + 0.5 * math.exp(-epoch) + 0.002 * self._rng.random()
        return miss if self.study.plan.objective == "loss" else 1 - miss

    def _make_run(self, config: RunConfig, label: str) -> Run:
        run, lock = create_run(self.runs_dir, config, label)
        self.locks[run.path.name] = lock
        return run

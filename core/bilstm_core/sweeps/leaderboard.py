"""A sweep's trials as people look at them: ranked, with what is known of each."""

import importlib
import math
import sys
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from optuna.trial import FrozenTrial, TrialState

from ..cleaning import one_line
from ..config.resolve import revise
from ..config.schema import RunConfig
from ..config.settings import SETTINGS
from ..files import modified_at
from .space import SEARCHABLE, Value
from .study import Study, idle_seconds

State = Literal["waiting", "training", "interrupted", "finished", "pruned", "stopped", "failed"]
ENDED: tuple[State, ...] = ("finished", "pruned", "stopped", "failed")

_ENDED: dict[TrialState, State] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.WAITING: "waiting",
}
_LARGEST = 1e15
"""Of a setting or a loss: what is larger was written by somebody else."""
_ORDER: tuple[State, ...] = (
    *("finished", "training", "interrupted", "pruned", "stopped", "failed", "waiting"),
)


@dataclass(frozen=True)
class Row:
    """One trial.

    Attributes:
        run: The name of its run; empty before it has one.
        state: `pruned` where the search has ended it early, `stopped` where a user has;
            `interrupted` where no process trains it: the next free one resumes it.
        value: The objective; of a trial that has not finished, after the latest epoch.
        settings: Those that were searched and have an effect in this trial.
        epoch: The latest epoch with a value.
        seconds: From its start to its end, or until now, without the time in which nobody trained
            it.
        problem: Why it has no value, or was ended.
        by_epoch: The objective after each epoch.
    """

    number: int
    run: str
    state: State
    value: float | None
    settings: dict[str, Value]
    epoch: int
    seconds: float
    problem: str
    by_epoch: dict[int, float]


@dataclass(frozen=True)
class Leaderboard:
    """All trials of a sweep at one moment.

    Attributes:
        rows: The best finished trial first, then the others that finished, then the rest.
        wanted: How many trials there are to be.
        best_so_far: After each finished trial, in the order of their numbers, the number of the
            trial and the best value until then.
    """

    rows: tuple[Row, ...]
    wanted: int
    is_paused: bool
    best_so_far: tuple[tuple[int, float], ...]

    @property
    def best(self) -> Row | None:
        """The best finished trial."""
        first = self.rows[0] if self.rows else None
        return first if first and first.state == "finished" else None

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return self.count(*ENDED)

    @property
    def is_over(self) -> bool:
        """Whether every trial that is wanted has ended."""
        return self.ended >= self.wanted

    def count(self, *states: State) -> int:
        """How many trials are in one of these states."""
        return sum(row.state in states for row in self.rows)


def read_leaderboard(study: Study) -> Leaderboard:
    """The trials as they are now."""
    return LeaderboardReader(study).read()


class LeaderboardReader:
    """Reads the trials of a sweep again and again; the row of one that has ended is made once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._ended: dict[int, Row] = {}

    def read(self) -> Leaderboard:
        """The trials as they are now."""
        study, plan = self._study, self._study.plan
        rows = [self._row(trial) for trial in study.trials]
        sign = -1 if plan.is_maximised else 1

        def rank(row: Row) -> tuple[int, float, int]:
            value = math.inf if row.value is None else sign * row.value
            return _ORDER.index(row.state), value, row.number

        best: list[tuple[int, float]] = []
        for row in rows:
            if row.state == "finished" and row.value is not None:
                value = plan.best([row.value, *(value for _, value in best[-1:])])
                best.append((row.number, row.value if value is None else value))
        shown = sorted((row for row in rows if row.state != "waiting"), key=rank)
        return Leaderboard(tuple(shown), study.trials_wanted, study.is_paused, tuple(best))

    def _row(self, trial: FrozenTrial) -> Row:
        row = self._ended.get(trial.number)
        if row is None:
            row = _row(self._study, trial)
            if trial.state.is_finished():
                self._ended[trial.number] = row
        return row


def _row(study: Study, trial: FrozenTrial) -> Row:
    highest = 1.0 if study.plan.is_maximised else _LARGEST
    by_epoch = {
        epoch: float(value)
        for epoch, value in sorted(trial.intermediate_values.items())
        if 0 <= value <= highest
    }
    latest = max(by_epoch, default=0)
    state = _ENDED.get(trial.state)
    if state is None:
        state = "interrupted" if study.is_lost(trial) else "training"
    if state == "pruned" and trial.user_attrs.get("stopped") is True:
        state = "stopped"
    value = by_epoch.get(latest)
    if trial.values:
        value = float(trial.values[0]) if 0 <= trial.values[0] <= highest else None
    run = study.run_of(trial)
    return Row(
        number=trial.number,
        run=run.name if run else "",
        state=state,
        value=value,
        settings={name: _clean(trial.params[name]) for name in SEARCHABLE if name in trial.params},
        epoch=latest,
        seconds=_seconds(study, trial, state),
        problem=one_line(str(trial.user_attrs.get("problem", ""))),
        by_epoch=by_epoch,
    )


def _clean(value: object) -> Value:
    if isinstance(value, int | float) and abs(value) < _LARGEST:
        return value
    return one_line(str(value))


def _seconds(study: Study, trial: FrozenTrial, state: State) -> float:
    """How long it was trained, as far as is known: until its run's latest event if it waits."""
    if not trial.datetime_start:
        return 0.0
    end = trial.datetime_complete.timestamp() if trial.datetime_complete else time.time()
    run = study.run_of(trial)
    if run and (state == "interrupted" or (state == "training" and study.is_paused)):
        end = modified_at(run.log_file)
    return max(0.0, end - trial.datetime_start.timestamp() - idle_seconds(trial))


def best_config(study: Study, row: Row) -> RunConfig:
    """The configuration of a trial; where it is to be trained is as in the sweep's settings.

    Raises:
        ConfigError: It is not a valid one.
    """
    without_effect = {name: SETTINGS[name].default for name in study.plan.search}
    return revise(study.plan.base, {**without_effect, **row.settings})


def importances(study: Study, rows: Iterable[Row]) -> dict[str, float]:
    """How much of the differences each searched setting explains, by PED-ANOVA.

    The parts sum to 1; empty where too few trials have finished. Watanabe, Bansal, Hutter:
    *PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces*,
    IJCAI 2023, as Optuna computes it.
    """
    finished = [row for row in rows if row.state == "finished"]
    if len({row.value for row in finished}) < 2 or len(finished) < 4:
        return {}
    with suppress(Exception), warnings.catch_warnings():  # it has conditions of its own
        warnings.simplefilter("ignore")  # as that a value was tried once
        found = _importance().get_param_importances(study.optuna_study)
        return {name: float(part) for name, part in found.items() if math.isfinite(part)}
    return {}


def _importance() -> ModuleType:
    """Optuna's module, imported without scikit-learn, which its other evaluators need.

    Importing that takes seconds, in which the app would answer no key.
    """
    if {"sklearn", "optuna.importance"} & {*sys.modules}:
        return importlib.import_module("optuna.importance")
    sys.modules["sklearn"] = None  # pyright: ignore[reportArgumentType] - an import of it fails
    try:
        return importlib.import_module("optuna.importance")
    finally:
        del sys.modules["sklearn"]

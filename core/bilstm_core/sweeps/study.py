"""A sweep as its helpers share it: a folder with Optuna's journal, on any number of machines.

Nothing but the folder is shared. A trial is claimed under a lock, so that `trials` counts all
helpers together; from then on its run's lock says whether a process trains it. A trial is lost if
no process trains its run: the next free helper resumes that run.
"""

import errno
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState
from pydantic import ValidationError

from ..cleaning import one_line
from ..config.resolve import revise
from ..config.schema import RunConfig
from ..errors import (
    BilstmError,
    ConfigError,
    OutputError,
    Remedy,
    RunBusyError,
    UsageError,
)
from ..runs.lock import RunLock
from ..runs.run import Run
from ..runs.store import LATEST, check_label, list_runs
from .folders import JOURNAL, create_folder, find_sweep, sweep_folder
from .journal import Journal, NewJournal, Storage, damaged_journal
from .plan import Plan
from .proposals import choose_settings, make_pruner, make_sampler
from .space import Space

_CLAIMS = "claims"
_STUDY = "sweep"
_LONGEST_SECONDS = 1e10
_LONGEST_NAME = 48
_WHERE = {"device", "threads"}
"""Settings that a trial has from the slot on which it is trained."""
_RUN_NAME = re.compile(r"[\w.-]{1,200}", re.ASCII)
DEFAULT_TRIALS = 50
"""Where nothing is said, but for grids, which are tried as a whole."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class Claim:
    """A trial that this process is to train.

    Attributes:
        run: Its run.
        is_new: Whether the run was made for this claim, and is not to be resumed.
    """

    trial_id: int
    number: int
    run: Run
    is_new: bool


class Study:
    """A sweep's state; every call reads what other helpers have written.

    Args:
        folder: The sweep's folder.

    Raises:
        UsageError: There is no sweep.
        DataError: Its journal is not one.
        OutputError: The journal cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = one_line(folder.name)
        self.runs_dir = folder.parent.parent
        journal = folder / JOURNAL
        if not journal.is_file():
            raise UsageError(f"There is no sweep {self.name} in {self.runs_dir}.")
        try:
            self.journal = Journal(journal)
            self._storage = Storage(self.journal)
            self._id = self._storage.get_study_id_from_name(_STUDY)
            self.plan = Plan.model_validate(self._attribute("plan"))
            self._study = optuna.load_study(
                study_name=_STUDY, storage=self._storage, pruner=make_pruner(self.plan)
            )
        except BilstmError:
            raise
        except ValidationError as error:
            wrong = ".".join(map(str, error.errors()[0]["loc"]))
            reason = f"its plan has no valid {wrong}" if wrong else "it has no plan"
            raise damaged_journal(journal, reason) from None
        except Exception:
            raise damaged_journal(journal) from None
        self._space: Space | None = None

    @property
    def trials_wanted(self) -> int:
        """How many trials there are to be, over all helpers."""
        wanted = self._attribute("trials")
        return wanted if isinstance(wanted, int) and 0 < wanted < 2**31 else 0

    def want_trials(self, number: int) -> None:
        """Change how many trials there are to be: of a finite space at most all combinations."""
        number = min(number, self.combinations or number)
        self._storage.set_study_user_attr(self._id, "trials", number)

    @property
    def combinations(self) -> int | None:
        """How many combinations there are to try; None where they are not counted, or infinite."""
        number = self._attribute("combinations")
        return number if isinstance(number, int) and number > 0 else None

    @property
    def is_paused(self) -> bool:
        """Whether no trial is to be started, and those that train are to wait."""
        return self._attribute("paused") is True

    def set_paused(self, paused: bool) -> None:
        """Pause or continue the sweep; see `is_paused`."""
        self._storage.set_study_user_attr(self._id, "paused", paused)

    @property
    def stops(self) -> int:
        """How often the helpers were asked to stop: one stops when that was since its start.

        Not a time: the clocks of two machines differ.
        """
        stops = self._attribute("stops")
        return stops if isinstance(stops, int) else 0

    def stop_helpers(self) -> None:
        """Ask all helpers that are there to stop."""
        self._storage.set_study_user_attr(self._id, "stops", self.stops + 1)

    def _attribute(self, name: str) -> Any:
        return self._storage.get_study_user_attrs(self._id).get(name)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, in their order; not to be changed."""
        return self._storage.get_all_trials(self._id, deepcopy=False)

    @property
    def optuna_study(self) -> optuna.Study:
        """Optuna's view of it, for what Optuna computes."""
        return self._study

    def run_of(self, trial: FrozenTrial) -> Run | None:
        """The run of a trial; None before it has one."""
        name = trial.user_attrs.get("run")
        is_name = isinstance(name, str) and _RUN_NAME.fullmatch(name) and set(name) != {"."}
        return Run(self.runs_dir / str(name)) if is_name else None

    def is_lost(self, trial: FrozenTrial) -> bool:
        """Whether a trial has a run that no process trains."""
        run = self.run_of(trial)
        return trial.state == TrialState.RUNNING and run is not None and not run.is_live

    @property
    def is_over(self) -> bool:
        """Whether every trial that is wanted has ended."""
        trials = self.trials
        return (
            not any(trial.state == TrialState.RUNNING for trial in trials)
            and self._room(trials) <= 0
        )

    @property
    def started(self) -> int:
        """How many trials have started, ended ones among them."""
        return sum(trial.state != TrialState.WAITING for trial in self.trials)

    def _room(self, trials: list[FrozenTrial]) -> int:
        """How many more trials may be started."""
        waiting = [trial for trial in trials if trial.state == TrialState.WAITING]
        wanted = min(self.trials_wanted, self.combinations or self.trials_wanted)
        room = wanted - (len(trials) - len(waiting))
        return min(room, len(waiting)) if self.plan.sampler == "grid" else room

    def claim(self, start: Callable[[RunConfig, str], Run]) -> Claim | None:
        """Claim a trial: a lost one, or a new one, for which `start` makes a run.

        Returns None where there is nothing to do at present. A trial whose settings do not fit
        together, or do not fit the data, fails.

        Raises:
            BilstmError: `start` failed for a reason that is not the trial's own.
        """
        if self.is_paused:
            return None
        for trial in self.trials:
            run = self.run_of(trial)
            if run and self.is_lost(trial):
                return Claim(trial._trial_id, trial.number, run, is_new=False)
        self._space = self._space or self.plan.space()  # may read data, which takes a while
        with self._claiming() as is_allowed:
            while is_allowed and (found := self._unstarted()):
                trial, is_new = found
                label = f"{self.name}-{trial.number:03d}"
                try:
                    config = self._configuration(trial)
                    run = None if is_new else self._run_left(label, config)
                    is_new = run is None
                    run = run or start(config, label)
                except ConfigError as error:
                    self.finish(trial._trial_id, TrialState.FAIL, problem=error.message)
                    continue
                self._storage.set_trial_user_attr(trial._trial_id, "run", run.path.name)
                return Claim(trial._trial_id, trial.number, run, is_new=is_new)
        return None

    @contextmanager
    def _claiming(self) -> Iterator[bool]:
        """Hold the lock of claims; yields False where another helper has it for long.

        It is a run's lock, which a process that is killed does not keep.
        """
        place = Run(self.folder / _CLAIMS)
        with suppress(OSError):
            place.path.mkdir(exist_ok=True)
        try:
            lock = RunLock(place)
        except RunBusyError:
            yield False
            return
        with lock:
            yield True

    def _unstarted(self) -> tuple[FrozenTrial, bool] | None:
        """A trial that has no run yet: one whose helper ended while it was claimed, or a new one.

        The second is whether it is new. Only under the lock of claims: elsewhere another helper may
        be about to make its run.
        """
        trials = self.trials
        self._study.sampler = make_sampler(self.plan, len(trials))
        for trial in trials:
            if trial.state == TrialState.RUNNING and self.run_of(trial) is None:
                return trial, False
        if self._room(trials) <= 0:
            return None
        return self._storage.get_trial(self._study.ask()._trial_id), True

    def _configuration(self, trial: FrozenTrial) -> RunConfig:
        """The configuration of a trial, chosen now where it is not yet."""
        base = self.plan.base
        space = self._space or self.plan.space()
        if not trial.params and "fixed_params" not in trial.system_attrs:
            chosen = choose_settings(self._study, self.plan, space, base, trial)
            # where Optuna keeps the settings of a trial in a queue
            self._storage.set_trial_system_attr(trial._trial_id, "fixed_params", chosen)
        asked = optuna.Trial(self._study, trial._trial_id)
        return revise(base, space.choose(base, asked))

    def _run_left(self, label: str, config: RunConfig) -> Run | None:
        """The run that a helper made just before it ended.

        One of an earlier sweep of this name has other settings, or is as good.
        """
        name = re.compile(rf"\d{{4}}-\d\d-\d\d_\d{{6}}_{re.escape(label)}_\w{{3}}")
        runs = (run for run in list_runs(self.runs_dir) if name.fullmatch(run.name))
        return next((run for run in runs if _has_settings(run, config)), None)

    def report(self, claim: Claim, epoch: int, value: float) -> bool:
        """Report the objective after an epoch; returns whether the trial is to be pruned."""
        with suppress(UpdateFinishedTrialError):
            self._storage.set_trial_intermediate_value(claim.trial_id, epoch, value)
        trial = self._storage.get_trial(claim.trial_id)
        return self._study.pruner.prune(self._study, trial)

    def is_running(self, claim: Claim) -> bool:
        """Whether a trial has not ended."""
        return self._storage.get_trial(claim.trial_id).state == TrialState.RUNNING

    def values_by_epoch(self, claim: Claim) -> dict[int, float]:
        """The objective after each epoch of a trial that was reported."""
        return dict(self._storage.get_trial(claim.trial_id).intermediate_values)

    def finish(
        self,
        trial_id: int,
        state: TrialState,
        value: float | None = None,
        problem: str = "",
        *,
        is_stopped: bool = False,
    ) -> None:
        """End a trial, with its value or with what is wrong; the first report counts.

        Args:
            trial_id: The trial.
            state: COMPLETE, PRUNED or FAIL.
            value: The objective.
            problem: Why it has none, or was ended.
            is_stopped: Whether a user ended it, for which Optuna has no state.
        """
        with suppress(UpdateFinishedTrialError):
            if is_stopped:
                self._storage.set_trial_user_attr(trial_id, "stopped", True)
            if problem:
                self._storage.set_trial_user_attr(trial_id, "problem", one_line(problem))
            values = None if value is None else [value]
            self._storage.set_trial_state_values(trial_id, state, values)

    def add_idle(self, claim: Claim, seconds: float) -> None:
        """Add to the time in which nobody trained a trial."""
        idle = idle_seconds(self._storage.get_trial(claim.trial_id)) + max(0.0, seconds)
        with suppress(UpdateFinishedTrialError):
            self._storage.set_trial_user_attr(claim.trial_id, "idle", idle)

    def count_loss(self, claim: Claim, step: int) -> int:
        """Count that a trial's process was killed at a step; returns how often it was there."""
        before = self._storage.get_trial(claim.trial_id).user_attrs.get("lost")
        times = 1
        if isinstance(before, list) and len(before) == 2 and before[0] == step:
            times = int(before[1]) + 1
        self._storage.set_trial_user_attr(claim.trial_id, "lost", [step, times])
        return times


def idle_seconds(trial: FrozenTrial) -> float:
    """For how long nobody trained a trial between its start and its latest claim."""
    idle = trial.user_attrs.get("idle")
    return float(idle) if isinstance(idle, int | float) and 0 <= idle < _LONGEST_SECONDS else 0.0


def create_study(runs_dir: Path, name: str, plan: Plan, trials: int) -> Study:
    """Create a sweep, all of it or nothing.

    Raises:
        UsageError: There is one of this name, or the name cannot be part of a folder's name.
        BilstmError: It cannot be stored, or its data cannot be read.
    """
    check_name(name)
    journal = NewJournal()
    storage = optuna.storages.JournalStorage(journal)
    direction = "maximize" if plan.is_maximised else "minimize"
    study = optuna.create_study(storage=storage, study_name=_STUDY, direction=direction)
    study.set_user_attr("plan", plan.model_dump(mode="json"))
    space, base = plan.space(), plan.base
    cells = space.cells(base) if plan.sampler == "grid" else space.combinations(base)
    if cells is not None:
        study.set_user_attr("combinations", len(cells))
    if plan.sampler == "grid" and cells:
        random.Random(base.seed).shuffle(cells)  # noqa: S311 - a few show the whole space
        for cell in cells:
            study.enqueue_trial(cell)
        trials = trials or len(cells)
    trials = trials or DEFAULT_TRIALS
    study.set_user_attr("trials", min(trials, len(cells)) if cells else trials)
    folder = sweep_folder(runs_dir, name)
    try:
        create_folder(folder, journal.to_bytes())
    except OSError as error:
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
            raise UsageError(f"There is a sweep {name} in {runs_dir} already.") from None
        raise OutputError(
            f"{folder} cannot be written: {error.strerror or error}.",
            Remedy("Choose a writable folder with free space.", "choose_runs_dir"),
            title="The sweep cannot be stored",
        ) from None
    return Study(folder)


def check_name(name: str) -> None:
    """Raise a `UsageError` if a sweep cannot have this name."""
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"The name of a sweep has at most {_LONGEST_NAME} characters.")
    if name == LATEST:
        raise UsageError(f"A sweep cannot be called {name}: that means the latest run.")
    check_label(name)


def find_study(runs_dir: Path, name: str) -> Study:
    """The sweep of a name.

    Raises:
        UsageError: There is none.
    """
    return Study(find_sweep(runs_dir, name))


def _has_settings(run: Run, config: RunConfig) -> bool:
    """Whether a run has these settings, wherever it was to be trained."""
    try:
        return run.config.model_dump(exclude=_WHERE) == config.model_dump(exclude=_WHERE)
    except ConfigError:
        return False

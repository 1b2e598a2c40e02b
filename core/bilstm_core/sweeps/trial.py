"""One trial: a run that this process trains, whose objective it reports."""

import gc
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from optuna.trial import TrialState

from .. import events
from ..compute.devices import resolve_device
from ..config.schema import RunConfig
from ..errors import (
    INTERNAL_ERROR_EXIT_CODE,
    ConfigError,
    NewerCheckpointError,
    OutputError,
    RunBusyError,
    RunFolderMissingError,
    TrainingError,
    UnreadableCheckpointError,
)
from ..events import Event
from ..processes.session import Session, resume_run, start_run
from ..processes.signals import StopRequest, StopSource
from ..runs.event_log import read_tail
from ..runs.orders import send_order
from ..runs.overview import last_ending
from ..runs.run import Run
from .slots import Slot
from .study import Claim, Study

_POLL_SECONDS = 2.0
_TAIL_BYTES = 1 << 16
_MOST_LOSSES = 5
"""How often a process may be killed at the same step before the trial has failed."""


_OWN_FAILURES = {TrainingError.exit_code, INTERNAL_ERROR_EXIT_CODE}
"""Exit codes of failures that another process would have with the same trial, too."""


class TrialTrainer:
    """Trains trials of a sweep on one slot, one after the other, in this process.

    Args:
        study: The sweep.
        slot: Where.
        data_dir: Folder of the data sets; None for the user's own.
        signals: What signals ask of this process.
        stops: How often helpers had been asked to stop when this one was started.

    Raises:
        ConfigError: This machine lacks the device: no trial is claimed, which would fail.
    """

    def __init__(
        self,
        study: Study,
        slot: Slot,
        data_dir: Path | None,
        signals: StopRequest,
        stops: int,
    ) -> None:
        resolve_device(slot.device)
        self._study = study
        self._slot = slot
        self._data_dir = data_dir
        self._signals = signals
        self._stops = stops
        self._asked_at = 0.0
        self._is_asked = False
        self._opened: Session | None = None

    def is_stopped(self) -> bool:
        """Whether this helper is to end, by a signal or because the sweep was stopped."""
        now = time.monotonic()
        if now - self._asked_at >= _POLL_SECONDS and not self._is_asked:
            self._asked_at = now
            self._is_asked = self._study.stops != self._stops
        return self._is_asked or self._signals.is_requested()

    def train_next(self) -> bool:
        """Train a trial; returns whether there was one.

        Raises:
            BilstmError: Something is wrong that is not the trial's own, such as a full disk; the
                trial is resumed by the next helper.
        """
        claim = self._study.claim(self._start)
        if claim is None:
            return False
        try:
            session = self._opened if claim.is_new else self._resume(claim)
            if session:
                self._train(claim, session)
        except RunBusyError:  # another helper was faster, or a user resumed the run
            time.sleep(_POLL_SECONDS)
        except RunFolderMissingError:
            self._fail(claim, "its run was deleted")
        except (NewerCheckpointError, UnreadableCheckpointError):
            raise  # another process may be able to resume it, or this one later
        except TrainingError as error:  # which the trial's own settings may have caused
            self._fail(claim, error.message)
        except OutputError:  # the next trial would meet the same full disk
            raise
        except Exception:
            if self._study.is_running(claim):
                raise
            with suppress(OSError):  # the file for it may be on a disk that is full
                traceback.print_exc()  # an internal error, as which the trial has failed
        finally:
            self._opened = None
            gc.collect()
        return True

    def _fail(self, claim: Claim, problem: str) -> None:
        self._study.finish(claim.trial_id, TrialState.FAIL, problem=problem)

    @property
    def _where(self) -> dict[str, str | int]:
        return {"device": self._slot.device, "threads": self._slot.threads}

    def _start(self, config: RunConfig, label: str) -> Run:
        config = config.model_copy(update=self._where)
        self._opened = start_run(config, self._study.runs_dir, label, self._data_dir)
        return self._opened.run

    def _resume(self, claim: Claim) -> Session | None:
        """Open a lost trial's run; None where nothing was left to train."""
        run = claim.run
        if not run.config_file.is_file():
            self._fail(claim, "its run was deleted")
            return None
        try:
            _ = run.config
        except ConfigError as error:  # which would end one helper after the other
            self._fail(claim, error.message)
            return None
        tail = read_tail(run.log_file, _TAIL_BYTES)
        ending = last_ending(tail)
        idle_since = tail[-1].time if tail else time.time()
        if isinstance(ending, events.Finished | events.Failed):  # which was not reported
            self._study.add_idle(claim, time.time() - idle_since)
            watch = TrialWatch(self._study, claim)
            for event in tail:
                watch.receive(event)
        if not self._study.is_running(claim):
            return None
        session = resume_run(run, self._where, self._data_dir)
        with ExitStack() as released:
            released.callback(session.release)
            step = session.checkpoint.step if session.checkpoint else 0
            if not self._study.is_running(claim):  # it has ended since it was claimed
                return None
            if ending is None and self._study.count_loss(claim, step) >= _MOST_LOSSES:
                self._fail(claim, f"its process was killed {_MOST_LOSSES} times at step {step:,}")
                return None
            self._study.add_idle(claim, time.time() - idle_since)
            released.pop_all()
        return session

    def _train(self, claim: Claim, session: Session) -> None:
        watch = TrialWatch(self._study, claim, self.is_stopped)
        if self._study.is_paused:  # since it was claimed
            with suppress(OutputError):  # its folder was deleted meanwhile, as training will say
                send_order(claim.run.commands_file, "pause")
        session.train(watch.receive, watch)


class TrialWatch(StopSource):
    """Follows a trial's events: reports each epoch, asks for its end, and tells its result.

    The result is reported while the run is locked, so that no other helper resumes the trial.

    Args:
        study: The sweep.
        claim: The trial.
        is_helper_stopped: Whether the process is to end; the trial is then resumed by another.
    """

    def __init__(
        self, study: Study, claim: Claim, is_helper_stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._study = study
        self._claim = claim
        self._is_helper_stopped = is_helper_stopped
        self._last_epoch = claim.run.config.num_epochs
        self._values = study.values_by_epoch(claim)
        self._final: float | None = None
        self._is_pruned = False
        self._paused_at: float | None = None
        self._was_helper_stopped = False

    @property
    def exit_code(self) -> int:
        """Of a run that was stopped; not used."""
        return 0

    def is_requested(self) -> bool:
        """Whether the trial is to stop now."""
        self._was_helper_stopped = self._was_helper_stopped or self._is_helper_stopped()
        return self._is_pruned or self._was_helper_stopped

    def receive(self, event: Event) -> None:
        """Take an event of the run."""
        if self._paused_at is not None:
            self._study.add_idle(self._claim, event.time - self._paused_at)
        self._paused_at = event.time if isinstance(event, events.Paused) else None
        match event:
            case events.Evaluation():
                self._take(event)
            case events.Finished():
                self._tell_result()
            case events.Stopped() if self._is_pruned:
                self._end(TrialState.PRUNED, self._latest, "pruned")
            case events.Stopped() if not self._was_helper_stopped:
                self._end(TrialState.PRUNED, self._latest, "stopped by the user", is_stopped=True)
            case events.Failed() if event.exit_code in _OWN_FAILURES:
                self._end(TrialState.FAIL, None, event.message)

    def _take(self, evaluation: events.Evaluation) -> None:
        value = self._study.plan.value_of(evaluation)
        if value is None:
            return
        if evaluation.final:
            self._final = value
        elif evaluation.epoch not in self._values:
            self._values[evaluation.epoch] = value
            is_hopeless = self._study.report(self._claim, evaluation.epoch, value)
            self._is_pruned = is_hopeless and evaluation.epoch < self._last_epoch

    def _tell_result(self) -> None:
        value = self._study.plan.result(self._values, self._final)
        if value is None:
            self._end(TrialState.FAIL, None, f"it has no {self._study.plan.objective}")
        else:
            self._end(TrialState.COMPLETE, value)

    @property
    def _latest(self) -> float | None:
        return self._values[max(self._values)] if self._values else None

    def _end(
        self,
        state: TrialState,
        value: float | None,
        problem: str = "",
        *,
        is_stopped: bool = False,
    ) -> None:
        self._study.finish(self._claim.trial_id, state, value, problem, is_stopped=is_stopped)

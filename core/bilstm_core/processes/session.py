"""One process's hold on a run: created or resumed, trained, and left in a consistent state."""

import dataclasses
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import errors, events
from ..compute.devices import resolve_device
from ..compute.distributed import ALONE, Ranks
from ..config.resolve import revise, to_toml
from ..config.schema import RunConfig
from ..data.sources.registry import describe, require_fit
from ..data.spec import Split
from ..events import Emit, Event
from ..files import made_folders, read_text
from ..network.cost import with_epochs
from ..network.summary import title
from ..network.weights import TrainedModel, load
from ..runs.event_log import Ending, EventLog, read_tail
from ..runs.lock import RunLock
from ..runs.orders import Orders
from ..runs.overview import last_ending
from ..runs.run import Run
from ..runs.store import create_run, removed_on_failure
from ..stopping import ShouldStop, Stop
from ..training.checkpoints import Checkpoint, Checkpoints, differences, restart_remedy
from ..training.trainer import train
from ..wording import counted
from .protocol import ResumeRun, StartRun
from .signals import StopSource

STOPPED_BY_ORDER = 130
_SUMMARISED = ("correct", "total", "accuracy", "balanced_accuracy", "macro_f1")
_TAIL_BYTES = 1 << 16
_PAUSE_SECONDS = 0.05
_FOLDER_CHECK_SECONDS = 0.5
"""Between two checks that the run's folder exists."""
_MISSING_SECONDS = 2.0
"""After the first check that missed the folder, it counts as deleted or moved."""


@dataclass(eq=False)
class Session:
    """A run held by this process; made by `start_run` or `resume_run`.

    Attributes:
        lock: Of the run; held.
        log: Open for appending.
        orders: What others order, since the run was locked.
        checkpoint: The state to resume from; None to start at the first step.
        warnings: What was noticed when the checkpoint was loaded.
    """

    run: Run
    lock: RunLock
    log: EventLog
    config: RunConfig
    data_dir: Path | None
    orders: Orders
    checkpoints: Checkpoints
    checkpoint: Checkpoint | None = None
    warnings: Sequence[str] = ()

    def __post_init__(self) -> None:
        self._listener_failure: OSError | None = None
        self._unsaved: list[str] = []
        self._is_log_failing = False
        self._is_folder_missing = False
        self._is_taken_over = False
        self._checked_at = time.monotonic()
        self._missing_since = math.inf
        self._final: dict[Split, events.Evaluation] = {}
        self._parameters: int | None = None
        start = self.checkpoint
        self._position = (start.epoch, start.step) if start else (0, 0)

    def train(self, listener: Emit, stop: StopSource, ranks: Ranks = ALONE) -> int:
        """Train to the end, or until `stop` or an order asks to stop; returns the exit code.

        With several ranks this process is rank 0.

        Raises:
            BilstmError: The run failed; the log says so.
            OSError: `listener`, which receives each event after the log, failed; the run was
                stopped, its checkpoint saved.
        """
        self._listener = listener

        def should_stop() -> Stop:
            if self._listener_failure or self._has_lost_its_folder() or stop.is_requested():
                return Stop.AT_ONCE
            return self.orders.requested_stop()

        def wait_or_stop() -> Stop:
            if self.orders.is_pause_requested() and not should_stop():
                self._wait(lambda: should_stop() or ranks.tell_waiting())
            return should_stop()

        try:
            for message in self.warnings:
                self._emit(events.RunWarning(message=message))
            result = train(
                self.config,
                self._emit,
                wait_or_stop,
                self.data_dir,
                checkpoints=self.checkpoints,
                checkpoint=self.checkpoint,
                new_learning_rate=self._new_learning_rate,
                run_name=self.run.name,
                save_model=self._save_model,
                ranks=ranks,
            )
        except SystemExit:  # a second signal: at once, but not without an event
            epoch, step = self._position
            self._emit(events.Stopped(epoch=epoch, step=step))
            raise
        finally:
            self.log.close()
            is_folder_missing = self._is_folder_missing or not self.lock.is_in_place()
            self.lock.release()
        self._raise_failure(is_folder_missing=is_folder_missing)
        return (stop.exit_code or STOPPED_BY_ORDER) if result.ended == "stopped" else 0

    def _raise_failure(self, *, is_folder_missing: bool) -> None:
        """Raise what went wrong without ending the training."""
        if self._is_taken_over:
            raise errors.RunBusyError(
                f"{self.run.name} was locked by another process, because its lock was deleted. "
                "This process stopped and saved nothing more.",
                errors.Remedy("Follow the run.", "attach", self.run.name),
            )
        if self._listener_failure:
            raise self._listener_failure
        if is_folder_missing:
            raise errors.RunFolderMissingError(self.run.path)
        if self.log.failure:
            self._unsaved.append(f"{self.run.log_file.name}: {self.log.failure.strerror}")
        if self._unsaved:
            raise errors.OutputError(
                f"Not everything could be saved in {self.run.path}:\n" + "\n".join(self._unsaved),
                errors.Remedy(
                    "Make space, then resume the run: it writes what is missing.",
                    "resume",
                    self.run.name,
                ),
                title="The result is incomplete",
            )

    def release(self) -> None:
        """Release the run without training it."""
        self.log.close()
        self.lock.release()

    def _has_lost_its_folder(self) -> bool:
        """Whether it has been missing for some time: nothing can be ordered or saved.

        A network file system may hide it for a moment.
        """
        now = time.monotonic()
        if now - self._checked_at >= _FOLDER_CHECK_SECONDS and not self._is_folder_missing:
            self._checked_at = now
            if self.lock.is_taken_over:  # this process may write nothing any more
                self.log.abandon()
                self.lock.folder.close()
                self._is_taken_over = self._is_folder_missing = True
                return True
            since = min(self._missing_since, now)
            self._missing_since = math.inf if self.lock.is_in_place() else since
            self._is_folder_missing = now - self._missing_since >= _MISSING_SECONDS
            if self._is_folder_missing:  # where it was moved to, its log says why it stopped
                message = errors.RunFolderMissingError(self.run.path).message
                self.log.append(events.RunWarning(message=message))
        return self._is_folder_missing

    def _wait(self, should_stop: ShouldStop) -> None:
        """Wait until the run is ordered to resume or to stop."""
        epoch, step = self._position
        self._emit(events.Paused(epoch=epoch, step=step))
        while self.orders.is_pause_requested() and not should_stop():
            time.sleep(_PAUSE_SECONDS)
        if not should_stop():
            self._emit(events.Resumed(epoch=epoch, step=step))

    def _new_learning_rate(self) -> float | None:
        """The learning rate that was ordered, if it is a valid one."""
        ordered = self.orders.take_learning_rate()
        if ordered is None:
            return None
        try:
            return revise(self.config, {"learning_rate": ordered}).learning_rate
        except errors.ConfigError as error:
            warning = f"The learning rate does not change: {error.message}"
            self._emit(events.RunWarning(message=warning))
            return None

    def _emit(self, event: Event) -> None:
        """Write an event to the log and the summary, and pass it to the listener."""
        match event:
            case events.Progress():
                self._position = (event.epoch, event.step)
            case events.RunStarted():
                self._parameters = event.model.parameters
            case events.Evaluation(final=True):
                self._final[event.split] = event
            case events.Failed() if self.checkpoints.step is not None:
                kept = f"The checkpoint of step {self.checkpoints.step:,} is kept."
                event = dataclasses.replace(event, advice=f"{event.advice}\n{kept}".strip())
        if isinstance(event, Ending):
            self._write_summary(event)
        self.log.append(event)
        self._pass_on(event)
        was_failing, self._is_log_failing = self._is_log_failing, bool(self.log.failure)
        if self.log.failure and not was_failing:
            warning = (
                f"events.jsonl cannot be written ({self.log.failure.strerror}); new events are "
                "buffered until there is space. Training continues."
            )
            self._pass_on(events.RunWarning(message=warning))

    def _pass_on(self, event: Event) -> None:
        if self._listener_failure:
            return
        if isinstance(event, events.RunWarning) and not self.lock.is_in_place():
            return  # that nothing can be saved there is reported once, at the end
        try:
            self._listener(event)
        except OSError as error:  # a closed pipe, a closed terminal
            self._listener_failure = error

    def _save_model(self, model: TrainedModel) -> None:
        self._save_result(self.run.model_file, model.to_bytes())
        if self._unsaved:
            self._emit(events.RunWarning(message=f"Not saved: {self._unsaved[-1]}"))

    def _write_summary(self, ending: Ending) -> None:
        summary = {
            "run": self.run.name,
            "status": ending.type,
            "model": title(self.config),
            "parameters": self._parameters,
            "dataset": self.config.dataset,
            "accuracy": {
                split: {name: getattr(event, name) for name in _SUMMARISED}
                for split, event in self._final.items()
            },
            "ending": dataclasses.asdict(ending),
        }
        content = (json.dumps(summary, indent=1) + "\n").encode()
        self._save_result(self.run.summary_file, content)

    def _save_result(self, path: Path, content: bytes) -> None:
        try:
            self.lock.folder.replace(path.name, content)
        except OSError as error:
            self._unsaved.append(f"{path.name}: {error.strerror or error}")


def start_run(
    config: RunConfig, runs_dir: Path, label: str | None = None, data_dir: Path | None = None
) -> Session:
    """Create a new run and lock it.

    Raises:
        ConfigError: This machine lacks the device; no run is created.
        DataError: This version knows no such data set; no run is created.
        UsageError: The label cannot be part of a folder's name.
        OutputError: The run cannot be stored.
    """
    config = _fitted(config)
    resolve_device(config.device)
    try:
        with made_folders(runs_dir):
            run, lock = create_run(runs_dir, config, label)
            with removed_on_failure(lock):
                log = EventLog(lock.folder)
    except OSError as error:
        problem = f"A run in {runs_dir} cannot be written: {error.strerror or error}."
        raise errors.OutputError(problem, title="The run cannot be stored") from None
    checkpoints = Checkpoints(run, lock.folder, config.checkpoint_seconds)
    return Session(run, lock, log, config, data_dir, Orders(run.commands_file), checkpoints)


def resume_run(run: Run, changes: Mapping[str, Any], data_dir: Path | None = None) -> Session:
    """Lock a run that no process trains, to resume it from its last checkpoint.

    Of its settings those in `RESUMABLE` may change.

    Raises:
        RunBusyError: Another process is training it.
        ConfigError: A setting is wrong, or this machine lacks the device.
        DataError: This version knows no such data set.
        CheckpointError: No checkpoint is whole, or it belongs to another configuration.
        UsageError: The run is finished, and no more epochs were asked for.
    """
    config = _fitted(revise(run.config, changes))
    resolve_device(config.device)
    lock = RunLock(run)
    orders = Orders(run.commands_file)  # now: one that comes while the checkpoint loads counts
    try:
        checkpoints = Checkpoints(run, lock.folder, config.checkpoint_seconds)
        checkpoint, warnings = checkpoints.load()
        if checkpoint:
            _check_resumable(run, config, checkpoint)
        else:
            warnings = ["There is no checkpoint yet: training starts at step 1."]
        log = EventLog(lock.folder)
        if config != run.config:
            lock.folder.replace(run.config_file.name, to_toml(config).encode())
    except BaseException as error:
        lock.release()
        if not isinstance(error, OSError):
            raise
        problem = f"{run.path} cannot be written: {error.strerror or error}."
        raise errors.OutputError(problem) from None
    return Session(run, lock, log, config, data_dir, orders, checkpoints, checkpoint, warnings)


def _fitted(config: RunConfig) -> RunConfig:
    """A configuration that fits its data, with a number of epochs; see `require_fit`."""
    spec = describe(config)
    require_fit(config, spec)
    return with_epochs(config, spec)


def open_session(order: StartRun | ResumeRun) -> Session:
    """Start or resume the run of an order; see `start_run` and `resume_run`."""
    if isinstance(order, StartRun):
        return start_run(order.config, order.runs_dir, order.name, order.data_dir)
    return resume_run(Run(order.run), order.changes, order.data_dir)


def _has_its_results(run: Run, checkpoint: Checkpoint) -> bool:
    """Whether a finished run has its model and summary, so that there is nothing to write again.

    Those of an earlier end, from which the run was resumed, do not count.
    """
    try:
        summary = json.loads(read_text(run.summary_file, is_untrusted=True))
        is_of_this_end = summary["ending"]["step"] == checkpoint.step
        return is_of_this_end and load(run.model_file).step == checkpoint.kept.step
    except (errors.CheckpointError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _check_resumable(run: Run, config: RunConfig, checkpoint: Checkpoint) -> None:
    """Refuse a checkpoint that this run cannot resume from."""
    if different := differences(config, checkpoint):
        raise errors.CheckpointError(
            "The checkpoint belongs to another configuration:\n" + "\n".join(different),
            f"To resume it, restore the settings in {run.config_file}.",
            restart_remedy(run.config_file),
        )
    trained = checkpoint.epoch - 1
    started = checkpoint.epoch if checkpoint.batch else trained
    if config.num_epochs < started:
        raise errors.UsageError(
            f"num_epochs = {config.num_epochs} is less than {run.name} has trained already: "
            f"it is in epoch {started}.",
            f"Allowed: {started} or more.",
        )
    if not isinstance(last_ending(read_tail(run.log_file, _TAIL_BYTES)), events.Finished):
        return
    if not _has_its_results(run, checkpoint):
        return
    longer: dict[str, str | int | float | bool] = {}
    waited = trained - checkpoint.kept.epoch
    if config.patience and waited >= config.patience:
        reason = f"the validation loss had not fallen for {counted(waited, 'epoch')}"
        longer = {"patience": waited + 3, "num_epochs": max(config.num_epochs, 2 * trained)}
    elif config.num_epochs <= trained:
        reason = f"it ended after epoch {trained}"
        longer = {"num_epochs": 2 * trained}
    else:
        return
    words = " and ".join(f"{name} = {value}" for name, value in longer.items())
    raise errors.UsageError(
        f"{run.name} is finished: {reason}.",
        errors.Remedy(f"Resume it with {words} to train longer.", "resume", run.name, longer),
        title="The run is finished",
    )

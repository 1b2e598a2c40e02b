"""One process's hold on a run: made or taken up, trained, and left in good order."""

import dataclasses
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import events
from ..compute.devices import resolve_device
from ..config.resolve import revise, to_toml
from ..config.schema import RunConfig
from ..errors import CheckpointError, ConfigError, OutputError, RunFolderMissingError, UsageError
from ..events import Emit, Event
from ..files import write_atomically
from ..network.summary import summarise
from ..network.weights import save_weights
from ..runs.event_log import EventLog, read_tail
from ..runs.lock import RunLock
from ..runs.orders import Orders
from ..runs.overview import last_ending
from ..runs.run import Run
from ..runs.store import create_run
from ..stopping import ShouldStop, Stop
from ..training.checkpoints import Checkpoint, Checkpoints, differences
from ..training.trainer import train
from .signals import StopRequest

_STOPPED_BY_ORDER = 130
_TAIL_BYTES = 1 << 16
_PAUSE_SECONDS = 0.05
_LOOK_SECONDS = 0.5
"""Between two looks for the run's folder."""
_GONE_SECONDS = 2.0
"""From the first look that missed the folder, after which it is gone for good."""


class Session:
    """A run held by this process; made by `begin` or `resume_run`.

    Args:
        run: The run.
        lock: This process's hold on it.
        config: Its configuration.
        checkpoint: The state to go on from; None to begin at the first step.
        checkpoints: Where states go.
        data_dir: Folder of the data sets.
        orders: What others ask of it, from the moment it was held.
        remarks: What was noticed while it was taken up.
    """

    def __init__(
        self,
        run: Run,
        lock: RunLock,
        config: RunConfig,
        data_dir: Path | None,
        *,
        orders: Orders | None = None,
        checkpoint: Checkpoint | None = None,
        checkpoints: Checkpoints | None = None,
        remarks: list[Event] | None = None,
    ) -> None:
        self.run = run
        self.config = config
        self._lock = lock
        self._data_dir = data_dir
        self._orders = orders or Orders(run.commands_file)
        self._checkpoint = checkpoint
        self._checkpoints = checkpoints or Checkpoints(run, config.checkpoint_seconds)
        self._remarks = remarks or []
        self._tell: Emit = lambda _: None
        self._listener_failure: OSError | None = None
        self._is_log_failing = False
        self._is_folder_missing = False
        self._looked = time.monotonic()
        self._missed_since = math.inf
        self._final: dict[str, events.Evaluation] = {}
        self._position = (checkpoint.epoch, checkpoint.step) if checkpoint else (0, 0)

    def train(self, tell: Emit, stop: StopRequest) -> int:
        """Train to the end, or until a signal or an order asks to stop.

        Args:
            tell: Takes the run's events too, after the log.
            stop: What signals ask.

        Returns:
            The process's exit code.

        Raises:
            BilstmError: The run failed; the log says so.
            OSError: `tell` failed; the run was stopped in good order.
        """
        self._tell = tell
        self._log = self._open_log()

        def should_stop() -> Stop:
            must_leave = self._listener_failure is not None or self._has_lost_its_folder()
            return Stop.AT_ONCE if must_leave or stop.is_asked() else self._orders.requested_stop()

        def wait_or_stop() -> Stop:
            if self._orders.is_pause_requested() and not should_stop():
                self._wait(should_stop)
            return should_stop()

        try:
            self._checkpoints.warn = self._emit
            for remark in self._remarks:
                self._emit(remark)
            model = train(
                self.config,
                self._emit,
                wait_or_stop,
                self._data_dir,
                checkpoints=self._checkpoints,
                checkpoint=self._checkpoint,
                new_rate=self._new_rate,
                run_name=self.run.name.encode(errors="replace").decode(),
                on_end=self._save_weights,
            )
        except SystemExit:  # a second signal: at once, but not without a word
            epoch, step = self._position
            self._emit(events.Stopped(epoch=epoch, step=step))
            raise
        finally:
            self._log.close()
            is_folder_missing = self._is_folder_missing or not self._lock.is_in_place()
            self._lock.release()
        if self._listener_failure:
            raise self._listener_failure
        if is_folder_missing:
            raise RunFolderMissingError(self.run.path)
        if self._log.failure:
            raise OutputError(
                f"{self.run.log_file} could not be completed: {self._log.failure.strerror}."
            )
        return 0 if model is not None else stop.exit_code or _STOPPED_BY_ORDER

    def _has_lost_its_folder(self) -> bool:
        """Whether it has been gone for some time: nobody could order anything, nothing be kept.

        A network's file system may hide it for a moment.
        """
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS and not self._is_folder_missing:
            self._looked = now
            if self._lock.is_in_place():
                self._missed_since = math.inf
            else:
                self._missed_since = min(self._missed_since, now)
            self._is_folder_missing = now - self._missed_since >= _GONE_SECONDS
            if self._is_folder_missing:  # where it was moved to, its log tells why it stopped
                self._log.append(
                    events.RunWarning(message=RunFolderMissingError(self.run.path).message)
                )
        return self._is_folder_missing

    def _wait(self, should_stop: ShouldStop) -> None:
        """Do nothing until somebody orders to go on, or to stop."""
        epoch, step = self._position
        self._emit(events.Paused(epoch=epoch, step=step))
        while self._orders.is_pause_requested() and not should_stop():
            time.sleep(_PAUSE_SECONDS)
        if not should_stop():
            self._emit(events.Resumed(epoch=epoch, step=step))

    def _new_rate(self) -> float | None:
        """The learning rate that somebody ordered, if it is one."""
        ordered = self._orders.take_learning_rate()
        if ordered is None:
            return None
        try:
            return revise(self.config, {"learning_rate": ordered}).learning_rate
        except ConfigError as error:
            self._emit(events.RunWarning(message=f"The learning rate stays: {error.message}"))
            return None

    def release(self) -> None:
        """Give the run free without training it."""
        self._lock.release()

    def _open_log(self) -> EventLog:
        try:
            return EventLog(self.run.log_file)
        except OSError as error:
            self._lock.release()
            raise OutputError(
                f"{self.run.log_file} cannot be written: {error.strerror or error}."
            ) from None

    def _emit(self, event: Event) -> None:
        """Take an event to the log, to the summary, and to whoever listens."""
        match event:
            case events.Progress():
                self._position = (event.epoch, event.step)
            case events.Evaluation(final=True):
                self._final[event.split] = event
            case events.Failed() if self._checkpoints.step is not None:
                kept = f"The checkpoint of step {self._checkpoints.step:,} is kept."
                event = dataclasses.replace(event, advice=f"{event.advice}\n{kept}".strip())
            case _:
                pass
        if isinstance(event, events.Finished | events.Stopped | events.Failed):
            self._summarise(event)
        self._log.append(event)
        self._listen(event)
        if bool(self._log.failure) != self._is_log_failing:
            self._is_log_failing = not self._is_log_failing
            if self._log.failure:
                self._listen(
                    events.RunWarning(
                        message=f"events.jsonl cannot be written ({self._log.failure.strerror}); "
                        "what is new waits until there is room. Training goes on."
                    )
                )

    def _listen(self, event: Event) -> None:
        if self._listener_failure:
            return
        if isinstance(event, events.RunWarning) and not self._lock.is_in_place():
            return  # that nothing can be saved there is said once, in the end
        try:
            self._tell(event)
        except OSError as error:  # a closed pipe, a terminal that is gone
            self._listener_failure = error

    def _save_weights(self, network: Any, classes: tuple[str, ...]) -> None:
        try:
            save_weights(self.run.model_file, network, self.config, classes)
        except OSError as error:
            self._emit(events.RunWarning(message=f"The model could not be saved: {error}"))

    def _summarise(self, ending: events.Finished | events.Stopped | events.Failed) -> None:
        summary = {
            "run": self.run.name,
            "status": ending.type,
            "model": summarise(self.config).title,
            "parameters": summarise(self.config).parameters,
            "dataset": self.config.dataset,
            "accuracy": {
                split: {"correct": event.correct, "total": event.total, "accuracy": event.accuracy}
                for split, event in self._final.items()
            },
            "ending": dataclasses.asdict(ending),
        }
        try:
            write_atomically(self.run.summary_file, (json.dumps(summary, indent=1) + "\n").encode())
        except OSError as error:
            self._listen(events.RunWarning(message=f"summary.json could not be saved: {error}"))


def start_run(
    config: RunConfig, runs_dir: Path, label: str | None = None, data_dir: Path | None = None
) -> Session:
    """Make a new run and hold it.

    Raises:
        ConfigError: This machine lacks the device; no run is made.
        UsageError: The label is no name for a folder.
        OutputError: The run cannot be stored.
    """
    resolve_device(config.device)
    run, lock = create_run(runs_dir, config, label)
    return Session(run, lock, config, data_dir)


def resume_run(run: Run, changes: Mapping[str, Any], data_dir: Path | None = None) -> Session:
    """Hold a run that is not live, to go on from its last checkpoint.

    Args:
        run: The run.
        changes: Settings to go on with otherwise; of `checkpoints.CHANGEABLE`.
        data_dir: Folder of the data sets.

    Raises:
        RunBusyError: Another process holds it.
        ConfigError: A setting is wrong, or this machine lacks the device.
        CheckpointError: No checkpoint is whole, or it is of another configuration.
        UsageError: The run is finished, and no more epochs were asked for.
    """
    config = revise(run.config, changes)
    resolve_device(config.device)
    lock = RunLock(run)
    orders = Orders(run.commands_file)  # now: one that comes while we load counts
    try:
        remarks: list[Event] = []
        checkpoints = Checkpoints(run, config.checkpoint_seconds, remarks.append)
        checkpoint = checkpoints.load()
        if checkpoint:
            _check(run, config, checkpoint)
        if config != run.config:
            write_atomically(run.config_file, to_toml(config).encode())
    except OSError as error:
        lock.release()
        raise OutputError(f"{run.path} cannot be written: {error.strerror or error}.") from None
    except BaseException:
        lock.release()
        raise
    return Session(
        run,
        lock,
        config,
        data_dir,
        orders=orders,
        checkpoint=checkpoint,
        checkpoints=checkpoints,
        remarks=remarks,
    )


def _check(run: Run, config: RunConfig, checkpoint: Checkpoint) -> None:
    """Refuse a checkpoint that this run cannot go on from."""
    different = differences(config, checkpoint)
    if different:
        raise CheckpointError(
            "The checkpoint belongs to another configuration:\n" + "\n".join(different),
            f"Set {run.config_file} back, or begin a new run with it: "
            f"bilstm-tui --no-ui --config {run.config_file}",
        )
    trained = checkpoint.epoch - 1
    begun = checkpoint.epoch if checkpoint.batch else trained
    if config.num_epochs < begun:
        raise UsageError(
            f"num_epochs = {config.num_epochs} is less than {run.name} has trained already: "
            f"it is in epoch {begun}.",
            f"Allowed: {begun} or more.",
        )
    waited = trained - checkpoint.kept["epoch"]
    is_patient = not config.patience or waited < config.patience
    is_over = isinstance(last_ending(read_tail(run.log_file, _TAIL_BYTES)), events.Finished)
    if is_over and not is_patient:
        raise UsageError(
            f"{run.name} is finished: the validation loss had not fallen for {waited} epochs.",
            f"Train it for longer: bilstm-tui resume {run.name} --patience {waited + 3} "
            f"--num-epochs {max(config.num_epochs, 2 * trained)}",
            title="The run is finished",
        )
    if is_over and config.num_epochs <= trained:
        raise UsageError(
            f"{run.name} is finished: it trained {trained} epochs.",
            f"Train it for longer: bilstm-tui resume {run.name} --num-epochs {2 * trained}",
            title="The run is finished",
        )

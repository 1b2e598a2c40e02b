"""The one training loop. It emits events and asks whether to stop; it knows no screen."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from .. import events
from ..compute.devices import prepared, resolve_precision
from ..compute.seeding import Stream, generator, generator_states, set_generator_states
from ..config.schema import RunConfig
from ..data.augment import apply_transforms, draw_transforms
from ..data.dataset import Dataset
from ..data.sources.registry import load_dataset
from ..errors import CheckpointError
from ..events import Emit
from ..network.classifier import SequenceClassifier
from ..network.summary import summarise
from ..paths import data_dir as default_data_dir
from ..stopping import RunStopped, ShouldStop, Stop, stop_if
from . import meter as metering
from .checkpoints import Checkpoint, Checkpoints, Kept
from .evaluation import Evaluator
from .failures import report_failures, require_memory
from .optimisers import learning_rate_at, load_optimizer, make_averaged_model
from .run_start import run_started_event, warnings
from .step import make_step
from .thread_tuning import ThreadTuner, choose_threads

OnEnd = Callable[[SequenceClassifier, tuple[str, ...]], None]
"""Takes a trained network and the names of its classes."""

NewRate = Callable[[], float | None]
"""Gives the learning rate that somebody ordered since the last call; cheap enough for each step."""


def train(
    config: RunConfig,
    emit: Emit,
    should_stop: ShouldStop = lambda: False,
    data_dir: Path | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    checkpoint: Checkpoint | None = None,
    new_rate: NewRate = lambda: None,
    run_name: str = "",
    on_end: OnEnd = lambda _network, _classes: None,
) -> SequenceClassifier | None:
    """Train one model from the first step, or from a checkpoint, to the final accuracies.

    Args:
        config: The whole configuration.
        emit: Takes the run's events, in order; the last is `Finished`, `Stopped` or `Failed`.
        should_stop: Asked at every step, evaluation batch and piece of a download.
        data_dir: Folder of the data sets; the user's own where None.
        checkpoints: Where the state goes; nowhere where None.
        checkpoint: The state to go on from; the remaining numbers are those of a run that was
            never interrupted, on a CPU bit for bit on as many threads.
        new_rate: Asked at every step.
        run_name: Told in the first event.
        on_end: Takes the network and the names of its classes before the last event, also of a
            run that was stopped.

    Returns:
        The trained model, or None if it was asked to stop before the end.

    Raises:
        ConfigError: This machine lacks the device; raised before any event.
        BilstmError: The run failed; a `Failed` event was emitted.
    """
    with prepared(config) as device, report_failures(emit):
        require_memory(summarise(config).parameters, device)
        try:
            data = load_dataset(config.dataset, default_data_dir(data_dir), emit, should_stop)
        except RunStopped:
            step, epoch = (checkpoint.step, checkpoint.epoch) if checkpoint else (0, 0)
            emit(events.Stopped(epoch=epoch, step=step))
            return None
        data = data.hold_out(config.validation_fraction, config.seed)

        def warn(message: str) -> None:
            emit(events.RunWarning(message=message))

        threads = choose_threads(config, device, warn, checkpoint.threads if checkpoint else 0)
        trainer = Trainer(config, data.to(device), device, emit, should_stop, checkpoints)
        trainer.on_end, trainer.new_rate, trainer.threads = on_end, new_rate, threads
        if checkpoint:
            trainer.restore(checkpoint)
        return trainer.run(run_name)


class Trainer:
    """One run over data that is already on its device.

    Everything random follows from the seed: the weights and dropout masks from PyTorch's global
    generator, order and augmentation of an epoch from (seed, epoch). On a CPU the same
    configuration gives the same losses bit for bit on as many threads.

    Args:
        config: The whole configuration.
        data: The data, on the device.
        device: Where to train.
        emit: Takes the run's events.
        should_stop: Asked at every step and evaluation batch.
        checkpoints: Where the state goes.
    """

    def __init__(
        self,
        config: RunConfig,
        data: Dataset,
        device: torch.device,
        emit: Emit,
        should_stop: ShouldStop = lambda: False,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self.config = config
        self.data = data
        self.device = device
        self.emit = emit
        self.should_stop = should_stop
        self.checkpoints = checkpoints
        self.precision = resolve_precision(config.precision, device)
        self.model = SequenceClassifier.from_config(config).to(device)
        self.steps_per_epoch = math.ceil(len(data.train) / config.batch_size)
        self.total_steps = self.steps_per_epoch * config.num_epochs
        self.average = make_averaged_model(config, self.model)
        self.step_taker = make_step(config, self.model, self.average, self.precision)
        self.meter = metering.Meter(emit, device)
        self.epoch = 1
        self.batch = 0
        self.step = 0
        self.learning_rate = config.learning_rate
        self.seconds = {"run": 0.0, "training": 0.0, "epoch": 0.0}
        self.kept = Kept()
        self.checks = Evaluator(data, self.precision, emit, should_stop)
        self.on_end: OnEnd = lambda _network, _classes: None
        self.new_rate: NewRate = lambda: None
        self.threads = ThreadTuner({})

    def run(self, name: str = "") -> SequenceClassifier | None:
        """Train and check from wherever the state is; the model, or None if asked to stop."""
        began = time.perf_counter() - self.seconds["run"]
        self.emit(
            run_started_event(
                self.config,
                self.data,
                self.device,
                self.precision,
                run=name,
                epoch=self.epoch,
                step=self.step,
                steps_per_epoch=self.steps_per_epoch,
            )
        )
        for warning in warnings(self.config, self.device, self.precision):
            self.emit(warning)
        try:
            while self.epoch <= self.config.num_epochs and not self._has_waited_enough():
                self.train_epoch()
                self._end_epoch()
                self.seconds["run"] = time.perf_counter() - began
                self._save_after_epoch()
            self._restore_kept()
            kept = self.kept
            self.checks.evaluate_all_splits(self.evaluated_model, kept.epoch, kept.step)
        except RunStopped:
            self.meter.flush()
            self.seconds["run"] = time.perf_counter() - began
            if self.checkpoints and self.checkpoints.step != self.step:
                self.save()
            if self.should_stop() == Stop.CHECKED and self.step:
                self._check_what_there_is()
            self.on_end(self.evaluated_model, self.data.classes)
            self.emit(events.Stopped(epoch=min(self.epoch, self.config.num_epochs), step=self.step))
            return None
        self.on_end(self.evaluated_model, self.data.classes)
        self.emit(
            events.Finished(
                epoch=self.epoch - 1,
                step=self.step,
                kept_epoch=self.kept.epoch,
                seconds=time.perf_counter() - began,
                training_seconds=self.seconds["training"],
            )
        )
        return self.evaluated_model

    def train_epoch(self) -> None:
        """What is left of one pass over the training images.

        Raises:
            NonFiniteLossError: A loss was nan or infinite.
            RunStopped: The run was asked to stop.
        """
        self.model.train()
        if not self.batch:
            self.meter.start_epoch()
            self.seconds["epoch"] = 0.0
        else:
            self.meter.resume_epoch()
        for rows, labels in self.batches(self.epoch, self.batch):
            asked = time.perf_counter()
            stop_if(self.should_stop)  # waits while the run is paused
            self.meter.leave_out(time.perf_counter() - asked)
            self._take_new_rate()
            began = time.perf_counter()
            self.take_step(rows, labels)
            seconds = time.perf_counter() - began
            self._spend(seconds)
            self.threads.note(seconds)
            if self.checkpoints and self.checkpoints.is_due():
                self.save()
        began = time.perf_counter()
        self.meter.flush()
        self._spend(time.perf_counter() - began)
        correct, total = int(self.meter.correct.item()), self.meter.total
        self.emit(
            events.EpochEnded(
                epoch=self.epoch,
                step=self.step,
                loss=self.meter.loss_sum.item() / total,
                correct=correct,
                total=total,
                accuracy=correct / total,
                seconds=self.seconds["epoch"],
            )
        )

    def _spend(self, seconds: float) -> None:
        self.seconds["training"] += seconds
        self.seconds["epoch"] += seconds

    def _end_epoch(self) -> None:
        """Check the epoch's weights, and go over to the next epoch."""
        split = "validation" if len(self.data.validation) else "test"
        watched = self.checks.on(split, self.evaluated_model, self.epoch, self.step)
        self._keep(watched.loss)
        self.epoch += 1
        self.batch = 0

    def save(self) -> None:
        """Keep the state, if it is worth keeping: all losses and weights are finite.

        Raises:
            NonFiniteLossError: A loss was nan or infinite.
        """
        if not self.checkpoints:
            return
        self.meter.flush()
        if all(bool(weights.isfinite().all()) for weights in self.model.parameters()):
            self.checkpoints.save(self.state())

    def _save_after_epoch(self) -> None:
        is_last = self.epoch > self.config.num_epochs or self._has_waited_enough()
        if self.checkpoints and (is_last or self.checkpoints.is_worthwhile_after_epoch()):
            self.save()

    def state(self) -> Checkpoint:
        """Everything that training from here on depends on, besides the configuration."""
        return Checkpoint(
            config=self.config.model_dump(),
            epoch=self.epoch,
            batch=self.batch,
            step=self.step,
            learning_rate=self.learning_rate,
            threads=self.threads.best if self.device.type == "cpu" else 0,
            model=self.model.state_dict(),
            optimizer=self.step_taker.optimizer.state_dict(),
            average=self.average.state_dict() if self.average else None,
            generators=generator_states(self.device),
            meter=self.meter.state(),
            kept=asdict(self.kept),
            seconds=dict(self.seconds),
        )

    def restore(self, state: Checkpoint) -> None:
        """Go on from a state.

        Raises:
            CheckpointError: It does not fit this network.
        """
        try:
            self.model.load_state_dict(state.model)
            load_optimizer(self.step_taker.optimizer, state.optimizer)
            if self.average and state.average:
                self.average.load_state_dict(state.average)
            self.meter.restore(state.meter)
            self.kept = Kept(**state.kept)
            self.seconds = {name: float(state.seconds[name]) for name in self.seconds}
            set_generator_states(state.generators, self.device)
            if state.step != (state.epoch - 1) * self.steps_per_epoch + state.batch:
                raise ValueError("its position contradicts itself")  # noqa: TRY301
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise CheckpointError(
                f"The checkpoint does not fit this run: {str(error).splitlines()[0]:.200}.",
                "Begin the same run anew: bilstm-tui --no-ui --config config.toml",
            ) from None
        self.epoch, self.batch, self.step = state.epoch, state.batch, state.step
        self.learning_rate = state.learning_rate

    @property
    def evaluated_model(self) -> SequenceClassifier:
        """The weights that count: the averaged ones where there are any."""
        return self.average or self.model

    def batches(self, epoch: int, done: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """An epoch's batches after the first `done`: rows (N, T, features) from 0 to 1, labels."""
        images, config = self.data.train, self.config
        order = torch.randperm(len(images), generator=generator(config.seed, Stream.ORDER, epoch))
        transforms = draw_transforms(
            config.augment,
            len(images),
            self.data.facts.input_size,
            generator(config.seed, Stream.AUGMENT, epoch),
        )
        order = order.to(self.device)
        if transforms is not None:
            transforms = transforms.to(self.device)
        for start in range(done * config.batch_size, len(images), config.batch_size):
            batch = images[order[start : start + config.batch_size]]
            rows = self.data.scale(batch.pixels)
            if transforms is not None:
                rows = apply_transforms(rows, transforms[start : start + config.batch_size])
            yield rows, batch.labels

    def take_step(self, rows: Tensor, labels: Tensor) -> None:
        """One step of the optimiser on a batch, counted and reported."""
        rate = self._learning_rate()
        loss, correct = self.step_taker(rows, labels, rate, is_first=self.step == 0)
        self.step += 1
        self.batch += 1
        self.meter.add(loss, correct, len(labels), epoch=self.epoch, step=self.step, rate=rate)

    def _learning_rate(self) -> float:
        """Of the next step."""
        peak = self.learning_rate
        return learning_rate_at(self.config.schedule, peak, self.step, self.total_steps)

    def _take_new_rate(self) -> None:
        """Go on with another learning rate, if somebody ordered one."""
        rate = self.new_rate()
        if rate is None or rate == self.learning_rate:
            return
        self.learning_rate = rate
        self.save()  # or a crash would lose the order
        self.emit(events.LearningRateChanged(epoch=self.epoch, step=self.step, learning_rate=rate))

    def _check_what_there_is(self) -> None:
        """The accuracy of a run that was stopped by somebody who has time for it."""
        epoch = self.epoch if self.batch else self.epoch - 1
        self.emit(events.Stopping(epoch=epoch, step=self.step))
        with suppress(RunStopped):
            self.checks.evaluate_all_splits(self.evaluated_model, epoch, self.step)

    def _keep(self, loss: float) -> None:
        """Take note of the epoch whose weights count in the end: the last, or the best."""
        if not self.config.patience:
            self.kept = Kept(self.epoch, self.step)
        elif loss < self.kept.loss:
            weights = copy.deepcopy(self.evaluated_model.state_dict())
            self.kept = Kept(self.epoch, self.step, loss, weights)

    def _has_waited_enough(self) -> bool:
        """Whether the validation loss has not fallen for `patience` epochs."""
        patience = self.config.patience
        return bool(patience) and self.epoch - 1 - self.kept.epoch >= patience

    def _restore_kept(self) -> None:
        if self.kept.epoch != self.epoch - 1:
            self.evaluated_model.load_state_dict(self.kept.weights)

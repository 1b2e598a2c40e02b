"""The one training loop. It emits events and asks whether to stop; it knows no screen."""

import copy
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from .. import events
from ..compute.devices import resolve_device
from ..compute.distributed import ALONE, Ranks
from ..compute.seeding import generator_states, seed_rank, set_generator_states
from ..config.schema import RunConfig
from ..data.batches import Batch, training_batches
from ..data.sources.registry import describe
from ..errors import CheckpointError, DataError
from ..events import Emit
from ..network.classifier import SequenceClassifier
from ..network.cost import steps_per_epoch
from ..network.weights import TrainedModel
from ..stopping import RunStopped, ShouldStop, Stop, stop_if
from .agreement import Agreement, SilentMeter, require_same_data
from .checkpoints import Checkpoint, Checkpoints, Elapsed, Kept, restart_remedy
from .evaluation import Evaluator
from .examples import watch_examples
from .failures import report_failures
from .meter import Meter
from .optimisers import (
    learning_rate_at,
    load_optimizer_state,
    make_averaged_model,
    optimizer_state,
)
from .preparation import Preparation, prepare
from .result import TrainingResult
from .run_start import precision_warnings, run_started_event
from .step import make_step

SaveModel = Callable[[TrainedModel], None]
NewLearningRate = Callable[[], float | None]


def train(
    config: RunConfig,
    emit: Emit = lambda _: None,
    should_stop: ShouldStop = lambda: False,
    data_dir: Path | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    checkpoint: Checkpoint | None = None,
    new_learning_rate: NewLearningRate = lambda: None,
    run_name: str = "",
    save_model: SaveModel = lambda _: None,
    ranks: Ranks = ALONE,
) -> TrainingResult:
    """Train one model from the first step, or from a checkpoint, to the final accuracies.

    Args:
        config: The whole configuration.
        emit: Takes the run's events, in order; the last is `Finished`, `Stopped` or `Failed`.
        should_stop: Asked at every step, evaluation batch and piece of a download.
        data_dir: Folder of the data sets; the user's own where None.
        checkpoints: Where the state goes; nowhere where None.
        checkpoint: The state to resume from; the numbers are those of a run that was never
            interrupted, on a CPU bit for bit with the same threads and lanes.
        new_learning_rate: Returns a learning rate if one was ordered since the last step.
        run_name: Stands in the first event.
        save_model: Takes the model before the last event, also of a run that was stopped.
        ranks: The processes that train it together, each a part of every batch: the numbers are
            those of one process but for the rounding of sums.

    Raises:
        ConfigError: This machine lacks the device; raised before any event.
        BilstmError: The run failed; a `Failed` event was emitted.
    """
    config = ranks.placed(config)
    resolve_device(config.device)
    with report_failures(emit):
        spec = describe(config)

        def report_download(file: str, received: int, total: int) -> None:
            emit(
                events.Download(
                    dataset=spec.name, title=spec.title, file=file, received=received, total=total
                )
            )

        try:
            with prepare(
                config,
                data_dir,
                layout=checkpoint.layout if checkpoint else None,
                on_progress=report_download,
                warn=lambda message: emit(events.RunWarning(message=message)),
                # the ranks agree on a stop before each step, and one that waits here waits alone
                should_stop=should_stop if ranks.size == 1 else lambda: False,
                ranks=ranks,
            ) as prepared:
                require_same_data(prepared.data.spec, ranks)
                agreed = Agreement(ranks, should_stop, new_learning_rate)
                trainer = Trainer(
                    prepared,
                    emit,
                    agreed.should_stop,
                    checkpoints,
                    agreed.new_learning_rate,
                    save_model,
                    ranks,
                )
                if checkpoint:
                    trainer.restore(checkpoint)
                return trainer.run(run_name)
        except RunStopped:  # before the first step
            step, epoch = (checkpoint.step, checkpoint.epoch) if checkpoint else (0, 0)
            emit(events.Stopped(epoch=epoch, step=step))
            return TrainingResult(None, {}, "stopped")


@dataclass(eq=False)
class Trainer:
    """One run over data that is already on its device; see `train`.

    Everything random follows from the seed: the weights and dropout masks from PyTorch's global
    generator (on a processor, a seed of each step's masks), order and augmentation of an epoch
    from (seed, epoch). On a CPU the same configuration gives the same losses bit for bit with the
    same threads and lanes.
    """

    prepared: Preparation
    emit: Emit
    should_stop: ShouldStop = lambda: False
    checkpoints: Checkpoints | None = None
    new_learning_rate: NewLearningRate = lambda: None
    save_model: SaveModel = lambda _: None
    ranks: Ranks = ALONE

    def __post_init__(self) -> None:
        prepared = self.prepared
        self.config = config = prepared.config
        self.data = prepared.data
        self.device = prepared.device
        self.model = SequenceClassifier.from_config(config, self.data.spec).to(self.device)
        self.ranks.copy_from_first([weights.data for weights in self.model.parameters()])
        self.steps_per_epoch = steps_per_epoch(config, self.data.spec)
        self.total_steps = self.steps_per_epoch * config.num_epochs
        self.average = make_averaged_model(config, self.model)
        lanes = prepared.tuner.lanes
        self.step_function = make_step(
            config, self.model, self.average, prepared.precision, self.data.spec, lanes, self.ranks
        )
        self.meter = (SilentMeter if self.ranks.rank else Meter)(self.emit, self.device)
        self.evaluator = Evaluator(
            self.data,
            prepared.precision,
            self.emit,
            self.should_stop,
            lanes if self.device.type == "cpu" else None,
            watch_examples(self.data, config.seed, self.emit),
            self.ranks,
        )
        self.epoch = 1
        self.batch = 0
        self.step = 0
        self.learning_rate = config.learning_rate
        self.elapsed = Elapsed()
        self.kept = Kept()

    def run(self, name: str = "") -> TrainingResult:
        """Train and evaluate from wherever the state is, to the end or until asked to stop."""
        started = time.perf_counter() - self.elapsed.run
        seed_rank(self.config.seed, self.ranks, self.step, self.device)
        self.emit(
            run_started_event(
                self.prepared, run=name, epoch=self.epoch, step=self.step, ranks=self.ranks.size
            )
        )
        for message in precision_warnings(self.prepared):
            self._warn(message)
        self.evaluator.show_examples(self.evaluated_model, self.epoch, self.step)
        try:
            while self.epoch <= self.config.num_epochs and not self._is_out_of_patience():
                self.train_epoch()
                self._end_epoch()
                self.elapsed.run = time.perf_counter() - started
                self._save_after_epoch()
            is_early = self.epoch <= self.config.num_epochs
            if is_early:
                self.emit(
                    events.StoppedEarly(
                        epoch=self.epoch - 1, step=self.step, kept_epoch=self.kept.epoch
                    )
                )
            kept, model = self.kept, self.evaluated_model
            if kept.epoch != self.epoch - 1:
                model.load_state_dict(kept.weights)
            self.evaluator.evaluate_all_splits(model, kept.epoch, kept.step)
        except RunStopped:
            self.meter.flush()
            self.elapsed.run = time.perf_counter() - started
            if self.checkpoints and self.checkpoints.step != self.step:
                self.save()
            self._evaluate_after_stop()
            trained = self._trained_model(self.step)
            self.emit(events.Stopped(epoch=min(self.epoch, self.config.num_epochs), step=self.step))
            return TrainingResult(trained, self.evaluator.final, "stopped")
        trained = self._trained_model(kept.step)
        self.emit(
            events.Finished(
                epoch=self.epoch - 1,
                step=self.step,
                kept_epoch=self.kept.epoch,
                seconds=time.perf_counter() - started,
                training_seconds=self.elapsed.training,
            )
        )
        ended = "stopped_early" if is_early else "finished"
        return TrainingResult(trained, self.evaluator.final, ended)

    def train_epoch(self) -> None:
        """What is left of one pass over the training data."""
        self.model.train()
        if not self.batch:
            self.meter.start_epoch()
            self.elapsed.epoch = 0.0
        else:
            self.meter.resume_epoch()
        since = time.perf_counter()
        for batch in training_batches(self.data, self.config, self.epoch, skip=self.batch):
            asked = time.perf_counter()
            stop_if(self.should_stop)  # waits while the run is paused
            paused = time.perf_counter() - asked
            self.meter.exclude_time(paused)
            self._change_learning_rate()
            started = time.perf_counter()
            self.take_step(batch)
            ended = time.perf_counter()
            self.prepared.tuner.record_step(ended - started)
            self.elapsed.add_training(ended - since - paused)
            if self.checkpoints and self.checkpoints.is_due():
                self.save()
            since = time.perf_counter()
        self.meter.flush()
        self.elapsed.add_training(time.perf_counter() - since)
        correct, total = int(self.meter.correct.item()), self.meter.total
        self.emit(
            events.EpochEnded(
                epoch=self.epoch,
                step=self.step,
                loss=self.meter.loss_sum.item() / total,
                correct=correct,
                total=total,
                accuracy=correct / total,
                seconds=self.elapsed.epoch,
            )
        )

    def take_step(self, batch: Batch) -> None:
        """One step of the optimiser on a batch, counted and reported."""
        rate = learning_rate_at(
            self.config.schedule, self.learning_rate, self.step, self.total_steps
        )
        loss, correct = self.step_function(batch, rate, is_first=self.step == 0)
        self.step += 1
        self.batch += 1
        norm = self.step_function.gradient_norm
        self.meter.add(loss, correct, len(batch), norm, epoch=self.epoch, step=self.step, rate=rate)

    @property
    def evaluated_model(self) -> SequenceClassifier:
        """The weights that count: the averaged ones where there are any."""
        return self.average or self.model

    def save(self) -> None:
        """Save the state, unless a loss or a weight is not finite."""
        if not self.checkpoints:
            return
        self.meter.flush()
        if not all(bool(weights.isfinite().all()) for weights in self.model.parameters()):
            return
        if warning := self.checkpoints.save(self.state()):
            self._warn(warning)

    def state(self) -> Checkpoint:
        """Everything that training from here on depends on, besides the configuration."""
        return Checkpoint(
            config=self.config.model_dump(),
            data=self.data.spec,
            epoch=self.epoch,
            batch=self.batch,
            step=self.step,
            learning_rate=self.learning_rate,
            layout=self.prepared.tuner.best if self.device.type == "cpu" else None,
            trained=self.meter.total,
            kept=self.kept,
            elapsed=self.elapsed.model_copy(),
            tensors={
                f"{group}.{name}": tensor
                for group, tensors in self._tensors().items()
                for name, tensor in tensors.items()
            },
        )

    def _tensors(self) -> dict[str, dict[str, Tensor]]:
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict() if self.average else {},
            "kept": self.kept.weights,
            "optimizer": optimizer_state(self.step_function.optimizer),
            "generator": generator_states(self.device),
            "meter": self.meter.tensors(),
        }

    def restore(self, state: Checkpoint) -> None:
        """Set the state from a checkpoint.

        Raises:
            CheckpointError: It does not fit this network.
            DataError: The data are not those of the checkpoint.
        """
        if changes := state.data.changes_to(self.data.spec):
            raise DataError(
                f"{self.data.spec.title} has changed since the run was last trained: "
                f"{'; '.join(changes)}.",
                "Restore the data as they were, or start a new run with those that are there.",
                title="The data have changed",
            )
        try:
            self.model.load_state_dict(state.group("model"))
            load_optimizer_state(self.step_function.optimizer, state.group("optimizer"))
            if self.average:
                self.average.load_state_dict(state.group("average"))
            self.meter.restore(state.group("meter"), state.trained)
            set_generator_states(state.group("generator"), self.device)
            if state.step != (state.epoch - 1) * self.steps_per_epoch + state.batch:
                raise ValueError("its position contradicts itself")  # noqa: TRY301
        except (RuntimeError, ValueError, KeyError) as error:
            raise CheckpointError(
                f"The checkpoint does not fit this run: {str(error).splitlines()[0]:.200}.",
                restart_remedy(self.checkpoints.run.config_file) if self.checkpoints else "",
            ) from None
        self.kept = state.kept.model_copy(update={"weights": state.group("kept")})
        self.elapsed = state.elapsed
        self.epoch, self.batch, self.step = state.epoch, state.batch, state.step
        self.learning_rate = state.learning_rate

    def _warn(self, message: str) -> None:
        self.emit(events.RunWarning(message=message))

    def _change_learning_rate(self) -> None:
        """Use another learning rate from now on, if one was ordered."""
        rate = self.new_learning_rate()
        if rate is None or rate == self.learning_rate:
            return
        self.learning_rate = rate
        self.save()  # or a crash would lose the order
        self.emit(events.LearningRateChanged(epoch=self.epoch, step=self.step, learning_rate=rate))

    def _end_epoch(self) -> None:
        """Evaluate the epoch's weights, and go to the next epoch."""
        evaluation = self.evaluator.evaluate_split(
            self.data.evaluated_split, self.evaluated_model, self.epoch, self.step
        )
        self._keep(evaluation.loss)
        self.epoch += 1
        self.batch = 0

    def _save_after_epoch(self) -> None:
        is_last = self.epoch > self.config.num_epochs or self._is_out_of_patience()
        if self.checkpoints and (is_last or self.checkpoints.is_due_after_epoch()):
            self.save()

    def _keep(self, loss: float) -> None:
        """Remember the epoch whose weights count in the end: the last, or the best."""
        if not self.config.patience:
            self.kept = Kept(epoch=self.epoch, step=self.step)
        elif loss < self.kept.loss:
            weights = copy.deepcopy(self.evaluated_model.state_dict())
            self.kept = Kept(epoch=self.epoch, step=self.step, loss=loss, weights=weights)

    def _is_out_of_patience(self) -> bool:
        """Whether the validation loss has not fallen for `patience` epochs."""
        patience = self.config.patience
        return bool(patience) and self.epoch - 1 - self.kept.epoch >= patience

    def _evaluate_after_stop(self) -> None:
        """The final evaluation of a run that was stopped, if the stop asks for it."""
        if self.should_stop() == Stop.EVALUATED and self.step:
            epoch = self.epoch if self.batch else self.epoch - 1
            self.emit(events.Stopping(epoch=epoch, step=self.step))
            with suppress(RunStopped):
                self.evaluator.evaluate_all_splits(self.evaluated_model, epoch, self.step)

    def _trained_model(self, step: int) -> TrainedModel:
        network = copy.deepcopy(self.evaluated_model)
        model = TrainedModel(network, self.config, self.data.spec, step)
        self.save_model(model)
        return model

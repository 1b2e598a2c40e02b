"""The one training loop. It emits events and asks whether to stop; it knows no screen."""

import copy
import math
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from . import __version__, events, metering
from .architecture import summarise
from .augment import apply_transforms, draw_transforms
from .config import RunConfig
from .control import RunStopped, ShouldStop, stop_if
from .datasets import Dataset, Images, load_dataset
from .devices import describe, has_bfloat16, prepared, resolve_device, resolve_precision
from .errors import BilstmError, NonFiniteLossError, OutOfMemoryError
from .evaluation import class_scores, evaluate
from .events import Emit
from .model import SequenceClassifier
from .optimisation import make_average, make_optimizer, make_schedule
from .paths import data_dir as default_data_dir
from .randomness import Stream, generator


def train(
    config: RunConfig,
    emit: Emit,
    should_stop: ShouldStop = lambda: False,
    data_dir: Path | None = None,
) -> SequenceClassifier | None:
    """Train one model from the first step to the final accuracies.

    Args:
        config: The whole configuration.
        emit: Takes the run's events, in order; the last is `Finished`, `Stopped` or `Failed`.
        should_stop: Asked at every step, evaluation batch and piece of a download.
        data_dir: Folder of the data sets; the user's own where None.

    Returns:
        The trained model, or None if it was asked to stop before the end.

    Raises:
        ConfigError: This machine lacks the device; raised before any event.
        BilstmError: The run failed; a `Failed` event was emitted.
    """
    with prepared(config):
        device = resolve_device(config.device)
        with _endings(emit):
            try:
                data = load_dataset(config.dataset, default_data_dir(data_dir), emit, should_stop)
            except RunStopped:
                emit(events.Stopped(epoch=0, step=0))
                return None
            data = data.hold_out(config.validation_fraction, config.seed)
            return Trainer(config, data.to(device), device, emit, should_stop).run()


@contextmanager
def _endings(emit: Emit) -> Iterator[None]:
    """Tell of a failure in an event before it goes up."""
    try:
        yield
    except BilstmError as error:
        emit(_failed(error))
        raise
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            emit(_failed(_defect(error)))
            raise
        failure = OutOfMemoryError(
            str(error).splitlines()[0], "Lower batch_size first, then hidden_size."
        )
        emit(_failed(failure))
        raise failure from None
    except BrokenPipeError:  # whoever takes the events has gone
        raise
    except Exception as error:
        emit(_failed(_defect(error)))
        raise


def _failed(error: BilstmError) -> events.Failed:
    return events.Failed(
        title=error.title, message=error.message, advice=error.advice, exit_code=error.exit_code
    )


def _defect(error: Exception) -> BilstmError:
    return BilstmError(f"{type(error).__name__}: {error}", "This is a defect; please report it.")


def _is_out_of_memory(error: RuntimeError) -> bool:
    # the CPU's allocator has no exception class of its own
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


class Trainer:
    """One run over data that is already on its device.

    Everything random follows from the seed: the weights and dropout masks from PyTorch's global
    generator, order and augmentation of an epoch from (seed, epoch). On a CPU the same
    configuration gives the same losses bit for bit.

    Args:
        config: The whole configuration.
        data: The data, on the device.
        device: Where to train.
        emit: Takes the run's events.
        should_stop: Asked at every step and evaluation batch.
    """

    def __init__(
        self,
        config: RunConfig,
        data: Dataset,
        device: torch.device,
        emit: Emit,
        should_stop: ShouldStop = lambda: False,
    ) -> None:
        self.config = config
        self.data = data
        self.device = device
        self.emit = emit
        self.should_stop = should_stop
        self.precision = resolve_precision(config.precision, device)
        self.model = SequenceClassifier.from_config(config).to(device)
        self.steps_per_epoch = math.ceil(len(data.train) / config.batch_size)
        self.total_steps = self.steps_per_epoch * config.num_epochs
        self.optimizer = make_optimizer(config, self.model)
        self.schedule = make_schedule(config, self.optimizer, self.total_steps)
        self.average = make_average(config, self.model)
        self.meter = metering.Meter(emit, device)
        self.epoch = 0
        self.step = 0
        self.training_seconds = 0.0
        self.kept = _Kept()
        self.latest: dict[events.Split, events.Evaluation] = {}

    def run(self) -> SequenceClassifier | None:
        """Train, check, and return the model, or None if asked to stop."""
        began = time.perf_counter()
        self.emit(self._started())
        self._warn()
        try:
            for epoch in range(1, self.config.num_epochs + 1):
                self.train_epoch(epoch)
                watched = self._evaluate("validation" if len(self.data.validation) else "test")
                self._keep(watched.loss)
                if self._has_waited_enough():
                    break
            self._restore_kept()
            self._check_accuracy()
        except RunStopped:
            self.meter.flush()
            self.emit(events.Stopped(epoch=self.epoch, step=self.step))
            return None
        self.emit(
            events.Finished(
                epoch=self.epoch,
                step=self.step,
                kept_epoch=self.kept.epoch,
                seconds=time.perf_counter() - began,
                training_seconds=self.training_seconds,
            )
        )
        return self.evaluated_model

    def train_epoch(self, epoch: int) -> None:
        """One pass over the training images.

        Raises:
            NonFiniteLossError: A loss was nan or infinite.
            RunStopped: The run was asked to stop.
        """
        self.epoch = epoch
        self.model.train()
        self.meter.start_epoch()
        began = time.perf_counter()
        for rows, labels in self._batches(epoch):
            stop_if(self.should_stop)
            self._take_step(rows, labels)
        self.meter.flush()
        seconds = time.perf_counter() - began
        self.training_seconds += seconds
        correct, total = int(self.meter.correct.item()), self.meter.total
        self.emit(
            events.EpochEnded(
                epoch=epoch,
                step=self.step,
                loss=self.meter.loss_sum.item() / total,
                correct=correct,
                total=total,
                accuracy=correct / total,
                seconds=seconds,
            )
        )

    @property
    def evaluated_model(self) -> SequenceClassifier:
        """The weights that count: the averaged ones where there are any."""
        return cast(SequenceClassifier, self.average.module) if self.average else self.model

    def _batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """An epoch's batches: rows (N, T, features) from 0 to 1 and labels (N,)."""
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
        for start in range(0, len(images), config.batch_size):
            batch = images[order[start : start + config.batch_size]]
            rows = self.data.scale(batch.pixels)
            if transforms is not None:
                rows = apply_transforms(rows, transforms[start : start + config.batch_size])
            yield rows, batch.labels

    def _take_step(self, rows: Tensor, labels: Tensor) -> None:
        scores = class_scores(self.model, rows, self.precision)
        loss = functional.cross_entropy(scores, labels, label_smoothing=self.config.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()
        if self.config.clip_norm:
            clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.model)
        rate = self._learning_rate()
        self.schedule.step()
        self.step += 1
        correct = (scores.argmax(dim=1) == labels).sum()
        self.meter.add(loss, correct, len(labels), epoch=self.epoch, step=self.step, rate=rate)

    def _learning_rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def _check_accuracy(self) -> None:
        """The notebook's last act: accuracy on the whole training, validation and test data."""
        for split in events.SPLIT_TITLES:
            if size := len(self._images(split)):
                self.emit(
                    events.EvaluationStarted(
                        split=split, epoch=self.kept.epoch, step=self.kept.step, total=size
                    )
                )
                self._evaluate(split, final=True)

    def _evaluate(self, split: events.Split, *, final: bool = False) -> events.Evaluation:
        """Check the model on a split, unless these very weights were checked on it before."""
        epoch, step = (self.kept.epoch, self.kept.step) if final else (self.epoch, self.step)
        event = self.latest.get(split)
        if event and event.step == step:
            event = replace(event, final=final, time=time.time())
        else:
            images = self._images(split)
            score = evaluate(
                self.evaluated_model, self.data, images, self.precision, self.should_stop
            )
            if not math.isfinite(score.loss):
                where = f"on {events.SPLIT_TITLES[split]} data after step {step}"
                raise NonFiniteLossError(f"The loss {where} is {score.loss}.", metering.ADVICE)
            event = events.Evaluation(
                split=split,
                final=final,
                epoch=epoch,
                step=step,
                loss=score.loss,
                correct=score.correct,
                total=score.total,
                accuracy=score.accuracy,
            )
        self.latest[split] = event
        self.emit(event)
        return event

    def _images(self, split: events.Split) -> Images:
        return getattr(self.data, split)

    def _keep(self, loss: float) -> None:
        """Take note of the epoch whose weights count in the end: the last, or the best."""
        if not self.config.patience:
            self.kept = _Kept(self.epoch, self.step)
        elif loss < self.kept.loss:
            weights = copy.deepcopy(self.evaluated_model.state_dict())
            self.kept = _Kept(self.epoch, self.step, loss, weights)

    def _has_waited_enough(self) -> bool:
        """Whether the validation loss has not fallen for `patience` epochs."""
        patience = self.config.patience
        return bool(patience) and self.epoch - self.kept.epoch >= patience

    def _restore_kept(self) -> None:
        if self.kept.epoch != self.epoch:
            self.evaluated_model.load_state_dict(self.kept.weights)

    def _warn(self) -> None:
        if self.precision == torch.bfloat16 and not has_bfloat16(self.device):
            self._say(
                f"{describe(self.device)} does not compute in bfloat16 itself: "
                "precision = float32 is faster and more accurate here."
            )

    def _say(self, message: str) -> None:
        self.emit(events.RunWarning(message=message))

    def _started(self) -> events.RunStarted:
        data, facts = self.data, self.data.facts
        return events.RunStarted(
            config=self.config.model_dump(),
            model=summarise(self.config),
            device=events.DeviceInfo(
                name=str(self.device),
                description=describe(self.device),
                precision=str(self.precision).removeprefix("torch."),
                threads=torch.get_num_threads(),
            ),
            data=events.DataInfo(
                dataset=facts.name,
                train=len(data.train),
                validation=len(data.validation),
                test=len(data.test),
                sequence_length=facts.sequence_length,
                input_size=facts.input_size,
                classes=data.classes,
            ),
            steps_per_epoch=self.steps_per_epoch,
            total_steps=self.total_steps,
            versions={
                "bilstm-tui": __version__,
                "python": platform.python_version(),
                "torch": torch.__version__,
            },
        )


@dataclass(frozen=True)
class _Kept:
    """The epoch whose weights count in the end, and with early stopping the weights."""

    epoch: int = 0
    step: int = 0
    loss: float = math.inf
    weights: dict[str, Tensor] = field(default_factory=dict)

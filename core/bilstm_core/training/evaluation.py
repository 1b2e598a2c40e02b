"""How well a model does on whole splits of the data."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .. import events
from ..compute.distributed import ALONE, Ranks
from ..data.batches import Batch, by_length, on_device
from ..data.dataset import Dataset
from ..data.spec import SPLIT_TITLES, Split
from ..errors import NonFiniteLossError
from ..events import Emit
from ..stopping import ShouldStop, Stop, stop_if
from .examples import WatchedExamples
from .lanes import Lanes, parts_of
from .meter import NON_FINITE_ADVICE

_BATCH_SIZE = 1000
_MOST_STEPS = 1 << 18
"""Of all sequences in a batch: 256 MiB of states with 128 units in two directions."""
_WEIGHTS_TIMES_BATCH = 2**30
_SMALLEST_BATCH_SIZE = 16


def evaluation_batch_size(model: nn.Module, device: torch.device, num_steps: int) -> int:
    """Sequences at once: enough to keep the device busy, few enough to stop within a second.

    On a CPU the time of a batch grows with sequences × weights, so a large network gets smaller
    batches, and so do long sequences, whose states need memory. The size depends on nothing else:
    the same run gives the same sums.

    Args:
        model: The network.
        device: Where it is.
        num_steps: Steps of the longest sequence.
    """
    most = max(1, min(_BATCH_SIZE, _MOST_STEPS // num_steps))
    if device.type != "cpu":
        return most
    weights = sum(parameter.numel() for parameter in model.parameters())
    return min(most, max(_SMALLEST_BATCH_SIZE, _WEIGHTS_TIMES_BATCH // weights))


Watch = Callable[[int, Tensor], None]


@dataclass(frozen=True)
class Score:
    """How well a model does on a split.

    Attributes:
        loss: Mean cross-entropy.
        correct: Sequences classified correctly.
        total: Sequences in all.
        balanced_accuracy: Mean over the classes of the part that is classified correctly.
        macro_f1: Mean F1 over the classes; both as scikit-learn computes them.
        class_correct: Of each class, sequences classified correctly.
    """

    loss: float
    correct: int
    total: int
    balanced_accuracy: float
    macro_f1: float
    class_correct: list[int]

    @property
    def accuracy(self) -> float:
        """The part that is classified correctly."""
        return self.correct / self.total


def score_of(loss: float, labels: Tensor, predicted: Tensor, num_classes: int) -> Score:
    """The score of predictions, shape (N,), with their mean loss.

    A class that is neither a label nor a prediction does not count.
    """
    hits = labels[labels == predicted].bincount(minlength=num_classes).double()
    actual = labels.bincount(minlength=num_classes).double()
    either = actual + predicted.bincount(minlength=num_classes)
    recalls, f1 = hits / actual, 2 * hits / either
    return Score(
        loss,
        int(hits.sum().item()),
        len(labels),
        balanced_accuracy=recalls[actual > 0].mean().item(),
        macro_f1=f1[either > 0].mean().item(),
        class_correct=hits.long().tolist(),
    )


def evaluate(
    model: nn.Module,
    data: Dataset,
    split: Split,
    precision: torch.dtype,
    should_stop: ShouldStop = lambda: False,
    lanes: Lanes | None = None,
    watch: Watch = lambda *_: None,
    ranks: Ranks = ALONE,
) -> Score:
    """Evaluate a model on a whole split of the data; raises `RunStopped` if asked to stop.

    Every rank takes a part of each batch, and every lane a part of that. `watch` is given the
    position of each batch's first sequence, in the order of `by_length`, and the class scores of
    the whole batch.
    """
    sequences = data.split(split)
    device = data.device
    loss = torch.zeros((), device=device)
    labels: list[Tensor] = []
    predicted: list[Tensor] = []
    seen = 0
    size = evaluation_batch_size(model, device, data.spec.longest)
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for batch in on_device(by_length(sequences, data.spec, size), device):
            stop_if(should_stop)
            scores = _scores_of_ranks(model, batch, precision, lanes, ranks)
            watch(seen, scores)
            seen += len(batch)
            loss += functional.cross_entropy(scores, batch.labels, reduction="sum")
            labels.append(batch.labels)
            predicted.append(scores.argmax(dim=1))
        ranks.copy_from_first([loss])  # early stopping depends on its last bit
    model.train(was_training)
    mean_loss = loss.item() / len(sequences)
    found, expected = torch.cat(predicted).cpu(), torch.cat(labels).cpu()
    return score_of(mean_loss, expected, found, data.spec.num_classes)


def _scores_of_ranks(
    model: nn.Module, batch: Batch, precision: torch.dtype, lanes: Lanes | None, ranks: Ranks
) -> Tensor:
    """The scores of a whole batch, on every rank, in the order of the batch."""
    if ranks.size == 1:
        return _scores_in_lanes(model, batch, precision, lanes)
    rows = ranks.rows_of(len(batch), 1)
    own = batch[rows] if rows.start < rows.stop else batch[:1]  # which says how many classes
    computed = _scores_in_lanes(model, own, precision, lanes)
    scores = computed.new_zeros(len(batch), computed.shape[1])
    scores[rows] = computed[: rows.stop - rows.start]
    ranks.add([scores])
    return scores


def _scores_in_lanes(
    model: nn.Module, batch: Batch, precision: torch.dtype, lanes: Lanes | None
) -> Tensor:
    if not lanes:
        return class_scores(model, batch, precision)

    def scores(rows: slice) -> Tensor:
        with torch.inference_mode():  # of this thread
            return class_scores(model, batch[rows], precision)

    parts = parts_of(slice(0, len(batch)), lanes.layout.lanes)
    return torch.cat(lanes.run([partial(scores, rows) for rows in parts]))


def class_scores(model: nn.Module, batch: Batch, precision: torch.dtype, **options: Any) -> Tensor:
    """Class scores (N, num_classes) in float32, computed in the given precision.

    `options` are those of the network's `forward`.
    """
    if precision == torch.float32:
        return model(batch.inputs, batch.lengths, **options)
    device = batch.inputs.device.type
    # lanes would share the cache of converted weights, and each weight is used once anyway
    with torch.autocast(device, precision, cache_enabled=device != "cpu"):
        return model(batch.inputs, batch.lengths, **options).float()


class Evaluator:
    """Evaluates a run's model on the splits of its data; the same weights never twice."""

    def __init__(
        self,
        data: Dataset,
        precision: torch.dtype,
        emit: Emit,
        should_stop: ShouldStop,
        lanes: Lanes | None = None,
        examples: WatchedExamples | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self._data = data
        self._ranks = ranks
        self._examples = examples
        self._precision = precision
        self._lanes = lanes
        self._emit = emit
        self._should_stop = should_stop
        self._latest: dict[Split, events.Evaluation] = {}
        self.final: dict[Split, events.Evaluation] = {}
        """The final evaluations; some of them where a stop interrupted the rest."""

    def show_examples(self, model: nn.Module, epoch: int, step: int) -> None:
        """Report the examples, and what the model predicts for them before training."""
        examples = self._examples
        if not examples:
            return
        examples.show()
        model.eval()
        with torch.inference_mode():
            batch = examples.batch().to(self._data.device)
            examples.take_all(class_scores(model, batch, self._precision))
        model.train()
        examples.finish(epoch, step)
        examples.report(at_once=True)

    def evaluate_split(
        self, split: Split, model: nn.Module, epoch: int, step: int
    ) -> events.Evaluation:
        """Evaluate a model on one split, after an epoch.

        Raises:
            RunStopped: The run was asked to stop.
            NonFiniteLossError: The loss on this split is nan or infinite.
        """
        return self._evaluate(split, model, epoch, step, self._should_stop, final=False)

    def evaluate_all_splits(self, model: nn.Module, epoch: int, step: int) -> None:
        """The notebook's last act: accuracy on the whole training, validation and test data.

        A stop that asks for a final evaluation does not interrupt it.

        Raises:
            RunStopped: The run was asked to stop at once.
            NonFiniteLossError: A loss is nan or infinite.
        """

        def must_stop() -> bool:
            return self._should_stop() == Stop.AT_ONCE

        self.final.clear()
        for split in SPLIT_TITLES:
            if size := len(self._data.split(split)):
                self._emit(
                    events.EvaluationStarted(split=split, epoch=epoch, step=step, total=size)
                )
                self.final[split] = self._evaluate(split, model, epoch, step, must_stop, final=True)
        if self._examples:
            self._examples.report(at_once=True)

    def _evaluate(
        self,
        split: Split,
        model: nn.Module,
        epoch: int,
        step: int,
        should_stop: ShouldStop,
        *,
        final: bool,
    ) -> events.Evaluation:
        event = self._latest.get(split)
        if event and event.step == step:
            event = replace(event, final=final, time=time.time())
        else:
            score = self._score(split, model, epoch, step, should_stop)
            if not math.isfinite(score.loss):
                where = f"on {SPLIT_TITLES[split]} data after step {step}"
                raise NonFiniteLossError(f"The loss {where} is {score.loss}.", NON_FINITE_ADVICE)
            event = events.Evaluation(
                split=split,
                final=final,
                epoch=epoch,
                step=step,
                loss=score.loss,
                correct=score.correct,
                total=score.total,
                accuracy=score.accuracy,
                balanced_accuracy=score.balanced_accuracy,
                macro_f1=score.macro_f1,
                class_correct=tuple(score.class_correct[: events.MOST_CLASSES]),
            )
        self._latest[split] = event
        self._emit(event)
        if self._examples:
            self._examples.report()
        return event

    def _score(
        self, split: Split, model: nn.Module, epoch: int, step: int, should_stop: ShouldStop
    ) -> Score:
        examples = self._examples if self._examples and split == self._examples.split else None
        score = evaluate(
            model,
            self._data,
            split,
            self._precision,
            should_stop,
            self._lanes,
            examples.take if examples else lambda *_: None,
            self._ranks,
        )
        if examples:
            examples.finish(epoch, step)
        return score

"""A training step: in lanes on a processor, on a GPU kernel by kernel or as one CUDA graph."""

import warnings
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_, get_total_norm

from ..compute.distributed import ALONE, Ranks
from ..config.schema import RunConfig
from ..data.batches import Batch
from ..data.spec import DataSpec
from ..errors import Remedy, TrainingError
from ..network.classifier import SequenceClassifier
from .dropout import SEEDS, Dropout
from .evaluation import class_scores
from .lanes import ROWS_TOGETHER, Lanes, has_direction_lanes, parts_of
from .optimisers import make_optimizer, set_learning_rate, update_averaged_model

_WARM_UP_STEPS = 3
"""Before capture: cuDNN and cuBLAS choose algorithms, and the optimiser allocates its buffers."""


class Step:
    """Forward and backward pass, update of the weights and of their moving average.

    It does not synchronise with the device: its results are tensors on it.
    """

    def __init__(
        self,
        config: RunConfig,
        model: SequenceClassifier,
        average: SequenceClassifier | None,
        precision: torch.dtype,
        class_weights: Tensor | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.optimizer = make_optimizer(config, model)
        self._ranks = ranks
        self._class_weights = class_weights
        self._config = config
        self._model = model
        self._average = average
        self._precision = precision
        self._norm: Tensor | None = None
        self._gradients: list[Tensor] | None = None

    def __call__(
        self, batch: Batch, learning_rate: float, *, is_first: bool
    ) -> tuple[Tensor, Tensor]:
        """Train on one batch; the average starts at the run's first step.

        Returns:
            Mean loss of the batch, and number of sequences classified correctly, both of shape ().
        """
        set_learning_rate(self.optimizer, learning_rate)
        return self._run(batch, is_first=is_first)

    def gradient_norm(self) -> Tensor:
        """The norm of the latest step's whole gradient, before clipping, of shape ().

        Where gradients are clipped, the step has computed it. Elsewhere it is computed here, so
        that steps for which nobody asks cost nothing. The next step may overwrite it.
        """
        if self._norm is not None:
            return self._norm
        gradients = self._gradients or [
            it.grad for it in self._model.parameters() if it.grad is not None
        ]
        return get_total_norm(gradients)

    def _run(self, batch: Batch, *, is_first: bool) -> tuple[Tensor, Tensor]:
        result = self._differentiate(batch)
        self._norm = self._gradients = None
        if self._config.clip_norm:
            self._norm = clip_grad_norm_(self._model.parameters(), self._config.clip_norm)
        self.optimizer.step()
        if self._average:
            decay = 0.0 if is_first else self._config.ema_decay
            update_averaged_model(self._average, self._model, decay)
        return result

    def _differentiate(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the gradients of the mean loss; what is returned is that of `__call__`."""
        scores = class_scores(self._model, batch, self._precision)
        loss = self._loss(scores, batch.labels, "mean")
        self.optimizer.zero_grad()
        loss.backward()
        return loss.detach(), (scores.argmax(dim=1) == batch.labels).sum()

    def _add_ranks(
        self, loss: Tensor, correct: Tensor, gradients: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Add what the other ranks have computed; the gradients are changed in place."""
        if self._ranks.size == 1:
            return loss, correct
        count = correct.float()  # a batch has less than 2²⁴ sequences
        self._ranks.add([loss, count, *gradients])
        return loss, count.to(correct.dtype)

    def _add_nothing(self) -> tuple[Tensor, Tensor]:
        """Take part in a step whose batch is too small for all ranks."""
        parameters = list(self._model.parameters())
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        loss = torch.zeros((), device=parameters[0].device)
        gradients = [it.grad for it in parameters if it.grad is not None]
        return self._add_ranks(loss, loss.long(), gradients)

    def _loss(self, scores: Tensor, labels: Tensor, reduction: str) -> Tensor:
        return functional.cross_entropy(
            scores,
            labels,
            self._class_weights,
            reduction=reduction,
            label_smoothing=self._config.label_smoothing,
        )


class LanedStep(Step):
    """The same step on a processor, as a layout of lanes says.

    Its result is that of one lane but for the rounding of sums: each part of the batch adds its
    share of the mean loss, and the gradients are added in the order of the parts.
    """

    def __init__(
        self,
        config: RunConfig,
        model: SequenceClassifier,
        average: SequenceClassifier | None,
        precision: torch.dtype,
        class_weights: Tensor | None,
        lanes: Lanes,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(config, model, average, precision, class_weights, ranks)
        self._lanes = lanes
        self._has_direction_lanes = all(map(has_direction_lanes, model.recurrent_layers))

    def _differentiate(self, batch: Batch) -> tuple[Tensor, Tensor]:
        seed = int(torch.randint(SEEDS, ())) if self._config.dropout else 0
        weights = self._class_weights
        divisor = len(batch) if weights is None else weights[batch.labels].sum()
        own = self._ranks.rows_of(len(batch), ROWS_TOGETHER)
        parts = parts_of(own, self._lanes.layout.parts)
        if not parts:
            return self._add_nothing()
        (loss, correct, gradients), *others = self._lanes.run(
            [partial(self._differentiate_part, batch, rows, divisor, seed) for rows in parts]
        )
        for other_loss, other_correct, other_gradients in others:
            loss += other_loss
            correct += other_correct
            for gradient, other in zip(gradients, other_gradients, strict=True):
                gradient.add_(other)
        loss, correct = self._add_ranks(loss, correct, gradients)
        for parameter, gradient in zip(self._model.parameters(), gradients, strict=True):
            parameter.grad = gradient
        return loss, correct

    def _differentiate_part(
        self, batch: Batch, rows: slice, divisor: Tensor | int, seed: int
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        part, rate, lanes = batch[rows], self._config.dropout, self._lanes
        is_split = lanes.layout.directions == 2 and self._has_direction_lanes
        scores = class_scores(
            self._model,
            part,
            self._precision,
            states_of=lanes.layer_states if is_split else None,
            drop=Dropout(rate, seed, rows.start) if rate else None,
        )
        loss = self._loss(scores, part.labels, "sum") / divisor
        gradients = torch.autograd.grad(loss, list(self._model.parameters()))
        return loss.detach(), (scores.argmax(dim=1) == part.labels).sum(), list(gradients)


class SharedStep(Step):
    """The same step on a GPU, of which this rank computes a part of the batch."""

    def _differentiate(self, batch: Batch) -> tuple[Tensor, Tensor]:
        weights = self._class_weights
        divisor = len(batch) if weights is None else weights[batch.labels].sum()
        part = batch[self._ranks.rows_of(len(batch), ROWS_TOGETHER)]
        if not len(part):
            return self._add_nothing()
        scores = class_scores(self._model, part, self._precision)
        loss = self._loss(scores, part.labels, "sum") / divisor
        self.optimizer.zero_grad()
        loss.backward()
        gradients = [it.grad for it in self._model.parameters() if it.grad is not None]
        correct = (scores.argmax(dim=1) == part.labels).sum()
        return self._add_ranks(loss.detach(), correct, gradients)


class GraphedStep(Step):
    """The same step on an NVIDIA GPU, its hundreds of kernels launched as one CUDA graph.

    The kernels of a recurrent network are small: launching them one by one may take longer than
    running them (https://pytorch.org/blog/accelerating-pytorch-with-cuda-graphs).
    The last batch of an epoch, which may be smaller, is launched kernel by kernel.
    """

    _warm_up_steps_left = _WARM_UP_STEPS

    def _run(self, batch: Batch, *, is_first: bool) -> tuple[Tensor, Tensor]:
        if len(batch) != self._config.batch_size:
            return super()._run(batch, is_first=is_first)
        if self._warm_up_steps_left:
            self._warm_up_steps_left -= 1
            return self._warm_up(batch, is_first=is_first)
        num_steps = batch.inputs.shape[1]
        if num_steps not in self._replays:
            self._replays[num_steps] = self._capture(batch)
        return self._replays[num_steps](batch)

    @cached_property
    def _replays(self) -> dict[int, Callable[[Batch], tuple[Tensor, Tensor]]]:
        """The graphs by the number of time steps; a graph's shapes are fixed."""
        return {}

    @cached_property
    def _side_stream(self) -> torch.cuda.Stream:
        """Warm-up and capture share a stream, and so the state that libraries keep per stream."""
        return torch.cuda.Stream()

    @cached_property
    def _memory_pool(self) -> Any:
        """The graphs share their memory: one runs at a time, and its results are copied."""
        return torch.cuda.graph_pool_handle()

    def _warm_up(self, batch: Batch, *, is_first: bool) -> tuple[Tensor, Tensor]:
        main_stream = torch.cuda.current_stream()
        self._side_stream.wait_stream(main_stream)
        with torch.cuda.stream(self._side_stream):
            result = super()._run(batch, is_first=is_first)
        main_stream.wait_stream(self._side_stream)
        return result

    def _capture(self, batch: Batch) -> Callable[[Batch], tuple[Tensor, Tensor]]:
        """Capture the step as a graph with its own input tensors, without running it.

        Raises:
            TrainingError: The step cannot be captured. The state of CUDA is then undefined.
        """
        lengths = None if batch.lengths is None else batch.lengths.clone()
        static = Batch(batch.inputs.clone(), lengths, batch.labels.clone())
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()  # frees the gradients, which the graph allocates again
        try:
            with (
                warnings.catch_warnings(),
                torch.cuda.graph(graph, pool=self._memory_pool, stream=self._side_stream),
            ):
                warnings.filterwarnings("error", ".*graph is empty.*")
                loss, correct = super()._run(static, is_first=False)
                # where there is a graph for each length, they share the memory of gradients
                has_norm = self._config.clip_norm or lengths is not None
                norm = self.gradient_norm() if has_norm else None
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, UserWarning) as error:
            reason = str(error.__context__ or error).partition("\n")[0]
            raise TrainingError(
                f"The training step cannot be captured as a CUDA graph: {reason}",
                Remedy(
                    "Set cuda_graph = false to train without one, which is slower.",
                    "set",
                    settings={"cuda_graph": False},
                ),
            ) from error
        gradients = None
        if norm is None:
            gradients = [it.grad for it in self._model.parameters() if it.grad is not None]

        def replay(batch: Batch) -> tuple[Tensor, Tensor]:
            static.inputs.copy_(batch.inputs)
            static.labels.copy_(batch.labels)
            if static.lengths is not None and batch.lengths is not None:
                static.lengths.copy_(batch.lengths)
            graph.replay()
            self._norm, self._gradients = norm, gradients
            return loss.clone(), correct.clone()  # the next replay overwrites them

        return replay


def balanced_weights(spec: DataSpec) -> list[float]:
    """The weight of each class in the loss: N / (classes × sequences of the class), from training.

    That is scikit-learn's `compute_class_weight("balanced")`; classes without sequences get 0.
    """
    sizes = spec.class_sizes["train"]
    present = sum(map(bool, sizes))
    return [sum(sizes) / (present * size) if size else 0.0 for size in sizes]


def make_step(
    config: RunConfig,
    model: SequenceClassifier,
    average: SequenceClassifier | None,
    precision: torch.dtype,
    spec: DataSpec,
    lanes: Lanes,
    ranks: Ranks = ALONE,
) -> Step:
    """Create the step for the device of the network, and for the classes of its data.

    With several ranks a step on a GPU is launched kernel by kernel.
    """
    device = next(model.parameters()).device
    weights = None
    if config.class_weights == "balanced":
        weights = torch.tensor(balanced_weights(spec), device=device)
    if device.type == "cpu":
        return LanedStep(config, model, average, precision, weights, lanes, ranks)
    if ranks.size > 1:
        return SharedStep(config, model, average, precision, weights, ranks)
    # an AMD GPU is called cuda too
    is_graphed = config.cuda_graph and torch.version.cuda is not None and device.type == "cuda"
    kind = GraphedStep if is_graphed else Step
    return kind(config, model, average, precision, weights)

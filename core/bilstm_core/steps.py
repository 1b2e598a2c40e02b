"""One step of the optimiser: launched operation by operation, or replayed as one CUDA graph."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from .config import RunConfig
from .evaluation import class_scores
from .model import SequenceClassifier
from .optimisation import make_optimizer, set_rate, update_average

_WARM_UP_STEPS = 3
"""Before a capture: cuDNN and cuBLAS make their choices, the optimiser its buffers."""


class Step:
    """There, back, update, average.

    Nothing in it waits for the device: what it gives are tensors there.

    Args:
        config: The whole configuration.
        model: The network, on its device.
        average: The averaged network, where there is one.
        precision: Of the arithmetic.
    """

    def __init__(
        self,
        config: RunConfig,
        model: SequenceClassifier,
        average: SequenceClassifier | None,
        precision: torch.dtype,
    ) -> None:
        self.optimizer = make_optimizer(config, model)
        self._config = config
        self._model = model
        self._average = average
        self._precision = precision

    def __call__(
        self, rows: Tensor, labels: Tensor, rate: float, *, is_first: bool
    ) -> tuple[Tensor, Tensor]:
        """Train on one batch.

        Args:
            rows: Images (N, T, features) from 0 to 1.
            labels: Their classes (N).
            rate: The learning rate.
            is_first: Whether it is the run's very first step, where the average begins.

        Returns:
            The batch's mean loss, and how many of its images were classified rightly.
        """
        set_rate(self.optimizer, rate)
        return self._take(rows, labels, is_first=is_first)

    def _take(self, rows: Tensor, labels: Tensor, *, is_first: bool) -> tuple[Tensor, Tensor]:
        scores = class_scores(self._model, rows, self._precision)
        smoothing = self._config.label_smoothing
        loss = functional.cross_entropy(scores, labels, label_smoothing=smoothing)
        self.optimizer.zero_grad()
        loss.backward()
        if self._config.clip_norm:
            clip_grad_norm_(self._model.parameters(), self._config.clip_norm)
        self.optimizer.step()
        if self._average:
            decay = 0.0 if is_first else self._config.ema_decay
            update_average(self._average, self._model, decay)
        return loss.detach(), (scores.argmax(dim=1) == labels).sum()


class GraphedStep(Step):
    """The same step on a CUDA GPU, its hundreds of kernels launched as one.

    A recurrent network's kernels are so small that launching them takes longer than running
    them; a graph is launched at once (https://pytorch.org/blog/accelerating-pytorch-with-cuda-graphs).
    The last batch of an epoch, which may be smaller, is launched operation by operation.

    Args:
        config: The whole configuration.
        model: The network, on its device.
        average: The averaged network, where there is one.
        precision: Of the arithmetic.
        warn: Takes a message if the step cannot be captured; then nothing is graphed.
    """

    def __init__(
        self,
        config: RunConfig,
        model: SequenceClassifier,
        average: SequenceClassifier | None,
        precision: torch.dtype,
        warn: Callable[[str], None],
    ) -> None:
        super().__init__(config, model, average, precision)
        self._warn = warn
        self._warm_up_steps_left = _WARM_UP_STEPS
        self._graph: torch.cuda.CUDAGraph | None = None
        self._is_capturable = True

    def _take(self, rows: Tensor, labels: Tensor, *, is_first: bool) -> tuple[Tensor, Tensor]:
        if len(labels) != self._config.batch_size or not self._is_capturable:
            return super()._take(rows, labels, is_first=is_first)
        if self._warm_up_steps_left:
            self._warm_up_steps_left -= 1
            return self._take_beside(rows, labels, is_first=is_first)
        if self._graph is None:
            self._rows, self._labels = rows.clone(), labels.clone()
            try:
                self._graph = self._captured()
            except RuntimeError as error:
                self._is_capturable = False
                reason = str(error).partition("\n")[0]
                self._warn(f"Steps are launched one by one, which is slower: {reason}")
                return super()._take(rows, labels, is_first=is_first)
        self._rows.copy_(rows)
        self._labels.copy_(labels)
        self._graph.replay()
        return self._loss.clone(), self._correct.clone()

    def _take_beside(
        self, rows: Tensor, labels: Tensor, *, is_first: bool
    ) -> tuple[Tensor, Tensor]:
        """A step on a stream of its own, as a capture's will be."""
        here, beside = torch.cuda.current_stream(), torch.cuda.Stream()
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            result = super()._take(rows, labels, is_first=is_first)
        here.wait_stream(beside)
        return result

    def _captured(self) -> torch.cuda.CUDAGraph:
        """The step as a graph; it is recorded, not run, so the state stays as it is."""
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()  # gradients shall lie in the graph's own memory
        with torch.cuda.graph(graph):
            self._loss, self._correct = super()._take(self._rows, self._labels, is_first=False)
        return graph


def make_step(
    config: RunConfig,
    model: SequenceClassifier,
    average: SequenceClassifier | None,
    precision: torch.dtype,
    warn: Callable[[str], None],
) -> Step:
    """The step for the device that the network is on."""
    if next(model.parameters()).is_cuda:
        return GraphedStep(config, model, average, precision, warn)
    return Step(config, model, average, precision)

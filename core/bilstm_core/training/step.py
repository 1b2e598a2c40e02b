"""One step of the optimiser: launched operation by operation, or replayed as one CUDA graph."""

import warnings
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from ..config.schema import RunConfig
from ..errors import TrainingError
from ..network.classifier import SequenceClassifier
from .evaluation import class_scores
from .optimisers import make_optimizer, set_rate, update_averaged_model

_WARM_UP_STEPS = 3
"""Before a capture: cuDNN and cuBLAS make their choices, the optimiser its buffers."""


class Step:
    """Forward, backward, update, average.

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
            update_averaged_model(self._average, self._model, decay)
        return loss.detach(), (scores.argmax(dim=1) == labels).sum()


class GraphedStep(Step):
    """The same step on an NVIDIA GPU, its hundreds of kernels launched as one.

    A recurrent network's kernels are small, so that launching them one by one may take longer
    than running them (https://pytorch.org/blog/accelerating-pytorch-with-cuda-graphs).
    The last batch of an epoch, which may be smaller, is launched kernel by kernel.
    """

    _warm_up_steps_left = _WARM_UP_STEPS
    _replay: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None

    def _take(self, rows: Tensor, labels: Tensor, *, is_first: bool) -> tuple[Tensor, Tensor]:
        if len(labels) != self._config.batch_size:
            return super()._take(rows, labels, is_first=is_first)
        if self._warm_up_steps_left:
            self._warm_up_steps_left -= 1
            return self._take_beside(rows, labels, is_first=is_first)
        self._replay = self._replay or self._captured(rows, labels)
        return self._replay(rows, labels)

    @cached_property
    def _beside(self) -> torch.cuda.Stream:
        """Warm-up and capture share a stream, and so what libraries keep for each."""
        return torch.cuda.Stream()

    def _take_beside(
        self, rows: Tensor, labels: Tensor, *, is_first: bool
    ) -> tuple[Tensor, Tensor]:
        here = torch.cuda.current_stream()
        self._beside.wait_stream(here)
        with torch.cuda.stream(self._beside):
            result = super()._take(rows, labels, is_first=is_first)
        here.wait_stream(self._beside)
        return result

    def _captured(
        self, rows: Tensor, labels: Tensor
    ) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """The step as a graph over tensors of its own; it is recorded, not run.

        Raises:
            TrainingError: It cannot be recorded. What CUDA is left in then is not to be relied on.
        """
        own_rows, own_labels = rows.clone(), labels.clone()
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()  # gives memory free that the graph takes anew
        try:
            with warnings.catch_warnings(), torch.cuda.graph(graph, stream=self._beside):
                warnings.filterwarnings("error", ".*graph is empty.*")
                loss, correct = super()._take(own_rows, own_labels, is_first=False)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, UserWarning) as error:
            reason = str(error.__context__ or error).partition("\n")[0]
            raise TrainingError(
                f"The training step cannot be captured as a CUDA graph: {reason}",
                "Train without one, which is slower: --no-cuda-graph",
            ) from error

        def replay(rows: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            own_rows.copy_(rows)
            own_labels.copy_(labels)
            graph.replay()
            return loss.clone(), correct.clone()  # the next replay changes them

        return replay


def make_step(
    config: RunConfig,
    model: SequenceClassifier,
    average: SequenceClassifier | None,
    precision: torch.dtype,
) -> Step:
    """The step for the device that the network is on."""
    is_graphed = (
        config.cuda_graph
        and torch.version.cuda is not None  # AMD's GPUs are called cuda too
        and next(model.parameters()).is_cuda
    )
    return (GraphedStep if is_graphed else Step)(config, model, average, precision)

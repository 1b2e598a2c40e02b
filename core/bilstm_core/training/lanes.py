"""Lanes: parts of a step side by side, on threads of their own.

The recurrent layers of a small network hardly gain from a second thread: each of their time steps
is too short to share. The two directions of a layer, however, do not depend on one another, nor do
two parts of a batch. PyTorch releases Python's lock while it computes, so ordinary threads will do.
Measured on two cores without AVX-512, a BiLSTM of 128 units in float32: a step takes 1.4 times as
long on one lane with two threads as in two lanes with one each.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import nullcontext
from functools import partial
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread
from typing import Annotated, Any, NamedTuple, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..config.schema import RunConfig
from ..errors import Remedy, TrainingError
from ..network.torch_internals import has_functions, states_of_direction

_Result = TypeVar("_Result")

ROWS_TOGETHER = 4
"""Rows of a batch that no layout separates; dropout masks are drawn for as many at a time."""


class Layout(NamedTuple):
    """How a step is laid out over cores.

    Attributes:
        directions: 2 where the two directions of a layer run side by side.
        parts: Parts of the batch that run side by side.
        threads: PyTorch's threads in each lane.
    """

    directions: Annotated[int, Field(ge=1, le=2)] = 1
    parts: Annotated[int, Field(ge=1, le=2**16)] = 1
    threads: Annotated[int, Field(ge=1, le=2**16)] = 1

    @property
    def lanes(self) -> int:
        """Tasks that run at once, each on a thread of Python."""
        return self.directions * self.parts

    @property
    def cores(self) -> int:
        """Cores that are busy at once."""
        return self.lanes * self.threads


class Lanes:
    """Runs tasks side by side, as a layout says; the caller's own thread is the first lane.

    PyTorch's number of threads belongs to each thread of Python: `use` sets that of the caller.
    """

    def __init__(self, layout: Layout) -> None:
        self._threads: list[Thread] = []
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self.use(layout)

    def use(self, layout: Layout) -> None:
        """Change the layout, between two steps."""
        self.close()
        self.layout = layout
        torch.set_num_threads(layout.threads)

    def close(self) -> None:
        """End the threads; they are started again where they are needed."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def run(self, tasks: Sequence[Callable[[], _Result]]) -> list[_Result]:
        """The results of tasks that run side by side, no more of them than there are lanes.

        A part of the batch may in turn run its two directions so: there is a thread for each task
        that can be waited for. Where tasks fail, the first error is raised when all have ended.

        Raises:
            TrainingError: The system starts no more threads.
        """
        own, *others = tasks
        if others and not self._threads:
            self._start()
        futures: list[Future[_Result]] = []
        try:
            for task in others:
                futures.append(Future())
                self._tasks.put((futures[-1], task))
            result = own()
        finally:
            wait(futures)
        return [result, *(future.result() for future in futures)]

    def _start(self) -> None:
        for number in range(1, self.layout.lanes):
            thread = Thread(
                target=_work,
                args=(self._tasks, self.layout.threads),
                name=f"lane {number}",
                daemon=True,  # a program that does not close them can end
            )
            try:
                thread.start()
            except RuntimeError as error:
                self.close()
                raise TrainingError(
                    f"The system starts no thread for each of {self.layout.lanes} lanes: {error}.",
                    Remedy("Set lanes = 1.", "set", settings={"lanes": 1}),
                ) from None
            self._threads.append(thread)

    def layer_states(self, layer: nn.RNNBase, inputs: Tensor, reversal: Tensor | None) -> Tensor:
        """A bidirectional layer's states, as `layer_states` of the network, directions at once.

        Shape (N, T, 2 · hidden_size).
        """
        weights = [weight for direction in layer.all_weights for weight in direction]
        return _BothDirections.apply(self, layer, reversal, inputs, *weights)


def _work(
    tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None], num_threads: int
) -> None:
    """What a lane's thread does: tasks, until there is none."""
    torch.set_num_threads(num_threads)
    while item := tasks.get():
        future, task = item
        try:
            future.set_result(task())
        except BaseException as error:  # which the caller raises
            future.set_exception(error)
        del item, future, task  # nothing is kept alive while it waits


def most_directions(config: RunConfig) -> int:
    """Directions of a layer that can run side by side: 2, or 1.

    With readout `last` the top layer computes one backward step only.
    """
    is_split = config.bidirectional and (config.num_layers > 1 or config.readout != "last")
    return 2 if is_split else 1


def has_direction_lanes(layer: nn.RNNBase) -> bool:
    """Whether the directions of a layer can run side by side."""
    return layer.bidirectional and has_functions(layer)


def parts_of(rows: slice, parts: int) -> list[slice]:
    """A range of rows in at most as many parts, equal but for `ROWS_TOGETHER`."""
    blocks = -(-(rows.stop - rows.start) // ROWS_TOGETHER)
    starts = [rows.start + ROWS_TOGETHER * (blocks * part // parts) for part in range(parts)]
    bounds = [*starts, rows.stop]
    return [slice(start, end) for start, end in pairwise(bounds) if start < end]


class _BothDirections(torch.autograd.Function):
    """The states of both directions; each lane records one and differentiates it.

    PyTorch would differentiate a graph that several threads have recorded on a single one.
    """

    @staticmethod
    def forward(
        ctx: Any,
        lanes: Lanes,
        layer: nn.RNNBase,
        reversal: Tensor | None,
        inputs: Tensor,
        *weights: Tensor,
    ) -> Tensor:
        half = len(weights) // 2
        autocast = _autocast()

        def record(number: int) -> tuple[list[Tensor], Tensor]:
            with torch.enable_grad(), autocast():
                own_inputs = inputs.detach().requires_grad_(ctx.needs_input_grad[3])
                own_weights = [
                    weight.detach().requires_grad_()
                    for weight in weights[number * half : (number + 1) * half]
                ]
                states = states_of_direction(
                    layer, own_inputs, own_weights, is_backward=number == 1, reversal=reversal
                )
            sources = [own_inputs] if own_inputs.requires_grad else []
            return [*sources, *own_weights], states

        ctx.lanes = lanes
        ctx.recorded = lanes.run([partial(record, number) for number in range(2)])
        return torch.cat([states.detach() for _, states in ctx.recorded], dim=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        recorded, ctx.recorded = ctx.recorded, None
        halves = gradients[0].chunk(2, dim=-1)

        def differentiate(number: int) -> tuple[Tensor, ...]:
            sources, states = recorded[number]
            return torch.autograd.grad(states, sources, halves[number])

        forward, backward = ctx.lanes.run([partial(differentiate, number) for number in range(2)])
        inputs = None
        if ctx.needs_input_grad[3]:
            inputs, forward, backward = forward[0] + backward[0], forward[1:], backward[1:]
        return (None, None, None, inputs, *forward, *backward)


def _autocast() -> Callable[[], Any]:
    """The caller's autocast, for another thread; each has its own."""
    if not torch.is_autocast_enabled("cpu"):
        return nullcontext
    return partial(torch.autocast, "cpu", torch.get_autocast_dtype("cpu"), cache_enabled=False)

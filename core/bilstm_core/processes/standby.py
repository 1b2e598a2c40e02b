"""A worker that is started before its order is known."""

from collections.abc import Callable
from typing import Protocol

from ..config.schema import RunConfig
from ..runs.run import Run
from ..training.learning_rate_curve import LearningRateCurve
from .protocol import FindLearningRate, ResumeRun, StartRun


class SupportsOrders(Protocol):
    """A worker, as `worker_client.WorkerClient` offers it."""

    def prepare(self, config: RunConfig) -> None:
        """Prepare to train this."""
        ...

    def open_run(self, order: StartRun | ResumeRun) -> Run:
        """Start or resume a run."""
        ...

    def find_learning_rate(self, order: FindLearningRate) -> LearningRateCurve:
        """Try learning rates."""
        ...

    def cancel(self) -> None:
        """End it while it carries out an order."""
        ...

    def close(self) -> None:
        """End it without an order."""
        ...


class StandbyWorker:
    """The worker that will carry out the next order.

    Args:
        start_worker: Starts one.
    """

    def __init__(self, start_worker: Callable[[], SupportsOrders]) -> None:
        self._start_worker = start_worker
        self._worker: SupportsOrders | None = None
        self._expected: RunConfig | None = None

    def start(self, config: RunConfig | None) -> None:
        """Start a worker if there is none, and have it prepare; see `prepare`.

        Raises:
            InstallationError: The system cannot start a process.
        """
        self._worker = self._worker or self._start_worker()
        self.prepare(config)

    def prepare(self, config: RunConfig | None) -> None:
        """Have the worker, if there is one, prepare to train this; None where it is not known."""
        if self._worker and config and config != self._expected:
            self._expected = config
            self._worker.prepare(config)

    def take(self) -> SupportsOrders:
        """A worker for an order; the next order gets another one.

        Raises:
            InstallationError: The system cannot start a process.
        """
        worker = self._worker or self._start_worker()
        self._worker = self._expected = None
        return worker

    def close(self) -> None:
        """End the worker that waits for an order, if there is one."""
        if self._worker:
            self._worker.close()

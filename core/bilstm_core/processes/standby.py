"""A worker that is started before its order is known."""

from collections.abc import Callable

from ..config.schema import RunConfig
from .worker_client import WorkerClient


class StandbyWorker:
    """The worker that will carry out the next order."""

    def __init__(self, start_worker: Callable[[], WorkerClient]) -> None:
        self._start_worker = start_worker
        self._worker: WorkerClient | None = None
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

    def take(self) -> WorkerClient:
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

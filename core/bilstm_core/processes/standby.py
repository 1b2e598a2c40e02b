"""A worker that is ready before its order comes."""

from collections.abc import Callable
from typing import Any, Protocol

from ..config.schema import RunConfig
from ..runs.run import Run
from ..training.learning_rate_curve import LearningRateCurve


class SupportsOrders(Protocol):
    """What carries out an order in a process of its own; see `launcher.Worker`."""

    def expect(self, config: RunConfig) -> None:
        """Make ready to train this."""
        ...

    def order(self, order: dict[str, Any]) -> Run:
        """Begin or resume a run."""
        ...

    def find_learning_rate(self, config: RunConfig, data_dir: str | None) -> LearningRateCurve:
        """Try learning rates."""
        ...

    def cancel(self) -> None:
        """End it while it tries."""
        ...

    def dismiss(self) -> None:
        """Not needed any more."""
        ...


class StandbyWorker:
    """The worker that will carry out the next order.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[], SupportsOrders]) -> None:
        self._make = make
        self._worker: SupportsOrders | None = None
        self._expected: RunConfig | None = None

    def make_ready(self, config: RunConfig | None) -> None:
        """Have one load PyTorch, and get to know what will probably be ordered."""
        self._worker = self._worker or self._make()
        self.expect(config)

    def expect(self, config: RunConfig | None) -> None:
        """What will probably be ordered is another one, or not known any more."""
        if self._worker and config and config != self._expected:
            self._expected = config
            self._worker.expect(config)

    def take(self) -> SupportsOrders:
        """The worker, for an order: it is nobody's spare any more."""
        worker = self._worker or self._make()
        self._worker = self._expected = None
        return worker

    def dismiss(self) -> None:
        """Let it go without an order."""
        if self._worker:
            self._worker.dismiss()

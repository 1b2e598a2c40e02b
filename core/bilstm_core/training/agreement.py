"""What all processes of a run agree on before they do it: otherwise one would wait without end."""

from collections.abc import Callable

from ..compute.distributed import Ranks
from ..data.spec import DataSpec
from ..errors import DataError
from ..stopping import ShouldStop, Stop
from .meter import Meter

_BY_URGENCY = (Stop.NO, Stop.EVALUATED, Stop.AT_ONCE)
"""What all do is the most urgent of what each was asked."""


class Agreement:
    """Asks all ranks whether to stop, and which learning rate was ordered, in one message.

    Args:
        ranks: The processes of the run.
        should_stop: Whether this process was asked to stop.
        new_learning_rate: The rate that was ordered since the last call; of rank 0 alone.
    """

    def __init__(
        self,
        ranks: Ranks,
        should_stop: ShouldStop,
        new_learning_rate: Callable[[], float | None],
    ) -> None:
        self._ranks = ranks
        self._should_stop = should_stop
        self._ordered = new_learning_rate
        self._rate: float | None = None

    def should_stop(self) -> Stop:
        """Whether the run was asked to stop, anywhere; every rank gets the same answer."""
        # rank 0 waits in its `should_stop` while the run is paused
        urgency, rate = self._ranks.agree(
            lambda: _BY_URGENCY.index(Stop(self._should_stop())), self._ordered()
        )
        self._rate = self._rate if rate is None else rate
        return _BY_URGENCY[urgency]

    def new_learning_rate(self) -> float | None:
        """The learning rate that was ordered since the last call."""
        rate, self._rate = self._rate, None
        return rate


def require_same_data(here: DataSpec, ranks: Ranks) -> None:
    """Refuse data on a machine that are not those of rank 0: their steps would not fit together."""
    if changes := ranks.send(here).changes_to(here):
        raise DataError(
            f"{here.title} on this machine is not that of rank 0: {'; '.join(changes)}.",
            "Copy the data of rank 0's machine to this one.",
            title="The data differ",
        )


class SilentMeter(Meter):
    """Counts without reporting: rank 0 reports, and finds losses that are not finite."""

    def _send_report(self, *, wait: bool) -> None:
        self._pending = None

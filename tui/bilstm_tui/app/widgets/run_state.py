"""What the run view shows of a run's events; free of widgets, so that a thread can add events."""

from bilstm_core import events
from bilstm_core.data.spec import SPLIT_TITLES
from bilstm_core.events import Event
from bilstm_core.runs.history import History

from ...text.time_left import ProgressEstimate


class RunState(History):
    """The history of a run, and its current progress as text.

    Attributes:
        download: The download in progress, if there is one.
        estimate: Its speed and time left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.download: events.Download | None = None
        self.estimate = ProgressEstimate()
        self._latest: events.Progress | events.EvaluationStarted | None = None

    @property
    def metrics(self) -> str:
        """The latest step, loss, speed and learning rate, or which data is being evaluated."""
        match self._latest:
            case events.Progress(learning_rate=rate):
                steps, loss, speed = self.estimate.metrics()
                by_hand = self.rate_set_by_hand and f" ({self.rate_set_by_hand})"
                return "  ".join([steps, loss, f"lr {rate:.3g}{by_hand}", speed])
            case events.EvaluationStarted(split=split):
                return f"Checking {SPLIT_TITLES[split]} data"
            case _:
                return ""

    @property
    def rate_set_by_hand(self) -> str:
        """The learning rate that the user set last, and when; empty if it was not changed."""
        if not self.learning_rate_changes:
            return ""
        change = self.learning_rate_changes[-1]
        return f"{change.learning_rate:.3g} by hand at epoch {max(1, change.epoch)}"

    @property
    def time_left(self) -> str:
        """The time left and the time of the end; empty unless steps are being trained."""
        if not isinstance(self._latest, events.Progress):
            return ""
        return ", ".join(self.estimate.time_left())

    @property
    def speed(self) -> str:
        """Samples a second; empty before the first step."""
        return self.estimate.metrics()[-1] if self.progress else ""

    def add(self, event: Event) -> None:
        """Add the next event."""
        super().add(event)
        self.estimate.add(event)
        match event:
            case events.Download():
                self.download = event
            case events.RunStarted():
                self._latest = self.download = None
            case events.Failed() | events.Stopped():
                self.download = None
            case events.Progress() | events.EvaluationStarted():
                self._latest = event

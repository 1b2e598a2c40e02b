"""What a run's events come to on the screen, apart from the screen: a thread may add them up."""

from bilstm_core import events
from bilstm_core.events import Event
from bilstm_core.runs.event_log import LogReader, open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.run import Run

from ...text.time_left import Estimate


class RunState:
    """A run so far.

    Attributes:
        history: The run as it went.
        download: The data that arrive, while they do.
    """

    def __init__(self) -> None:
        self.history = History()
        self._latest: events.Progress | events.EvaluationStarted | None = None
        self.download: events.Download | None = None
        self._estimate = Estimate()

    @property
    def seconds_a_step(self) -> float:
        """What a step takes, on average."""
        return self._estimate.seconds_a_step

    @property
    def figures(self) -> str:
        """The latest ones, in words."""
        match self._latest:
            case events.Progress(learning_rate=rate):
                return "  ".join([*self._estimate.figures(), f"lr {rate:.3g}"])
            case events.EvaluationStarted(split=split):
                return f"Checking {events.SPLIT_TITLES[split]} data"
            case _:
                return ""

    @property
    def end(self) -> str:
        """When it will be over, in words; empty where nothing is trained."""
        if not isinstance(self._latest, events.Progress):
            return ""
        return ", ".join(self._estimate.end())

    def take(self, event: Event) -> None:
        """Add the next event."""
        self.history.add(event)
        match event:
            case events.Download():
                self.download = event
            case events.RunStarted():
                self._estimate.start(event)
                self._latest = self.download = None
            case events.Failed() | events.Stopped():
                self.download = None
            case events.Progress():
                self._estimate.take(event)
                self._latest = event
            case events.Resumed():
                self._estimate.go_on(event)
            case events.EvaluationStarted():
                self._latest = event
            case _:
                pass


def read_account(run: Run) -> tuple[RunState, LogReader]:
    """A run so far, and a reader for what comes after; of a long one it takes a second."""
    past, reader = open_log(run.log_file)
    account = RunState()
    for event in past:
        account.take(event)
    return account, reader

"""What a run's events come to on the screen, apart from the screen: a thread may add them up."""

from bilstm_core import events
from bilstm_core.events import Event
from bilstm_core.history import History
from bilstm_core.log import LogReader, open_log
from bilstm_core.runs import Run

from ..progress import Estimate


class Account:
    """A run so far.

    Attributes:
        history: The run as it went.
        figures: The latest ones, in words.
        end: When it will be over, in words.
        download: The data that arrive, while they do.
    """

    def __init__(self) -> None:
        self.history = History()
        self.figures = self.end = ""
        self.download: events.Download | None = None
        self._estimate = Estimate()

    @property
    def seconds_a_step(self) -> float:
        """What a step takes, on average."""
        return self._estimate.seconds_a_step

    def take(self, event: Event) -> None:
        """Add the next event."""
        self.history.add(event)
        match event:
            case events.Download():
                self.download = event
            case events.RunStarted():
                self._estimate.start(event)
                self.figures = self.end = ""
                self.download = None
            case events.Failed() | events.Stopped():
                self.download = None
            case events.Progress():
                _epoch, *figures, left, end = self._estimate.update(event)
                self.figures = "  ".join([*figures, f"lr {event.learning_rate:.3g}"])
                self.end = f"{left}, {end}"
            case events.WentOn():
                self._estimate.go_on(event)
            case events.EvaluationStarted():
                self.end = ""
                self.figures = f"Checking {events.SPLIT_TITLES[event.split]} data"
            case _:
                pass


def read_account(run: Run) -> tuple[Account, LogReader]:
    """A run so far, and a reader for what comes after; of a long one it takes a second."""
    past, reader = open_log(run.log_file)
    account = Account()
    for event in past:
        account.take(event)
    return account, reader

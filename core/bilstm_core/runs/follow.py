"""Following a run: its events are read as they are written, and added to a history."""

from typing import TYPE_CHECKING, Generic, TypeVar

from ..events import Event
from .event_log import LogReader, open_log
from .run import Run

if TYPE_CHECKING:
    from .history import History  # imports NumPy

StateT = TypeVar("StateT", bound="History")


class Follower(Generic[StateT]):
    """Reads a run's events and adds them to a history, its `state`.

    The events already in the log are added when the follower is created. For a long run this
    takes a second, and may be done in another thread.

    Args:
        run: The run.
        state: Receives the events.
        from_start: Whether `poll` returns all events, however many there are. Otherwise it returns
            those written after the follower was created, and of a very large log only samples are
            added to the state.

    Attributes:
        is_over: Whether no process trains the run and all its events have been read.
    """

    def __init__(self, run: Run, state: StateT, *, from_start: bool = False) -> None:
        self.run = run
        self.state = state
        self.is_over = False
        if from_start:
            self._reader = LogReader(run.log_file)
        else:
            is_live = run.is_live
            past, self._reader = open_log(run.log_file)
            self._add(past, is_live=is_live)

    def poll(self) -> list[Event]:
        """New events, added to the state; at most a few megabytes of them, possibly none."""
        is_live = self.run.is_live  # before reading: the lock is released after the last event
        new = self._reader.read()
        self._add(new, is_live=is_live)
        self.is_over = not (is_live or new)
        return new

    def _add(self, new: list[Event], *, is_live: bool) -> None:
        for event in new:
            self.state.add(event)
        ending = self.state.ending
        if ending and is_live and self.run.locked_at > ending.time:
            self.state.ending = None  # of an earlier process; the present one still trains

"""A sweep as the leaderboard shows it, read beside the keys: Optuna is imported in a thread."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bilstm_core.config.settings import SETTINGS
from bilstm_core.errors import BilstmError, UsageError
from bilstm_core.files import read_bytes
from bilstm_core.runs.run import Run
from bilstm_core.sweeps.folders import JOURNAL
from bilstm_core.sweeps.space import Dimension, read_dimension

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Leaderboard, LeaderboardReader, Row
    from bilstm_core.sweeps.plan import Plan
    from bilstm_core.sweeps.study import Study

T = TypeVar("T")
_JournalState = tuple[int, bytes, int, int]
_HEAD_BYTES = 256
LIVE_STATES = ("training", "interrupted")
_ENDED = ("finished", "pruned", "stopped")


@dataclass(frozen=True)
class Seen:
    """A sweep at one moment.

    Attributes:
        dimensions: The searched settings; one that is not understood has no values and no range.
        ended: The trials with a result; the same object until another has ended.
        read_at: When it was read, in seconds since 1970.
        combinations: How many there are to try; None where they are not counted, or infinite.
    """

    name: str
    plan: "Plan"
    board: "Leaderboard"
    dimensions: tuple[Dimension, ...]
    ended: tuple["Row", ...]
    num_epochs: int
    read_at: float
    combinations: int | None

    @property
    def is_loss(self) -> bool:
        """Whether values are losses, and not fractions that are shown in percent."""
        return self.plan.objective == "loss"

    @property
    def unit(self) -> str:
        """What stands after a value."""
        return "" if self.is_loss else " %"

    def drawn(self, value: float) -> float:
        """A value as charts draw it."""
        return value if self.is_loss else 100 * value

    def row(self, number: int) -> "Row | None":
        """The trial of a number."""
        return next((row for row in self.board.rows if row.number == number), None)


class SweepReader:
    """Reads a sweep again where it has changed; every method takes a while.

    Args:
        folder: The folder of the sweep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs_dir = folder.parent.parent
        self._journal = folder / JOURNAL
        self._lock = threading.Lock()
        self._study: Study | None = None
        self._board: LeaderboardReader | None = None
        self._ended: tuple[Row, ...] = ()
        self._state: _JournalState = (0, b"", 0, 0)
        self._seen: Seen | None = None

    def poll(self) -> Seen:
        """The sweep as it is now; the same object while nothing has changed.

        Raises:
            BilstmError: It cannot be read, or not understood.
        """
        with self._lock:
            state, before = self._journal_state(), self._state
            if self._seen and state == before and self._is_trained_as(self._seen):
                return self._seen
            self._state = state
            if state[:2] != before[:2] or state[2] < before[2]:  # another one, or a part of it
                self._study = None
            self._seen = None  # after a failure everything is read again
            self._seen = self._in_words(self._read)
            return self._seen

    def change(self, change: "Callable[[Study], T]") -> T:
        """Do something with the study.

        Raises:
            BilstmError: It cannot be read or written.
        """
        with self._lock:
            return self._in_words(lambda: change(self._opened()))

    def importances(self, seen: Seen) -> dict[str, float]:
        """How much of the differences each searched setting explains; empty if that is unknown."""
        from bilstm_core.sweeps.leaderboard import importances

        return self.change(lambda study: importances(study, seen.board.rows))

    def _journal_state(self) -> _JournalState:
        """Which file it is, how it begins, its size, and when it was changed."""
        try:
            state = self._journal.stat()
            head = read_bytes(self._journal, 0, _HEAD_BYTES)
        except OSError:
            return 0, b"", 0, 0
        return state.st_ino, head, state.st_size, state.st_mtime_ns

    def _is_trained_as(self, seen: Seen) -> bool:
        """Whether each trial still has a process, or none, as was seen: journals do not say."""
        rows = (row for row in seen.board.rows if row.run and row.state in LIVE_STATES)
        return all(
            Run(self._runs_dir / row.run).is_live == (row.state == "training") for row in rows
        )

    def _opened(self) -> "Study":
        from bilstm_core.sweeps.study import Study

        if self._study is None:
            self._study, self._board = Study(self._folder), None
        return self._study

    def _read(self) -> Seen:
        from bilstm_core.sweeps.leaderboard import LeaderboardReader

        study = self._opened()
        self._board = self._board or LeaderboardReader(study)
        board = self._board.read()
        results = (row for row in board.rows if row.state in _ENDED and row.value is not None)
        ended = tuple(sorted(results, key=lambda row: row.number))
        if [*map(id, ended)] != [*map(id, self._ended)]:
            self._ended = ended
        return Seen(
            study.name,
            study.plan,
            board,
            tuple(
                _dimension(name, text)
                for name, text in study.plan.search.items()
                if name in SETTINGS
            ),
            self._ended,
            study.plan.base.num_epochs,
            time.time(),
            study.combinations,
        )

    def _in_words(self, read: Callable[[], T]) -> T:
        """What `read` returns; a damaged journal may fail in any way."""
        from bilstm_core.sweeps.journal import damaged_journal

        try:
            return read()
        except BilstmError:
            self._study = None
            raise
        except Exception:
            self._study = None
            raise damaged_journal(self._journal) from None


def _dimension(name: str, text: str) -> Dimension:
    try:
        return read_dimension(SETTINGS[name], text)
    except UsageError:
        return Dimension(SETTINGS[name])

"""What signals ask of a process that trains."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Ctrl-C, a scheduler's end, a closed terminal, and SLURM's notice before its time limit."""


STOP_CODES = frozenset(128 + number for number in _STOP_SIGNALS)
"""Exit codes of a process that one of them stopped."""


class StopSource(Protocol):
    """Asks a run to stop at once."""

    @property
    def exit_code(self) -> int:
        """Of the process, if the run was stopped; 0 for that of an order."""
        ...

    def is_requested(self) -> bool:
        """Whether the run is to stop."""
        ...


class StopRequest:
    """Stop requests by signal: the first stops in good order, the second at once.

    Before training starts there is nothing to save, and the first stops at once.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._has_started = False

    @property
    def exit_code(self) -> int:
        """Of a process that a signal stopped: 128 + its number; 0 where none came."""
        return 128 + self.signal if self.signal else 0

    def listen(self) -> None:
        """From now on, take signals as requests; those that nohup ignores stay ignored."""
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    @contextmanager
    def before_training(self) -> Iterator[None]:
        """Around everything before training, which itself asks `is_requested`.

        Raises:
            SystemExit: A signal came; also where a library that was being imported turned it into
                another exception, or swallowed it.
        """
        try:
            yield
        except Exception:
            if self.signal:
                raise SystemExit(self.exit_code) from None
            raise
        self._has_started = True
        if self.signal:
            raise SystemExit(self.exit_code)

    def is_requested(self) -> bool:
        """Whether a request has come."""
        return bool(self.signal)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        is_second, self.signal = bool(self.signal), number
        if is_second or not self._has_started:
            raise SystemExit(self.exit_code)

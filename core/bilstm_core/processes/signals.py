"""What signals ask of a process that trains."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Ctrl-C, a scheduler's end, a closed terminal, and SLURM's word before its time limit."""


class StopRequest:
    """What signals ask of a process: once, to stop in good order; twice, to stop at once.

    Before training begins there is nothing to put in order, and once is enough.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._has_begun = False

    @property
    def exit_code(self) -> int:
        """Of a process that a signal stopped: 128 + its number; 0 where none came."""
        return 128 + self.signal if self.signal else 0

    def listen(self) -> None:
        """From now on, take signals as requests; those that nohup has us ignore stay ignored."""
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._take)

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Around what comes before training, which asks `is_asked` and ends in good order.

        Raises:
            SystemExit: A signal came; also where a library that was being loaded made something
                else of it, or nothing.
        """
        try:
            yield
        except Exception:
            if self.signal:
                raise SystemExit(self.exit_code) from None
            raise
        self._has_begun = True
        if self.signal:
            raise SystemExit(self.exit_code)

    def is_asked(self) -> bool:
        """Whether a request has come."""
        return bool(self.signal)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        is_second, self.signal = bool(self.signal), number
        if is_second or not self._has_begun:
            raise SystemExit(self.exit_code)

"""How a run is asked to stop or to wait: a question that everything slow asks often."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Literal

from .errors import OutputError
from .files import open_inside


class Stop(IntEnum):
    """How a run is asked to stop; false where nobody asks. A plain True is `AT_ONCE`."""

    NO = 0
    AT_ONCE = 1
    """Finish the step and save a checkpoint."""
    CHECKED = 2
    """Then check the accuracy of what there is, too."""


ShouldStop = Callable[[], Stop | bool]
"""Answers whether somebody asked the run to stop; cheap enough to ask at every step."""

Command = Literal["stop", "stop_at_once", "pause", "go_on", "change_learning_rate"]
"""What a running run can be told."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Ctrl-C, a scheduler's end, a closed terminal, and SLURM's word before its time limit."""
_LOOK_SECONDS = 0.25
_MAX_ORDERS_BYTES = 1 << 16


class RunStopped(Exception):  # noqa: N818 - no error: what was asked for happened
    """Raised where a run notices that it should stop."""


def stop_if(should_stop: ShouldStop) -> None:
    """Raise `RunStopped` if the run was asked to stop."""
    if should_stop():
        raise RunStopped


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


class Orders:
    """The orders in a run's `commands.jsonl`, from the moment the run was taken up.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked = 0.0
        self._stop = Stop.NO
        self._is_pause_asked = False
        self._learning_rate: object = None
        self._position = self._size()

    def stop_asked(self) -> Stop:
        """Whether somebody ordered a stop, and which."""
        self._look()
        return self._stop

    def is_pause_asked(self) -> bool:
        """Whether the run shall wait: a pause was ordered, and no going on or stop since."""
        self._look()
        return self._is_pause_asked and not self._stop

    def take_learning_rate(self) -> object:
        """The learning rate that was ordered since the last call, unchecked; None if none was."""
        self._look()
        rate, self._learning_rate = self._learning_rate, None
        return rate

    def _look(self) -> None:
        """Take new orders; looks at the file a few times a second at most."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for order in self._new_orders():
            match order:
                case {"command": "stop"}:
                    self._stop = self._stop or Stop.CHECKED
                case {"command": "stop_at_once"}:
                    self._stop = Stop.AT_ONCE
                case {"command": "pause" | "go_on" as command}:
                    self._is_pause_asked = command == "pause"
                case {"command": "change_learning_rate", "learning_rate": rate}:
                    self._learning_rate = rate
                case _:  # of a later version, or no order at all
                    pass

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def _new_orders(self) -> list[object]:
        if self._size() <= self._position:
            return []
        try:
            with open_inside(self._path, "rb") as file:
                file.seek(self._position)
                piece = file.read(_MAX_ORDERS_BYTES)
        except OSError:
            return []
        whole = piece[: piece.rfind(b"\n") + 1] or (
            piece if len(piece) == _MAX_ORDERS_BYTES else b""
        )
        self._position += len(whole)
        return [_order(line) for line in whole.splitlines()]


def _order(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def give_order(path: Path, command: Command, **particulars: float) -> None:
    """Order something of the run with this `commands.jsonl`.

    Args:
        path: The file.
        command: What to do.
        particulars: `learning_rate`, where that is to be changed.

    Raises:
        OutputError: The file cannot be written.
    """
    try:
        with open_inside(path, "ab") as file:
            file.write(
                json.dumps({"command": command, **particulars, "time": time.time()}).encode()
                + b"\n"
            )
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.",
            "A run obeys SIGTERM as it does `stop`; the file `lock` beside that one names its "
            "process.",
            title="The run cannot be told",
        ) from None

"""Orders to a run: a `commands.jsonl` that anybody appends to and the run reads."""

import json
import time
from pathlib import Path
from typing import Literal

from ..errors import OutputError
from ..files import open_inside
from ..stopping import Stop

Command = Literal["stop", "stop_at_once", "pause", "resume", "change_learning_rate"]
"""What a running run can be told."""

_LOOK_SECONDS = 0.25
_MAX_ORDERS_BYTES = 1 << 16


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

    def requested_stop(self) -> Stop:
        """Whether somebody ordered a stop, and which."""
        self._look()
        return self._stop

    def is_pause_requested(self) -> bool:
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
                case {"command": "pause" | "resume" as command}:
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


def send_order(path: Path, command: Command, **particulars: float) -> None:
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

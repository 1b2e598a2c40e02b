"""Orders to a run that is training: any process appends to its `commands.jsonl`, the run reads."""

import json
import time as clock
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from ..errors import OutputError
from ..files import Folder, read_bytes, size_of
from ..stopping import Stop

Command = Literal["stop", "stop_at_once", "pause", "resume", "change_learning_rate"]
"""What a run can be ordered to do."""

_POLL_SECONDS = 0.25
_MAX_ORDERS_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Order:
    """One line of the file.

    Attributes:
        learning_rate: The new one, for `change_learning_rate`; unchecked.
        time: When it was sent, in seconds since 1970 (UTC).
    """

    command: Command
    learning_rate: Any = None
    time: float = field(default_factory=clock.time)


_ADAPTER = TypeAdapter(Order)


class Orders:
    """Reads the orders that are appended to a run's `commands.jsonl` from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._polled_at = 0.0
        self._stop = Stop.NO
        self._is_pause_requested = False
        self._learning_rate: Any = None
        self._position = size_of(path)

    def requested_stop(self) -> Stop:
        """Whether a stop was ordered, and which."""
        self._poll()
        return self._stop

    def is_pause_requested(self) -> bool:
        """Whether a pause was ordered, and neither `resume` nor a stop since."""
        self._poll()
        return self._is_pause_requested and not self._stop

    def take_learning_rate(self) -> Any:
        """The learning rate that was ordered since the last call, unchecked; None if none was."""
        self._poll()
        rate, self._learning_rate = self._learning_rate, None
        return rate

    def _poll(self) -> None:
        """Read new orders, a few times a second at most."""
        now = clock.monotonic()
        if now - self._polled_at < _POLL_SECONDS:
            return
        self._polled_at = now
        for order in self._new_orders():
            match order.command:
                case "stop":
                    self._stop = self._stop or Stop.EVALUATED
                case "stop_at_once":
                    self._stop = Stop.AT_ONCE
                case "pause" | "resume":
                    self._is_pause_requested = order.command == "pause"
                case "change_learning_rate":
                    self._learning_rate = order.learning_rate

    def _new_orders(self) -> list[Order]:
        if size_of(self._path) <= self._position:
            return []
        piece = read_bytes(self._path, self._position, _MAX_ORDERS_BYTES)
        is_too_long = len(piece) == _MAX_ORDERS_BYTES
        end = piece.rfind(b"\n") + 1 or (len(piece) if is_too_long else 0)
        self._position += end
        return [order for line in piece[:end].splitlines() if (order := _parse(line))]


def _parse(line: bytes) -> Order | None:
    """The order in a line; None if it is of a newer version or not an order at all."""
    try:
        return _ADAPTER.validate_json(line)
    except ValueError:
        return None


def send_order(path: Path, command: Command, learning_rate: float | None = None) -> None:
    """Append an order to a run's `commands.jsonl`.

    Raises:
        OutputError: The file cannot be written.
    """
    order = Order(command=command, learning_rate=learning_rate)
    try:
        with Folder(path.parent) as folder, folder.open(path.name, "ab") as file:
            file.write(json.dumps(vars(order)).encode() + b"\n")
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.",
            "A run also stops on SIGTERM; the file `lock` beside that one names its process.",
            title="The order cannot be sent",
        ) from None

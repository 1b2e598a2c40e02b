"""A run's `events.jsonl`: one process appends, any number follow."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..events import Event, Progress, from_json, to_json
from ..files import open_inside

_MAX_WAITING_BYTES = 64 << 20
_READ_BYTES = 4 << 20
_WHOLE_BELOW_BYTES = 32 << 20
"""A log up to this size is read whole when opened; a larger one is sampled."""
_END_BYTES = 1 << 20
_SAMPLE_BYTES = 8 << 10
_SAMPLES = 1000


class EventLog:
    """The writer's side; only the process that holds the run's lock has one.

    A disk that is full holds lines back and loses none: they are written when there is room.

    Args:
        path: The file; it is made if need be, and gone on with if it is there.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = open_inside(path, "ab", buffering=0)
        self._waiting = bytearray(b"" if _ends_with_a_line(path) else b"\n")
        self.failure: OSError | None = None

    def append(self, event: Event) -> None:
        """Write an event, or keep it for later; `failure` says why."""
        if len(self._waiting) < _MAX_WAITING_BYTES or not isinstance(event, Progress):
            self._waiting += to_json(event).encode() + b"\n"
        self._write()

    def close(self) -> None:
        """Write what waits, if it can be written, and close; `failure` says why if not."""
        self._write()
        self._file.close()

    def _write(self) -> None:
        try:
            while self._waiting:
                written = self._file.write(self._waiting)
                del self._waiting[:written]
            self.failure = None
        except OSError as error:
            self.failure = error


def _ends_with_a_line(path: Path) -> bool:
    """Whether a file is empty or its last line is whole; a crash may have cut it."""
    with open_inside(path, "rb") as file:
        if not file.seek(0, 2):
            return True
        file.seek(-1, 2)
        return file.read(1) == b"\n"


class LogReader:
    """A follower's side: each call to `read` gives what is new.

    Nothing that stands in the file, or happens to it, is an error: a line that is not whole yet
    waits for its end, a line that is no event is passed over, a file that shrank or was replaced
    is read from its start, one that is gone is waited for.

    Args:
        path: The file; it need not exist yet.
        position: Byte to start from, the beginning of a line.
    """

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path = path
        self._position = position
        self._identity: tuple[int, int] | None = None
        self._is_inside_a_line = False
        self.garbage = 0

    def read(self) -> list[Event]:
        """New events, a few megabytes' worth at most; none where there are no more yet."""
        while piece := self._new_bytes():
            end = piece.rfind(b"\n") + 1
            if not end and len(piece) < _READ_BYTES:
                break
            lines = piece[:end].split(b"\n")
            if end and self._is_inside_a_line:
                del lines[0]
                self.garbage += 1
            self._is_inside_a_line = not end  # no line of ours is that long
            self._position += end or len(piece)
            if new := list(self._events(lines)):
                return new
        return []

    def _new_bytes(self) -> bytes:
        try:
            with open_inside(self._path, "rb") as file:
                identity, size = _identity_and_size(file)
                if size < self._position or identity != (self._identity or identity):
                    self._position = 0
                    self._is_inside_a_line = False
                self._identity = identity
                file.seek(self._position)
                return file.read(min(_READ_BYTES, size - self._position))
        except OSError:
            return b""

    def _events(self, lines: list[bytes]) -> Iterator[Event]:
        for line in lines:
            if line.strip():
                try:
                    yield from_json(line)
                except ValueError:
                    self.garbage += 1


def _identity_and_size(file: IO[bytes]) -> tuple[tuple[int, int], int]:
    status = os.fstat(file.fileno())
    return (status.st_dev, status.st_ino), status.st_size


def open_log(path: Path) -> tuple[list[Event], LogReader]:
    """What a log holds so far, and a reader for what comes after.

    A very large log (days of training) is sampled: its beginning, its end and a thousand places
    between them, so that it opens at once whatever its size.
    """
    size = _size(path)
    if size <= _WHOLE_BELOW_BYTES:
        reader = LogReader(path)
        events: list[Event] = []
        while new := reader.read():
            events += new
        return events, reader
    step = (size - 2 * _END_BYTES) // _SAMPLES
    events = read_piece(path, 0, _END_BYTES)
    for number in range(_SAMPLES):
        events += read_piece(path, _END_BYTES + number * step, min(step, _SAMPLE_BYTES))
    start = size - _END_BYTES
    reader = LogReader(path, _next_line(path, start))
    while new := reader.read():
        events += new
    return events, reader


def read_tail(path: Path, length: int) -> list[Event]:
    """The events in the last so many bytes of a log."""
    start = max(0, _size(path) - length)
    return read_piece(path, start, length)


def read_piece(path: Path, start: int, length: int) -> list[Event]:
    """The events that stand whole in a piece of a log."""
    piece = _bytes_at(path, start, length)
    if start:
        piece = piece[piece.find(b"\n") + 1 :] if b"\n" in piece else b""
    whole = piece[: piece.rfind(b"\n") + 1]
    return list(LogReader(path)._events(whole.split(b"\n")))


def _next_line(path: Path, position: int) -> int:
    """Where the first line after a position begins."""
    piece = _bytes_at(path, position, _READ_BYTES)
    return position + piece.find(b"\n") + 1


def _bytes_at(path: Path, start: int, length: int) -> bytes:
    try:
        with open_inside(path, "rb") as file:
            file.seek(start)
            return file.read(length)
    except OSError:
        return b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

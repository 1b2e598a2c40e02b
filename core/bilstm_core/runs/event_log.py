"""A run's `events.jsonl`: one process appends to it, any number of processes read it."""

import errno
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from .. import files
from ..events import Event, Failed, Finished, Progress, Stopped, from_json, to_json

Ending = Finished | Stopped | Failed
"""How a process reports that it no longer trains a run."""

_MAX_BUFFERED_BYTES = 64 << 20
_READ_BYTES = 4 << 20
_WHOLE_BELOW_BYTES = 32 << 20
"""Size up to which a log is read completely when it is opened; a larger one is sampled."""
_HEAD_BYTES = 8 << 10
_END_BYTES = 1 << 20
_SAMPLE_BYTES = 8 << 10
_SAMPLES = 1000
_LINE = re.compile(rb"[^\n]+")


class EventLog:
    """Appends events to a run's log; only the process that holds the run's lock has one.

    While the disk is full, lines are buffered in memory; they are written once there is space.

    Args:
        folder: The run's directory.
        name: Name of the log in it.

    Attributes:
        failure: Why the latest lines are not written yet; None when all are.

    Raises:
        OSError: The file cannot be opened or created.
    """

    def __init__(self, folder: files.Folder, name: str = "events.jsonl") -> None:
        self._file: IO[bytes] = folder.open(name, "a+b", buffering=0)
        self._file.seek(max(0, os.fstat(self._file.fileno()).st_size - 1))
        last = self._file.read(1)
        self._buffer = bytearray(b"" if last in {b"", b"\n"} else b"\n")  # a crash cut off a line
        self.failure: OSError | None = None
        self._is_abandoned = False

    def append(self, event: Event) -> None:
        """Write an event, or buffer it; `failure` then says why. Nothing after `abandon`."""
        if self._is_abandoned:
            return
        if len(self._buffer) < _MAX_BUFFERED_BYTES or not isinstance(event, Progress):
            self._buffer += to_json(event).encode() + b"\n"
        self._write()

    def close(self) -> None:
        """Write what is buffered and close the file; `failure` says why lines are missing."""
        self._write()
        try:
            self._file.close()
        except OSError as error:  # a network file system reports here what it could not write
            self.failure = error

    def abandon(self) -> None:
        """Close the file without writing what is buffered."""
        self._is_abandoned = True
        self._buffer.clear()
        self.close()

    def _write(self) -> None:
        try:
            while self._buffer:
                written = self._file.write(self._buffer)
                del self._buffer[:written]
            self.failure = None
        except OSError as error:
            self.failure = error


class LogReader:
    """Reads a log while it is written: each call to `read` returns the events added since.

    Whatever the file contains and whatever happens to it, nothing is raised: an incomplete last
    line is read once it is complete, a line that is not an event is skipped, a file that became
    shorter or was replaced is read from its start, and a missing file holds no events.

    Args:
        path: The file.
        position: Byte to start from, the beginning of a line.

    Attributes:
        skipped_lines: How many lines were not events.
    """

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path = path
        self._position = position
        self._identity: tuple[int, int] | None = None
        self._is_inside_line = False
        self.skipped_lines = 0

    def read(self) -> list[Event]:
        """New events, at most a few megabytes of them; empty if there are none yet."""
        while piece := self._new_bytes():
            end = piece.rfind(b"\n") + 1
            if not end and len(piece) < _READ_BYTES:
                break
            start = 0
            if end and self._is_inside_line:
                start = piece.find(b"\n") + 1
                self.skipped_lines += 1
            self._is_inside_line = not end  # longer than any event
            self._position += end or len(piece)
            if new := list(self._events(_lines(piece[start:end]))):
                return new
        return []

    def _new_bytes(self) -> bytes:
        try:
            with files.open_regular_file(self._path, "rb") as file:
                status = os.fstat(file.fileno())
                identity, size = (status.st_dev, status.st_ino), status.st_size
                if size < self._position or identity != (self._identity or identity):
                    self._position = 0
                    self._is_inside_line = False
                self._identity = identity
                piece = self._piece(file, size)
                if piece and not piece.strip(b"\0"):
                    self._skip_hole(file.fileno(), size)
                    piece = self._piece(file, size)
                return piece
        except OSError:
            return b""

    def _piece(self, file: IO[bytes], size: int) -> bytes:
        file.seek(self._position)
        return file.read(min(_READ_BYTES, size - self._position))

    def _skip_hole(self, descriptor: int, size: int) -> None:
        """Go to the next byte that was ever written: a sparse file can claim any size."""
        if self._position >= size:
            return
        try:
            data = os.lseek(descriptor, self._position, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # a file system that does not know its holes
                return
            data = size
        if data > self._position:
            self._position, self._is_inside_line = data, True

    def _events(self, lines: Iterable[bytes]) -> Iterator[Event]:
        for line in lines:
            if line.strip():
                try:
                    yield from_json(line)
                except ValueError:
                    self.skipped_lines += 1


def open_log(path: Path) -> tuple[list[Event], LogReader]:
    """The events in a log so far, and a reader for those to come.

    Of a very large log (days of training) only the start, the end and a thousand pieces between
    them are read, so that opening takes no longer as a log grows.
    """
    events: list[Event] = []
    reader = LogReader(path)
    size = files.size_of(path)
    if size > _WHOLE_BELOW_BYTES:
        events += read_piece(path, 0, _END_BYTES)
        step = (size - 2 * _END_BYTES) // _SAMPLES
        for number in range(_SAMPLES):
            events += read_piece(path, _END_BYTES + number * step, min(step, _SAMPLE_BYTES))
        start = size - _END_BYTES
        next_line = start + files.read_bytes(path, start, _READ_BYTES).find(b"\n") + 1
        reader = LogReader(path, next_line)
    while new := reader.read():
        events += new
    return events, reader


def read_tail(path: Path, length: int) -> list[Event]:
    """The events in the last `length` bytes of a log."""
    return read_piece(path, max(0, files.size_of(path) - length), length)


def read_head(path: Path) -> list[Event]:
    """The first events of a log: the first one however long it is, within 4 MiB."""
    length = _HEAD_BYTES
    while not (head := read_piece(path, 0, length)) and length < _READ_BYTES:
        length *= 8
    return head


def read_piece(path: Path, start: int, length: int) -> list[Event]:
    """The events in a piece of a log, without lines that are cut off at its start or end."""
    piece = files.read_bytes(path, start, length)
    if start:
        piece = piece[piece.find(b"\n") + 1 :] if b"\n" in piece else b""
    complete = piece[: piece.rfind(b"\n") + 1]
    return list(LogReader(path)._events(_lines(complete)))


def _lines(content: bytes) -> Iterator[bytes]:
    """The lines that are not empty, one at a time: there may be millions of empty ones."""
    return (match.group() for match in _LINE.finditer(content))

"""Optuna's journal as a file that many processes and machines append to.

Optuna's own backend cannot read a journal after a line that was written in part, as on a full disk.
This one removes such a line before it appends the next, and ignores lines that are not JSON. The
lock is Optuna's: a symbolic link, which works on network file systems, too. A lock that a killed
process left is removed after 10 seconds.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend, JournalFileSymlinkLock
from optuna.storages.journal._storage import JournalOperation

from ..errors import OutputError

_LOCK_SECONDS = 10
"""After which a lock counts as left by a process that was killed."""
_MOST_BYTES = 1 << 28
_LONGEST_LINE = 1 << 20


class _Locked:
    """Holds Optuna's lock of a file, for a `with` statement."""

    def __init__(self, path: Path) -> None:
        self._lock = JournalFileSymlinkLock(str(path), grace_period=_LOCK_SECONDS)
        self._path = path

    def __enter__(self) -> None:
        try:
            self._lock.acquire()
        except OSError as error:
            raise _not_writable(self._path, error) from None

    def __exit__(self, *_: object) -> None:
        try:
            self._lock.release()
        except RuntimeError:  # it was broken, because this process had been suspended
            return


class Journal(BaseJournalBackend):
    """A journal in a file; one operation of Optuna per line.

    Args:
        path: The file, which exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _Locked(path)
        self._offsets = [0]

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the operations from a number on."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offsets[log_number_from])
                for number, line in enumerate(self._lines(file), start=log_number_from):
                    if number + 1 == len(self._offsets):
                        self._offsets.append(file.tell())
                    yield _operation(line)
        except OSError as error:
            raise OutputError(
                f"{self._path} cannot be read: {error.strerror or error}.",
                title="The sweep cannot be read",
            ) from None

    def _lines(self, file: Any) -> Iterator[bytes]:
        while file.tell() < _MOST_BYTES:
            line = file.readline(_LONGEST_LINE)
            if not line.endswith(b"\n"):  # another process is writing it, or was killed
                return
            yield line

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations: all or none."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with self._lock:
            try:
                with self._path.open("r+b") as file:
                    end = _end_of_lines(file)
                    file.truncate(end)
                    file.seek(end)
                    try:
                        file.write(lines)
                        file.flush()
                        os.fsync(file.fileno())
                    except OSError:
                        file.truncate(end)
                        raise
            except OSError as error:
                raise _not_writable(self._path, error) from None


class NewJournal(BaseJournalBackend):
    """A journal in memory, which is written as a whole."""

    def __init__(self) -> None:
        self._logs: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        """The operations from a number on."""
        return self._logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations."""
        self._logs += json.loads(json.dumps(logs))

    def to_bytes(self) -> bytes:
        """The content of the file."""
        return "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in self._logs).encode()


def _operation(line: bytes) -> dict[str, Any]:
    """The operation in a line; one that does nothing for a line that is damaged."""
    try:
        operation = json.loads(line)
    except (ValueError, RecursionError):
        operation = None
    if isinstance(operation, dict) and isinstance(operation.get("worker_id"), str):
        return operation
    return {"op_code": JournalOperation.DISCARD_TRIALS}


def _end_of_lines(file: Any) -> int:
    """Where the last whole line ends."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _LONGEST_LINE)
    file.seek(start)
    return start + file.read().rfind(b"\n") + 1 if size else 0


def _not_writable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Make space, or allow writing there; nothing of the sweep is lost.",
        title="The sweep cannot be stored",
    )

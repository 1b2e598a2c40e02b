"""Optuna's journal as a file that many processes and machines append to.

Optuna's own backend cannot read a journal after a line that was written in part, as on a full disk.
This one only ever appends, and passes over lines that are damaged or say what cannot be: somebody
else may have written them. The lock is Optuna's: a symbolic link, which works on network file
systems, too. A lock that a killed process left is removed after 10 seconds.
"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileSymlinkLock
from optuna.storages.journal._storage import JournalOperation

from ..cleaning import one_line
from ..errors import DataError, OutputError

_LOCK_SECONDS = 10
"""After which a lock counts as left by a process that was killed."""
_MOST_BYTES = 1 << 28
_LONGEST_LINE = 1 << 20
_MOST_EPOCHS = 1 << 31
_LARGEST = 1e300
_NOTHING = {"op_code": JournalOperation.DISCARD_TRIALS}
"""An operation that does nothing."""


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

    Attributes:
        passed_over: How many lines were passed over, of those that were read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _Locked(path)
        self._offsets = [0]
        self.passed_over = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the operations from a number on."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offsets[log_number_from])
                for number, line in enumerate(_lines(file), start=log_number_from):
                    operation = _operation(line)
                    if number + 1 == len(self._offsets):
                        self._offsets.append(file.tell())
                        self.passed_over += operation is _NOTHING
                    yield operation
        except OSError as error:
            raise OutputError(
                f"{self._path} cannot be read: {error.strerror or error}.",
                title="The sweep cannot be read",
            ) from None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations."""
        lines = _to_bytes(logs)
        with self._lock:
            try:
                # never cut: a process whose lock was broken may be appending, too
                descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
                try:
                    self._append(descriptor, lines)
                finally:
                    os.close(descriptor)
            except OSError as error:
                raise _not_writable(self._path, error) from None

    def _append(self, descriptor: int, lines: bytes) -> None:
        size = os.fstat(descriptor).st_size
        if size + len(lines) >= _MOST_BYTES:
            raise OutputError(
                f"{self._path} has {size >> 20:,} MiB, and cannot become longer.",
                "Start a sweep of another name; the trials of this one stay.",
                title="The sweep is full",
            )
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a line that was written in part
            lines = b"\n" + lines
        if os.write(descriptor, lines) < len(lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)


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
        return _to_bytes(self._logs)


class Storage(JournalStorage):
    """Optuna's storage in a journal, which passes over what others wrote and is not possible."""

    def __init__(self, journal: Journal) -> None:
        self._path = journal.path
        super().__init__(journal)

    def get_study_id_from_name(self, study_name: str) -> int:
        """The number of a study.

        Raises:
            DataError: The journal has none of this name.
        """
        try:
            return super().get_study_id_from_name(study_name)
        except KeyError:
            raise damaged_journal(self._path) from None

    def _sync_with_backend(self) -> None:
        state = self._replay_result
        for log in self._backend.read_logs(state.log_number_read):
            try:
                state.apply_logs([log])
            except Exception:
                if log.get("worker_id") == state.worker_id:
                    raise


def _to_bytes(logs: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()


def _lines(file: Any) -> Iterator[bytes]:
    """The whole lines from here on; an empty one for each that is too long to be a sweep's."""
    while file.tell() < _MOST_BYTES:
        line = piece = file.readline(_LONGEST_LINE)
        while len(piece) == _LONGEST_LINE and piece[-1:] != b"\n" and file.tell() < _MOST_BYTES:
            line, piece = b"", file.readline(_LONGEST_LINE)
        if piece[-1:] != b"\n":  # another process is writing it, or was killed
            return
        yield line


def _operation(line: bytes) -> dict[str, Any]:
    """The operation in a line; one that does nothing if it is damaged or not a sweep's."""
    try:
        operation = json.loads(line)
    except (ValueError, RecursionError):
        return _NOTHING
    is_operation = isinstance(operation, dict) and isinstance(operation.get("worker_id"), str)
    return operation if is_operation and _is_possible(operation) else _NOTHING


def _is_possible(operation: dict[str, Any]) -> bool:
    """Whether the numbers of an operation are some, and it is one of those that sweeps have."""
    match operation.get("op_code"):
        case JournalOperation.DELETE_STUDY:
            return False
        case JournalOperation.CREATE_TRIAL:
            results = ("value", "values", "params", "intermediate_values", "datetime_complete")
            return not any(operation.get(name) for name in results)
        case JournalOperation.SET_TRIAL_PARAM:
            return _is_number(operation.get("param_value_internal"))
        case JournalOperation.SET_TRIAL_STATE_VALUES:
            values = operation.get("values") or []
            return isinstance(values, list) and len(values) <= 1 and all(map(_is_number, values))
        case JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE:
            step = operation.get("step")
            is_epoch = type(step) is int and 0 <= step < _MOST_EPOCHS
            return is_epoch and _is_number(operation.get("intermediate_value"))
        case _:
            return True


def _is_number(value: object) -> bool:
    """Whether it is a number that arithmetic can be done with."""
    return isinstance(value, int | float) and abs(value) < _LARGEST


def damaged_journal(path: Path, reason: str = "") -> DataError:
    """The failure for a journal that cannot be understood.

    Args:
        path: The file.
        reason: What is wrong, if that is known.
    """
    if not reason:
        reason = "it is damaged"
        with suppress(OSError):
            reason = reason if path.stat().st_size else "it is empty"
    return DataError(
        f"{path} is not the journal of a sweep: {one_line(reason)}.",
        "Restore it from a backup, or start a sweep of another name.",
        title="The sweep cannot be read",
    )


def _not_writable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Make space, or allow writing there; nothing of the sweep is lost.",
        title="The sweep cannot be stored",
    )

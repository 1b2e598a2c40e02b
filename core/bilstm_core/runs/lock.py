"""The lock that gives one process the right to write to a run."""

import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from typing import Self

from ..errors import OutputError, Remedy, RunBusyError
from ..files import open_regular_file
from .run import Run

_TIMEOUT_SECONDS = 1.0


class RunLock:
    """An exclusive lock on a run (`flock`); the system releases it when the process ends.

    Raises:
        RunBusyError: Another process holds the lock.
        OutputError: The lock file cannot be opened.
    """

    def __init__(self, run: Run) -> None:
        self._path = run.lock_file
        try:
            self._file = open_regular_file(run.lock_file, "ab", buffering=0)
        except OSError as error:
            raise OutputError(
                f"{run.path} cannot be written: {error.strerror or error}.",
                Remedy("Copy the run to a writable folder and choose that.", "choose_runs_dir"),
                title="The run cannot be stored",
            ) from None
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not self._try_acquire():
            # retry: `Run.is_live` in another process holds the lock for a moment
            if time.monotonic() > deadline:
                holder = _holder(run)
                self._file.close()
                raise RunBusyError(
                    f"{run.name} is being trained{holder}.",
                    Remedy("Follow the run.", "attach", run.name),
                    Remedy("Stop the run.", "stop", run.name),
                )
            time.sleep(0.01)
        holder = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
        with suppress(OSError):  # the disk may be full; the content only informs the user
            self._file.truncate(0)
            self._file.write(holder)

    def is_in_place(self) -> bool:
        """Whether the lock file is still the locked one, not deleted, moved or replaced.

        True if the file cannot be accessed, which may be temporary.
        """
        try:
            current, locked = self._path.stat(), os.fstat(self._file.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return os.path.samestat(current, locked)

    def release(self) -> None:
        """Release the lock."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _try_acquire(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _holder(run: Run) -> str:
    """Describe the process that holds a run, for the user only: the file may be wrong."""
    try:
        with open_regular_file(run.lock_file, "rb") as file:
            content = json.loads(file.read(4096))
        return f" by process {int(content['pid'])} on {content['host']!s:.100}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""

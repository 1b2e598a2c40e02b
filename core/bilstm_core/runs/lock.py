"""A process's hold on a run, and whether it still has one."""

import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from typing import Self

from ..errors import OutputError, Remedy, RunBusyError
from ..files import open_inside
from .run import Run

_PATIENCE_SECONDS = 1.0


class RunLock:
    """A process's sole right to write into a run; released when the process ends, however.

    Raises:
        RunBusyError: Another process holds the run.
        OutputError: The lock's file cannot be opened.
    """

    def __init__(self, run: Run) -> None:
        self._path = run.lock_file
        try:
            self._file = open_inside(run.lock_file, "ab", buffering=0)
        except OSError as error:
            raise OutputError(
                f"{run.path} cannot be written: {error.strerror or error}.",
                Remedy("Copy the run to a writable folder and choose that.", "choose_runs_dir"),
                title="The run cannot be stored",
            ) from None
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._take():
            # whoever looks whether the run is live holds the lock for a moment
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
        with suppress(OSError):  # a full disk; it is a help for people and no more
            self._file.truncate(0)
            self._file.write(holder)

    def is_in_place(self) -> bool:
        """Whether the folder still holds this lock: it may be deleted, moved, or made anew.

        Where it cannot be looked at it may come back, and counts as being there.
        """
        try:
            there, ours = self._path.stat(), os.fstat(self._file.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return os.path.samestat(there, ours)

    def release(self) -> None:
        """Give the run free."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _holder(run: Run) -> str:
    """Who holds a run, in words; a help for people, never used to find a process."""
    try:
        with open_inside(run.lock_file, "rb") as file:
            content = json.loads(file.read(4096))
        return f" by process {int(content['pid'])} on {content['host']!s:.100}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""

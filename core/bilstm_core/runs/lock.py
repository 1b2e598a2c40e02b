"""The lock that gives one process the right to write to a run."""

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from ..errors import OutputError, Remedy, RunBusyError
from ..files import descriptor_of
from .holder import HEARTBEAT_SECONDS, Holder
from .run import Run

_TIMEOUT_SECONDS = 1.0
_POLL_SECONDS = 0.01
_WATCH_SECONDS = 3.0 * HEARTBEAT_SECONDS
"""How long a process on another machine is given to show that it still trains the run."""


class RunLock:
    """An exclusive lock on a run (`flock`); the system releases it when the process ends.

    While it is held, the lock file names the process, and the run's directory is held open: what
    the process writes goes through `folder`.

    Some network file systems grant the same lock to two machines. So if the file still names a
    process of another machine, the run is refused while its lock or log change.

    Raises:
        RunBusyError: Another process holds the lock, or seems to.
        OutputError: The run cannot be written, or its file system cannot lock files.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._name = run.lock_file.name
        try:
            self.folder = run.open_folder()
        except OSError as error:
            raise _not_writable(run, error) from None
        try:
            self._acquire()
        except BaseException:
            self.folder.close()
            raise
        self._ended = threading.Event()
        threading.Thread(target=self._show_life, daemon=True).start()

    def _acquire(self) -> None:
        run = self._run
        was_there = self.folder.has(self._name)
        try:
            self._file = self.folder.open(self._name, "ab", buffering=0)
        except OSError as error:
            raise _not_writable(run, error) from None
        try:
            self._wait_for_lock()
            self._require_same_file()
            if run.holder:
                self._require_no_holder(run.holder)
        except OSError as error:
            self._file.close()
            if not was_there:
                self.folder.unlink(self._name)
            raise OutputError(
                f"The file system of {run.path} cannot lock files: {error.strerror or error}. "
                "Without a lock, two processes could write to one run.",
                Remedy("Choose a folder on another file system for the runs.", "choose_runs_dir"),
                title="The run cannot be locked",
            ) from None
        except BaseException:
            self._file.close()
            raise
        self._holder = Holder.this_process(os.fstat(self._file.fileno()).st_ino)
        self._write(self._holder)

    def _wait_for_lock(self) -> None:
        """Lock the file; `Run.is_live` in another process holds the lock for a moment."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise self._busy(_describe(self._run.holder)) from None
            time.sleep(_POLL_SECONDS)

    def _require_same_file(self) -> None:
        """Refuse a lock file that was deleted while this process waited for it."""
        if not self.folder.is_same(self._name, self._file.fileno()):
            raise self._busy(" by another process, which has just replaced its lock")

    def _require_no_holder(self, holder: Holder) -> None:
        """Refuse the run while the process that its lock file names still shows signs of life."""
        run = self._run
        if holder.is_on_this_host:
            is_held = holder.is_running and holder.pid != os.getpid()
        else:
            before, deadline = self._signs_of_life(), time.monotonic() + _WATCH_SECONDS
            while not (is_held := self._signs_of_life() != before):
                if time.monotonic() > deadline:
                    break
                time.sleep(_POLL_SECONDS)
        if is_held:
            raise self._busy(
                f"{_describe(holder)}. Its file system does not share locks between processes or "
                "machines",
                f"If that process has ended, delete {run.lock_file} and try again.",
            )

    def _signs_of_life(self) -> list[tuple[float, int]]:
        return [_status_of(path) for path in (self._run.lock_file, self._run.log_file)]

    def _busy(self, by_whom: str, *advice: str) -> RunBusyError:
        name = self._run.name
        return RunBusyError(
            f"{name} is being trained{by_whom}.",
            Remedy("Follow the run.", "attach", name),
            Remedy("Stop the run.", "stop", name),
            *advice,
        )

    def _write(self, holder: Holder) -> None:
        with suppress(OSError):  # the disk may be full
            self._file.truncate(0)
            self._file.write(holder.model_dump_json().encode())

    def _show_life(self) -> None:
        """Touch the lock file once a second, for other machines."""
        while not self._ended.wait(HEARTBEAT_SECONDS):
            self._touch()

    def _touch(self) -> None:
        with suppress(OSError, ValueError):  # released meanwhile
            os.utime(self._file.fileno())

    @property
    def is_taken_over(self) -> bool:
        """Whether another process has locked the run, which is where it was: its lock was deleted.

        From then on nothing may be written.
        """
        holder = self._run.holder
        is_other = holder is not None and holder != self._holder
        return is_other and self.folder.is_in_place()

    def is_in_place(self) -> bool:
        """Whether directory and lock file are still the locked ones, not moved or replaced.

        True if they cannot be accessed, which may be temporary.
        """
        try:
            current, locked = self._run.lock_file.stat(), os.fstat(self._file.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return os.path.samestat(current, locked) and self.folder.is_in_place()

    def release(self) -> None:
        """Release the lock."""
        self._ended.set()
        with suppress(OSError):  # what a network file system could not write names nobody
            if not self._file.closed:
                self._write(self._holder.model_copy(update={"is_released": True}))
            self._file.close()
        self.folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _status_of(path: Path) -> tuple[float, int]:
    """Modification time and size; opened afresh, so that a network file system asks its server."""
    try:
        with descriptor_of(path) as descriptor:
            status = os.fstat(descriptor)
            return status.st_mtime, status.st_size
    except OSError:
        return 0.0, 0


def _describe(holder: Holder | None) -> str:
    return f" by process {holder.pid} on {holder.host}" if holder else ""


def _not_writable(run: Run, error: OSError) -> OutputError:
    return OutputError(
        f"{run.path} cannot be written: {error.strerror or error}.",
        Remedy("Copy the run to a writable folder and choose that.", "choose_runs_dir"),
        title="The run cannot be stored",
    )

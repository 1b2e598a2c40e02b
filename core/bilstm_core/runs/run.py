"""A run: the files of its directory, when it was started, and whether a process is training it."""

import errno
import fcntl
import re
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..cleaning import escape
from ..config.resolve import resolve
from ..config.schema import RunConfig
from ..files import Folder, descriptor_of, incoming_name, modified_at, read_bytes
from .holder import Holder, read_holder

_TRANSIENT = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE}
"""Temporary errors (network file system, too many open files) that say nothing about a run."""
_FIRST_TIME = re.compile(rb'"time":(-?[0-9]{1,12}(?:\.[0-9]{1,9})?)[,}]')
_FIRST_BYTES = 256
_DAY_SECONDS = 86_400

TIMESTAMP_PREFIX = re.compile(r"\d{4}-\d{2}-\d{2}_\d{6}_?")
"""The date and time at the start of a run's name."""
RANDOM_SUFFIX = re.compile(r"_[a-z0-9]{3}$")
"""The three random characters at the end of a run's name."""


class _File:
    """A file of a run: as an attribute of the run, its path."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, run: "Run", owner: type["Run"]) -> Path:
        return run.path / self.name


@dataclass(frozen=True)
class Run:
    """A run's directory; its files are untrusted input, and validated when read."""

    path: Path

    config_file = _File("config.toml")  # the whole configuration
    log_file = _File("events.jsonl")  # the events, one per line
    commands_file = _File("commands.jsonl")  # orders to the run, one per line
    checkpoint_file = _File("checkpoint.safetensors")  # the newest checkpoint
    previous_checkpoint_file = _File("checkpoint.previous.safetensors")
    damaged_checkpoint_file = _File("checkpoint.damaged.safetensors")  # kept
    model_file = _File("model.safetensors")  # the trained weights, readable by other programs
    summary_file = _File("summary.json")  # the final figures
    notes_file = _File("notes.toml")  # the user's notes on the run
    worker_log_file = _File("worker.log")  # the output of the run's process
    lock_file = _File("lock")  # locked while a process trains the run

    @property
    def name(self) -> str:
        """The directory's name, in characters that can be printed."""
        return escape(self.path.name, kept="")

    @cached_property
    def config(self) -> RunConfig:
        """The configuration.

        Raises:
            ConfigError: The file is missing or invalid.
        """
        return resolve(file=self.config_file, is_untrusted=True)

    @cached_property
    def start_time(self) -> float:
        """When it was started, in seconds since 1970 (UTC): the time of its log's first event.

        The time in its name is that of a clock in some time zone. Without an event, or with one
        from the future, it is the modification time of its configuration.
        """
        first = _FIRST_TIME.search(read_bytes(self.log_file, 0, _FIRST_BYTES))
        if first and float(first[1]) < time.time() + _DAY_SECONDS:
            return float(first[1])
        return modified_at(self.config_file)

    @property
    def is_live(self) -> bool:
        """Whether a process holds the run's lock; also True after a transient error.

        Where locks are not shared between two machines, the lock file's heartbeat counts.
        """
        lock_file = self.lock_file
        try:
            with descriptor_of(lock_file) as descriptor:
                if _is_locked(descriptor):
                    return True
        except OSError as error:
            if error.errno in _TRANSIENT:
                return True
        holder = self.holder
        return holder is not None and holder.seems_alive(modified_at(lock_file))

    @property
    def holder(self) -> Holder | None:
        """The process that locked the run and has not released it, as the lock file names it."""
        return read_holder(self.lock_file)

    @property
    def locked_at(self) -> float:
        """When the process that holds the run locked it, in seconds since 1970; 0 without one."""
        holder = self.holder
        return holder.time if holder else 0.0

    def open_folder(self) -> Folder:
        """Hold its directory open; raises an `OSError` if it is missing or a symbolic link."""
        return Folder(self.path)

    @staticmethod
    def file_names() -> list[str]:
        """The names of all files that a run may have, including incomplete replacements."""
        names = [value.name for value in vars(Run).values() if isinstance(value, _File)]
        return [*names, *map(incoming_name, names)]


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system that cannot lock
        return False
    return False

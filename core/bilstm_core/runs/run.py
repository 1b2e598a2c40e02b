"""A run: the files of its directory, and whether a process is training it."""

import errno
import fcntl
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..config.resolve import resolve
from ..config.schema import RunConfig
from ..files import modified_at, open_regular_file

_TRANSIENT = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE}
"""Temporary errors (network file system, too many open files) that say nothing about a run."""

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
    checkpoint_file = _File("checkpoint.pt")  # the newest checkpoint
    previous_checkpoint_file = _File("checkpoint.previous.pt")
    damaged_checkpoint_file = _File("checkpoint.damaged.pt")  # kept for inspection
    model_file = _File("model.safetensors")  # the trained weights, readable by other programs
    summary_file = _File("summary.json")  # the final figures
    notes_file = _File("notes.toml")  # the user's notes on the run
    worker_log_file = _File("worker.log")  # the output of the run's process
    lock_file = _File("lock")  # locked while a process trains the run

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.path.name

    @cached_property
    def config(self) -> RunConfig:
        """The configuration.

        Raises:
            ConfigError: The file is missing or invalid.
        """
        return resolve(file=self.config_file, is_untrusted=True)

    @property
    def start_time(self) -> str:
        """The start time, for sorting: from the name, else the folder's modification time."""
        prefix = TIMESTAMP_PREFIX.match(self.name)
        if prefix:
            return prefix.group()
        return time.strftime("%Y-%m-%d_%H%M%S", time.localtime(modified_at(self.path)))

    @property
    def is_live(self) -> bool:
        """Whether a process holds the run's lock; also True after a transient error."""
        try:
            with open_regular_file(self.lock_file, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return isinstance(error, BlockingIOError) or error.errno in _TRANSIENT
        return False

    @property
    def locked_at(self) -> float:
        """When a process last locked the run, in seconds since 1970; 0 if never."""
        return modified_at(self.lock_file)

    def files(self) -> Iterator[Path]:
        """Yield the run's existing files, including incomplete replacements."""
        for file in [value for value in vars(Run).values() if isinstance(value, _File)]:
            for path in (self.path / file.name, self.path / f".{file.name}.incoming"):
                if path.is_symlink() or path.is_file():
                    yield path

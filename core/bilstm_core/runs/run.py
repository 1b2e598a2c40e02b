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
from ..files import open_regular_file

_TRANSIENT = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE}
"""Temporary errors (network file system, too many open files) that say nothing about a run."""

TIMESTAMP_PREFIX = re.compile(r"\d{4}-\d{2}-\d{2}_\d{6}_?")
"""The date and time at the start of a run's name."""
RANDOM_SUFFIX = re.compile(r"_[a-z0-9]{3}$")
"""The three random characters at the end of a run's name."""


@dataclass(frozen=True)
class Run:
    """A run's directory; its files are untrusted input, and validated when read.

    Attributes:
        path: The directory.
    """

    path: Path

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.path.name

    @property
    def config_file(self) -> Path:
        """The whole configuration."""
        return self.path / "config.toml"

    @property
    def log_file(self) -> Path:
        """The events, one per line."""
        return self.path / "events.jsonl"

    @property
    def commands_file(self) -> Path:
        """Orders to the run, one per line."""
        return self.path / "commands.jsonl"

    @property
    def checkpoint_file(self) -> Path:
        """The newest checkpoint."""
        return self.path / "checkpoint.pt"

    @property
    def previous_checkpoint_file(self) -> Path:
        """The checkpoint before the newest."""
        return self.path / "checkpoint.previous.pt"

    @property
    def damaged_checkpoint_file(self) -> Path:
        """A damaged checkpoint, kept for inspection."""
        return self.path / "checkpoint.damaged.pt"

    @property
    def model_file(self) -> Path:
        """The trained weights, readable by other programs."""
        return self.path / "model.safetensors"

    @property
    def summary_file(self) -> Path:
        """The final figures."""
        return self.path / "summary.json"

    @property
    def notes_file(self) -> Path:
        """The user's notes on the run."""
        return self.path / "notes.toml"

    @property
    def worker_log_file(self) -> Path:
        """The output of the run's process."""
        return self.path / "worker.log"

    @property
    def lock_file(self) -> Path:
        """Locked while a process trains the run."""
        return self.path / "lock"

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
        try:
            seconds = self.path.stat().st_mtime
        except OSError:
            seconds = 0.0
        return time.strftime("%Y-%m-%d_%H%M%S", time.localtime(seconds))

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
        try:
            return self.lock_file.stat().st_mtime
        except OSError:
            return 0.0

    def files(self) -> Iterator[Path]:
        """Yield the run's existing files, including incomplete replacements."""
        files = (
            self.config_file,
            self.log_file,
            self.commands_file,
            self.checkpoint_file,
            self.previous_checkpoint_file,
            self.damaged_checkpoint_file,
            self.model_file,
            self.summary_file,
            self.notes_file,
            self.worker_log_file,
            self.lock_file,
        )
        for file in files:
            for path in (file, file.with_name(f".{file.name}.incoming")):
                if path.is_symlink() or path.is_file():
                    yield path

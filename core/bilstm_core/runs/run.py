"""One run: the files of its directory, and whether a process trains it."""

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
from ..files import open_inside

_PASSING = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE}
"""Troubles of a network's file system, or of too many open files, that say nothing of a run."""

TIMESTAMP_PREFIX = re.compile(r"\d{4}-\d{2}-\d{2}_\d{6}_?")
"""The date and time in a run's name."""
RANDOM_SUFFIX = re.compile(r"_[a-z0-9]{3}$")
"""The letters at the end of a run's name."""


@dataclass(frozen=True)
class Run:
    """A run's directory; what stands in it is data from anywhere, and checked when read.

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
        """Events, one a line."""
        return self.path / "events.jsonl"

    @property
    def commands_file(self) -> Path:
        """Orders to the run, one a line."""
        return self.path / "commands.jsonl"

    @property
    def checkpoint_file(self) -> Path:
        """The newest complete state."""
        return self.path / "checkpoint.pt"

    @property
    def previous_checkpoint_file(self) -> Path:
        """The state before the newest."""
        return self.path / "checkpoint.previous.pt"

    @property
    def damaged_checkpoint_file(self) -> Path:
        """A state that was found damaged, kept for whoever wants to look into it."""
        return self.path / "checkpoint.damaged.pt"

    @property
    def model_file(self) -> Path:
        """The weights, for everybody else."""
        return self.path / "model.safetensors"

    @property
    def summary_file(self) -> Path:
        """The final figures."""
        return self.path / "summary.json"

    @property
    def notes_file(self) -> Path:
        """What a person says of the run."""
        return self.path / "notes.toml"

    @property
    def worker_log_file(self) -> Path:
        """What the run's process printed."""
        return self.path / "worker.log"

    @property
    def lock_file(self) -> Path:
        """Held for as long as a process writes here."""
        return self.path / "lock"

    @cached_property
    def config(self) -> RunConfig:
        """The configuration.

        Raises:
            ConfigError: The file is missing or wrong.
        """
        return resolve(file=self.config_file, is_untrusted=True)

    @property
    def begun(self) -> str:
        """When it was begun, for sorting: the time in its name, else that of its folder."""
        in_name = TIMESTAMP_PREFIX.match(self.name)
        if in_name:
            return in_name.group()
        try:
            seconds = self.path.stat().st_mtime
        except OSError:
            seconds = 0.0
        return time.strftime("%Y-%m-%d_%H%M%S", time.localtime(seconds))

    @property
    def is_live(self) -> bool:
        """Whether a process holds the run; one that cannot be looked at for a moment counts."""
        try:
            with open_inside(self.lock_file, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return isinstance(error, BlockingIOError) or error.errno in _PASSING
        return False

    @property
    def locked_at(self) -> float:
        """When a process last took hold of it, in seconds since 1970."""
        try:
            return self.lock_file.stat().st_mtime
        except OSError:
            return 0.0

    def files(self) -> Iterator[Path]:
        """The files of ours that are in the directory."""
        ours = (
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
        for file in ours:
            for path in (file, file.with_name(f".{file.name}.incoming")):
                if path.is_symlink() or path.is_file():
                    yield path

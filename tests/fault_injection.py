"""Calls of the operating system that fail: of a kind, the n-th fails once, with a given error."""

import errno
import fcntl
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest

from bilstm_core import files
from bilstm_core.errors import BilstmError, UsageError
from bilstm_core.runs.store import list_runs
from tests.samples import small_config
from tests.sessions import StopAfter, resume, start

CALLS = ("open", "write", "fsync", "rename", "flock")
ERRORS = (errno.EIO, errno.ENOSPC, errno.ESTALE, errno.EINVAL)


class Injector:
    """Counts the calls of a kind, and has one of them fail.

    Args:
        call: One of `CALLS`.
        number: Which call fails, from 0; none where it is negative.
        error: The error's number.
    """

    def __init__(self, call: str, number: int = -1, error: int = errno.EIO) -> None:
        self.call = call
        self.count = 0
        self._number = number
        self._error = error

    @contextmanager
    def active(self) -> Iterator[None]:
        """Have calls counted and fail."""
        opened = os.open
        with pytest.MonkeyPatch.context() as patch:
            match self.call:
                case "open":  # of our own files only, not those that an import reads
                    patch.setattr(os, "open", self._only_ours(opened))
                case "write":
                    patch.setattr(files, "open", self._open_for_writing, raising=False)
                case "flock":
                    patch.setattr(fcntl, "flock", self._failing(fcntl.flock))
                case name:
                    patch.setattr(os, name, self._failing(getattr(os, name)))
            yield

    def check(self) -> None:
        """Count a call; raises an `OSError` if it is the one that fails."""
        number, self.count = self.count, self.count + 1
        if number == self._number:
            raise OSError(self._error, os.strerror(self._error))

    def _failing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.check()
            return real(*arguments, **options)

        return call

    def _only_ours(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, *rest: Any, **options: Any) -> int:
            if flags & os.O_NOFOLLOW:
                self.check()
            return real(path, flags, *rest, **options)

        return call

    def _open_for_writing(self, *arguments: Any, **options: Any) -> Any:
        file = open(*arguments, **options)  # noqa: PTH123, SIM115
        return _Faulty(file, self) if file.writable() else file


class _Faulty:
    """A file whose writing may fail."""

    def __init__(self, file: IO[Any], injector: Injector) -> None:
        self._file = file
        self._injector = injector

    def write(self, content: Any) -> int:
        self._injector.check()
        return self._file.write(content)

    def __enter__(self) -> "_Faulty":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Scenario:
    """A short run with a checkpoint at every step; a call fails in it, or in its resume."""

    def __init__(self) -> None:
        self._config = small_config(
            hidden_size=4, batch_size=256, num_epochs=1, checkpoint_seconds=0.0, threads=1
        )
        with tempfile.TemporaryDirectory() as folder:
            self._model = start(Path(folder), self._config).model_file.read_bytes()
        self._counts = {
            (call, is_resumed): self._play(Injector(call), is_resumed=is_resumed)
            for call in CALLS
            for is_resumed in (False, True)
        }

    def play_once(self, call: str, error: int, seed: int) -> str:
        """Have a call fail somewhere, check that nothing is lost, and return what was done."""
        chosen = random.Random(seed)
        is_resumed = chosen.random() < 0.5
        number = chosen.randrange(self._counts[call, is_resumed])
        self._play(Injector(call, number, error), is_resumed=is_resumed)
        return f"{call} {number} fails with {errno.errorcode[error]}{' on resume' * is_resumed}"

    def _play(self, injector: Injector, *, is_resumed: bool) -> int:
        with tempfile.TemporaryDirectory() as root:
            folder = Path(root, "runs")
            stopped = start(folder, self._config, StopAfter(4)) if is_resumed else None
            with injector.active(), suppress(BilstmError):  # words; anything else is a fault
                if stopped:
                    resume(stopped)
                else:
                    start(folder, self._config)
            if not list_runs(folder):
                assert not folder.exists(), "a failed start leaves a folder"
                return injector.count
            (run,) = list_runs(folder)
            assert not list(run.path.glob(".*.incoming"))
            with suppress(UsageError):  # it is finished
                assert resume(run) == 0
            assert run.model_file.read_bytes() == self._model, "the numbers are others"
        return injector.count

"""Where a command writes its results: on stdout, or in a file that appears when it is complete."""

import mmap
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bilstm_core.errors import OutputError, UsageError
from bilstm_core.files import write_atomically


@contextmanager
def opened_output(path: Path | None, *, may_replace: bool) -> Iterator[IO[str]]:
    """Open the file at a path, which gets its content at the end, if there is any; or stdout.

    Raises:
        UsageError: The file exists and may not be replaced.
        OutputError: It cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    if not may_replace and os.path.lexists(path):
        raise UsageError(f"{path} exists.", "Choose another file, or replace it with --force.")
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", newline="") as content:
        yield content
        content.flush()
        try:
            _save(path, content)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(f"{path} cannot be written: {reason}.") from None


def _save(path: Path, content: IO[str]) -> None:
    if content.tell():  # mapped, because it may be larger than memory
        with (
            mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            write_atomically(path, view)

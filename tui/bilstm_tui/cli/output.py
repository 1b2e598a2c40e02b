"""Where a command writes its results: on stdout, or in a file that appears when it is complete."""

import mmap
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bilstm_core.outputs import require_writable, write_files


@contextmanager
def opened_output(path: Path | None, *, may_replace: bool) -> Iterator[IO[str]]:
    """Open the file at a path, which gets its content at the end, if there is any; or stdout.

    Raises:
        UsageError: The file exists and may not be replaced, or is a folder.
        OutputError: It cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    require_writable([path], may_replace=may_replace)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", newline="") as content:
        yield content
        content.flush()
        _save(path, content)


def _save(path: Path, content: IO[str]) -> None:
    if content.tell():  # mapped, because it may be larger than memory
        with (
            mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            write_files({path: view})

"""Parquet files, read by a process of their own.

polars ends the process where a damaged file claims more than there is memory for, or panics on
several threads at once. So a child reads the file and hands its cells over as Arrow.
"""

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .content import opened
from .limits import MOST_BYTES, MOST_FEATURES, MOST_VALUES, unreadable

if TYPE_CHECKING:
    import polars as pl

_TOO_LARGE = 3
_AGAIN = "Write it again, or copy it again if it comes from elsewhere."
_MOST_MEMORY = 4 * MOST_BYTES


def read_parquet(path: Path) -> "pl.DataFrame":
    """Read all columns.

    Raises:
        DataError: It cannot be read, is damaged, or holds more than is read.
    """
    import polars as pl

    with opened(path) as file:
        try:
            result = subprocess.run(
                [sys.executable, "-P", "-m", __name__, str(MOST_VALUES)],
                stdin=file,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise unreadable(path, f"no process can be started: {error.strerror}") from None
    if result.returncode == _TOO_LARGE:
        most = f"{MOST_VALUES:,} cells in {MOST_FEATURES:,} columns"
        raise unreadable(path, f"it is too large: at most {most} are read")
    if result.returncode:
        raise unreadable(path, "it is damaged or no Parquet file", _AGAIN)
    return pl.read_ipc(io.BytesIO(result.stdout))


def main() -> None:
    """Read a file from standard input, and write it to standard output."""
    import resource

    import polars as pl

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or most > _MOST_MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, most))
    most_values = int(sys.argv[1])
    content = io.BytesIO(sys.stdin.buffer.read())
    columns = len(pl.read_parquet_schema(content))
    rows = pl.scan_parquet(content).select(pl.len()).collect().item()
    if columns > MOST_FEATURES or rows * columns > most_values:
        sys.exit(_TOO_LARGE)
    pl.read_parquet(content).write_ipc(sys.stdout.buffer)


if __name__ == "__main__":
    main()

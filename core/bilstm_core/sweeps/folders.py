"""Where sweeps are: a folder for each, in that of the runs; read without Optuna."""

import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ..cleaning import one_line
from ..config.resolve import did_you_mean
from ..errors import UsageError
from ..files import write_atomically
from ..runs.store import is_label

_SWEEPS = "sweeps"
"""In the folder of the runs."""
JOURNAL = "journal.jsonl"


def sweep_folder(runs_dir: Path, name: str) -> Path:
    """The folder of a sweep, which need not exist."""
    return runs_dir.absolute() / _SWEEPS / name


def list_sweeps(runs_dir: Path) -> list[str]:
    """The names of the sweeps in a folder of runs."""
    with suppress(OSError):
        folders = (runs_dir.absolute() / _SWEEPS).iterdir()
        names = (path.name for path in folders if (path / JOURNAL).is_file())
        return sorted(filter(is_label, names))  # others are being created, or somebody else's
    return []


def find_sweep(runs_dir: Path, name: str) -> Path:
    """The folder of the sweep of a name.

    Raises:
        UsageError: There is none.
    """
    names = list_sweeps(runs_dir)
    if name not in names:
        known = f"Sweeps: {', '.join(names)}." if names else "There are none yet."
        raise UsageError(
            f"There is no sweep {one_line(name)} in {runs_dir}.{did_you_mean(name, names)}",
            known,
            title="There is no such sweep",
        )
    return sweep_folder(runs_dir, name)


def create_folder(folder: Path, journal: bytes) -> None:
    """Create a sweep's folder with its journal: it gets its name when it is complete."""
    incoming = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    incoming.mkdir(parents=True)
    try:
        write_atomically(incoming / JOURNAL, journal)
        incoming.rename(folder)  # fails where there is one that is not empty
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise

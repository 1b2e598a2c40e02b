"""The runs in a folder: made, listed, found by what a user types, removed."""

import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from ..config.resolve import did_you_mean, to_toml
from ..config.schema import RunConfig
from ..errors import OutputError, Remedy, RunNotFoundError, UsageError
from ..files import write_atomically
from ..paths import expanded
from .lock import RunLock
from .run import TIMESTAMP_PREFIX, Run

LATEST = "latest"
"""The word for the run that was begun last."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def create_run(runs_dir: Path, config: RunConfig, label: str | None = None) -> tuple[Run, RunLock]:
    """Make a new run's directory, held by this process.

    Args:
        runs_dir: The folder of the runs; made if need be.
        config: The run's configuration.
        label: The readable part of its name; the network's kind where None.

    Raises:
        UsageError: The label is no name for a folder.
        OutputError: The directory cannot be made.
    """
    label = label or ("bi" if config.bidirectional else "") + config.cell
    check_label(label)
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        run = Run(_make_folder(runs_dir.absolute(), label))
        lock = RunLock(run)
        try:
            write_atomically(run.config_file, to_toml(config).encode())
        except OSError:
            run.lock_file.unlink()
            run.path.rmdir()
            lock.release()
            raise
    except OSError as error:
        raise OutputError(
            f"No run can be created in {runs_dir}: {error.strerror or error}.",
            Remedy("Choose a writable folder with free space.", "choose_runs_dir"),
            title="The run cannot be stored",
        ) from None
    return run, lock


def check_label(label: str) -> None:
    """Refuse a label that is no name for a folder.

    Raises:
        UsageError: It is none.
    """
    if not _NAME.fullmatch(label):
        raise UsageError(
            f"name = {label} cannot be part of a folder's name.",
            "Allowed: up to 64 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit.",
        )


def _make_folder(runs_dir: Path, label: str) -> Path:
    while True:
        suffix = "".join(secrets.choice(_ALPHABET) for _ in range(3))
        path = runs_dir / f"{time.strftime('%Y-%m-%d_%H%M%S')}_{label}_{suffix}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def list_runs(runs_dir: Path) -> list[Run]:
    """The runs in a folder, oldest first; none where there is no such folder.

    Raises:
        OutputError: The folder cannot be read.
    """
    try:
        runs = [Run(path) for path in runs_dir.absolute().iterdir() if _is_run(path)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(
            f"{runs_dir} cannot be read: {error.strerror}.",
            Remedy("Choose another folder of runs.", "choose_runs_dir"),
            title="The runs cannot be listed",
        ) from None
    return sorted(runs, key=lambda run: (run.begun, _changed(run), run.name))


def _changed(run: Run) -> float:
    try:
        return run.config_file.stat().st_mtime
    except OSError:
        return 0.0


def _is_run(path: Path) -> bool:
    return not path.is_symlink() and any(
        (path / name).is_file() for name in ("config.toml", "events.jsonl")
    )


def find_run(runs_dir: Path, which: str) -> Run:
    """The run that a user means.

    Args:
        runs_dir: The folder of the runs.
        which: A name, the unique beginning of one (with or without its date), its last three
            letters, a path, or `latest`.

    Raises:
        RunNotFoundError: There is none, or more than one.
    """
    if os.sep in which or which in {".", ".."}:
        path = expanded(Path(which)).absolute()
        if _is_run(path):
            return Run(path)
        raise RunNotFoundError(f"{which} is not the folder of a run: it contains no config.toml.")
    runs = list_runs(runs_dir)
    if not runs:
        raise RunNotFoundError(
            f"There are no runs in {runs_dir}.",
            Remedy("Choose another folder of runs.", "choose_runs_dir"),
            Remedy("Train a run.", "train"),
        )
    if which == LATEST:
        return runs[-1]
    for matches in _readings(runs, which):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise RunNotFoundError(
                f"{which} matches {len(matches)} runs:\n"
                + "\n".join(run.name for run in matches[-10:]),
                "Type more of its name.",
            )
    names = [run.name for run in runs] + [_undated(run) for run in runs]
    raise RunNotFoundError(
        f"There is no run {which} in {runs_dir}.{did_you_mean(which, names)}",
        Remedy("List the runs.", "list_runs"),
    )


def _readings(runs: list[Run], which: str) -> Iterator[list[Run]]:
    """What a word may mean, likeliest first."""
    if not which:
        return
    yield [run for run in runs if run.name == which]
    yield [run for run in runs if run.name.startswith(which)]
    yield [run for run in runs if _undated(run).startswith(which)]
    yield [run for run in runs if run.name.endswith(f"_{which}")]


def _undated(run: Run) -> str:
    return TIMESTAMP_PREFIX.sub("", run.name, count=1)


def remove_run(run: Run) -> list[Path]:
    """Delete a run's files, and its folder if it holds nothing else.

    Returns:
        What stayed: files that are not ours.

    Raises:
        RunBusyError: The run is live.
        OutputError: A file cannot be deleted.
    """
    with RunLock(run):
        try:
            for path in run.files():
                path.unlink()
            rest = sorted(run.path.iterdir())
            if not rest:
                run.path.rmdir()
        except OSError as error:
            raise OutputError(
                f"{error.filename or run.path} cannot be deleted: {error.strerror}.",
                title="The run cannot be deleted",
            ) from None
    return rest

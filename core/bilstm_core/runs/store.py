"""The runs in a folder: creating, listing, finding and removing them."""

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ..config.resolve import did_you_mean, to_toml
from ..config.schema import RunConfig
from ..errors import ConfigError, OutputError, Remedy, RunNotFoundError, UsageError
from ..files import Folder, is_missing, made_folders
from ..paths import expand_home
from .lock import RunLock
from .run import TIMESTAMP_PREFIX, Run

LATEST = "latest"
"""The reference to the run that was started last."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_SUFFIX = re.compile(rf"_[{_ALPHABET}]{{3}}$")


def create_run(runs_dir: Path, config: RunConfig, label: str | None = None) -> tuple[Run, RunLock]:
    """Create the directory of a new run and lock it; `runs_dir` is created if missing.

    `label` is the readable part of its name, by default the kind of network, such as `bilstm`.

    Raises:
        UsageError: The label cannot be part of a folder's name.
        OutputError: The directory cannot be created.
    """
    label = label or ("bi" if config.bidirectional else "") + config.cell
    check_label(label)
    try:
        with made_folders(runs_dir), Folder(runs_dir, follow=True) as folder:
            run = Run(_create_directory(runs_dir.absolute(), label))
            lock = _lock_new_run(run)
            with removed_on_failure(lock):
                lock.folder.replace(run.config_file.name, to_toml(config).encode())
                folder.sync()
    except OSError as error:
        raise _no_run_error(runs_dir, error) from None
    return run, lock


def require_writable_runs_dir(runs_dir: Path) -> None:
    """Check that a run can be created, before PyTorch is imported for it.

    A missing folder is not made: other processes may do the same at this moment.

    Raises:
        OutputError: It cannot.
    """
    there = runs_dir.absolute()
    while is_missing(there) and there != there.parent:
        there = there.parent
    try:
        with TemporaryDirectory(dir=there, prefix="."):
            pass
    except OSError as error:
        raise _no_run_error(runs_dir, error) from None


def _no_run_error(runs_dir: Path, error: OSError) -> OutputError:
    return OutputError(
        f"No run can be created in {runs_dir}: {error.strerror or error}.",
        Remedy("Choose a writable folder with free space.", "choose_runs_dir"),
        title="The run cannot be stored",
    )


def _lock_new_run(run: Run) -> RunLock:
    try:
        return RunLock(run)
    except BaseException:
        with suppress(OSError):
            run.path.rmdir()
        raise


@contextmanager
def removed_on_failure(lock: RunLock) -> Iterator[None]:
    """Release a new run and delete it, as far as that is possible, if it cannot be started."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            _delete_files(lock.folder)
            lock.folder.remove()
        lock.release()
        raise


def _delete_files(folder: Folder) -> list[str]:
    """Delete the files of a run; return the names of everything else."""
    for name in Run.file_names():
        folder.unlink(name)
    return folder.names()


def is_label(text: str) -> bool:
    """Whether a text can be part of a folder's name."""
    return _NAME.fullmatch(text) is not None


def check_label(label: str) -> None:
    """Raise a `UsageError` if a label cannot be part of a folder's name."""
    if not is_label(label):
        raise UsageError(
            f"name = {label} cannot be part of a folder's name.",
            "Allowed: up to 64 letters, digits, dots, dashes and underscores, "
            "starting with a letter or digit.",
        )


def _create_directory(runs_dir: Path, label: str) -> Path:
    while True:
        suffix = "".join(secrets.choice(_ALPHABET) for _ in range(3))
        path = runs_dir / f"{time.strftime('%Y-%m-%d_%H%M%S')}_{label}_{suffix}"
        with suppress(FileExistsError):
            path.mkdir()
            return path


def list_runs(runs_dir: Path) -> list[Run]:
    """List the runs in a folder, oldest first; empty if there is no such folder.

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
    return sorted(runs, key=lambda run: (run.start_time, run.name))


def run_before(run: Run) -> Run | None:
    """The latest earlier run in the same folder on the same data.

    Raises:
        OutputError: The folder cannot be read.
        ConfigError: The configuration of `run` cannot be read.
    """
    dataset, runs = run.config.dataset, list_runs(run.path.parent)
    earlier = runs[: runs.index(run)] if run in runs else runs
    for other in reversed(earlier):
        with suppress(ConfigError):  # another one may be damaged
            if other.config.dataset == dataset:
                return other
    return None


def _is_run(path: Path) -> bool:
    run = Run(path)
    try:
        return not path.is_symlink() and (run.config_file.is_file() or run.log_file.is_file())
    except OSError:  # a folder that cannot be entered
        return False


def find_run(runs_dir: Path, reference: str) -> Run:
    """Find a run by its name, its label, the start or end of its name, its path, or `latest`.

    A run whose whole label it is comes before those whose names only start with it. The start must
    be unique and may lack the date; the end is the last three characters.

    Raises:
        RunNotFoundError: No run matches, or more than one.
    """
    if os.sep in reference or reference in {".", ".."}:
        path = expand_home(Path(reference)).absolute()
        if _is_run(path):
            return Run(path)
        raise RunNotFoundError(
            f"{reference} is not the folder of a run: it contains no config.toml."
        )
    runs = list_runs(runs_dir)
    if not runs:
        raise RunNotFoundError(
            f"There are no runs in {runs_dir}.",
            Remedy("Choose another folder of runs.", "choose_runs_dir"),
            Remedy("Train a run.", "train"),
        )
    if reference == LATEST:
        return runs[-1]
    for matches in _matches(runs, reference):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise RunNotFoundError(
                f"{reference} matches {len(matches)} runs:\n"
                + "\n".join(run.name for run in matches[-10:]),
                "Type more of its name.",
                title="Several runs match",
            )
    names = [run.name for run in runs] + [_undated_name(run) for run in runs]
    raise RunNotFoundError(
        f"There is no run {reference} in {runs_dir}.{did_you_mean(reference, names)}",
        Remedy("List the runs.", "list_runs"),
    )


def _matches(runs: list[Run], reference: str) -> Iterator[list[Run]]:
    """Yield the runs that match by each rule, the strictest rule first."""
    if not reference:
        return
    yield [run for run in runs if run.name == reference]
    yield [run for run in runs if _label(run) == reference]
    yield [run for run in runs if run.name.startswith(reference)]
    yield [run for run in runs if _undated_name(run).startswith(reference)]
    yield [run for run in runs if run.name.endswith(f"_{reference}")]


def _undated_name(run: Run) -> str:
    return TIMESTAMP_PREFIX.sub("", run.name, count=1)


def _label(run: Run) -> str:
    return _SUFFIX.sub("", _undated_name(run), count=1)


def remove_run(run: Run) -> list[str]:
    """Delete a run's files and, if nothing else is in it, its folder; return what else is in it.

    Raises:
        RunBusyError: The run is being trained.
        OutputError: A file cannot be deleted.
    """
    with RunLock(run) as lock:
        try:
            remaining = _delete_files(lock.folder)
            if not remaining:
                lock.folder.remove()
        except OSError as error:
            raise OutputError(
                f"{error.filename or run.path} cannot be deleted: {error.strerror}.",
                title="The run cannot be deleted",
            ) from None
    return remaining

"""The user's notes on a run, and renaming it."""

import tomllib
from typing import Annotated

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..cleaning import Line
from ..errors import OutputError
from ..files import read_text
from .lock import RunLock
from .run import RANDOM_SUFFIX, TIMESTAMP_PREFIX, Run
from .store import check_label


class Notes(BaseModel):
    """The user's notes on a run, stored in its `notes.toml`."""

    model_config = ConfigDict(frozen=True)

    pinned: bool = False  # listed above the others
    note: Annotated[Line, Field(max_length=500)] = ""


def read_notes(run: Run) -> Notes:
    """Read the notes on a run; empty if the file is missing or damaged."""
    try:
        return _read(run)
    except (OSError, ValueError, RecursionError):
        return Notes()


def write_notes(run: Run, notes: Notes) -> None:
    """Write the notes on a run.

    Raises:
        OutputError: They cannot be written, or the existing file is damaged and not replaced.
    """
    try:
        _read(run)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(
            f"{run.notes_file} is damaged and was not changed: {str(error).splitlines()[0]}",
            "Repair or delete the file.",
        ) from None
    try:
        with run.open_folder() as folder:
            folder.replace(run.notes_file.name, tomli_w.dumps(notes.model_dump()).encode())
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{run.notes_file} cannot be written: {reason}.") from None


def rename_run(run: Run, label: str) -> Run:
    """Replace the readable part of the name of a run's folder.

    Raises:
        UsageError: The label cannot be part of a folder's name.
        RunBusyError: The run is being trained; other processes follow it by its path.
        OutputError: The folder cannot be renamed.
    """
    check_label(label)
    prefix, suffix = TIMESTAMP_PREFIX.match(run.name), RANDOM_SUFFIX.search(run.name)
    name = f"{prefix.group()}{label}{suffix.group()}" if prefix and suffix else label
    target = run.path.with_name(name)
    if target == run.path:
        return run
    with RunLock(run):
        try:
            if target.exists():
                raise FileExistsError(0, f"{target} already exists")
            run.path.rename(target)
        except OSError as error:
            raise OutputError(
                f"{run.name} cannot be renamed: {error.strerror}.",
                title="The run cannot be renamed",
            ) from None
    return Run(target)


def _read(run: Run) -> Notes:
    try:
        return Notes.model_validate(tomllib.loads(read_text(run.notes_file, is_untrusted=True)))
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from None

"""Files that are written for the user: none is replaced unasked, and none is incomplete."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from .errors import OutputError, Remedy, UsageError
from .files import Folder

REPLACE = Remedy("Choose another place, or replace what is there.", "replace")


def require_writable(paths: Collection[Path], *, may_replace: bool) -> None:
    """Check where files will be written, before anything is computed.

    Raises:
        UsageError: A file exists and may not be replaced, or is a folder.
        OutputError: The folder to write to does not exist.
    """
    for path in paths:
        if is_folder(path):
            raise UsageError(f"{path} is a folder.", "Choose another file.")
        if not may_replace and os.path.lexists(path):
            raise UsageError(f"{path} exists.", REPLACE)
        if not is_folder(path.parent):
            raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")


def write_files(contents: Mapping[Path, bytes | memoryview]) -> None:
    """Write files of one folder, which appear when all of them are complete.

    Raises:
        OutputError: They cannot be written; the folder is as it was.
    """
    (folder,) = {path.parent for path in contents}
    try:
        with Folder(folder, follow=True) as opened:
            opened.replace_all({path.name: content for path, content in contents.items()})
    except OSError as error:
        names = " and ".join(map(str, contents))
        raise OutputError(f"{names} cannot be written: {error.strerror or error}.") from None


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False where that cannot be found out."""
    return os.path.isdir(path)  # noqa: PTH112 - before Python 3.14 `Path.is_dir` raises there

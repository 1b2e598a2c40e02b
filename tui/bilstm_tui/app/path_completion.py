"""What a path that is typed may become."""

import os
from itertools import islice
from pathlib import Path

from bilstm_core.cleaning import escape
from bilstm_core.data.sources.recognition import SUFFIXES, recognise
from bilstm_core.errors import BilstmError
from bilstm_core.paths import expand_home

"""Of the files that are suggested; what is in a file decides whether it is read."""
_MOST_ENTRIES = 10_000
_MOST_SUGGESTED = 200


def completions(typed: str) -> list[str]:
    """Paths that start with what is typed: folders first, each with a slash, then files of data.

    Files whose name starts with a dot are suggested only where a dot is typed.
    """
    if typed == "~":
        return ["~/"]
    folder, slash, start = typed.rpartition("/")
    try:
        with os.scandir(expand_home(Path(folder + slash))) as entries:
            found = [
                (not _is_folder(entry), entry.name)
                for entry in islice(entries, _MOST_ENTRIES)
                if entry.name.startswith(start) and escape(entry.name, kept="") == entry.name
            ]
    except (OSError, ValueError, BilstmError):
        return []
    if not start.startswith("."):
        found = [(is_file, name) for is_file, name in found if not name.startswith(".")]
    found = [it for it in found if not it[0] or it[1].lower().endswith(SUFFIXES)]
    found.sort(key=lambda it: (it[0], it[1].lower(), it[1]))
    return [
        f"{folder}{slash}{name}{'' if is_file else '/'}"
        for is_file, name in found[:_MOST_SUGGESTED]
    ]


def completed(typed: str, suggested: list[str]) -> str:
    """What all suggestions have in common, if that is more than what is typed."""
    common = os.path.commonprefix(suggested)  # noqa: RUF071 - of characters: it is typed further
    return common if common.startswith(typed) else typed


def chosen_path(typed: str) -> str:
    """The absolute path of what is typed.

    Raises:
        DataError: There is nothing at the path, or nothing that is read.
        UsageError: The home folder cannot be determined.
    """
    path = os.path.normpath(expand_home(Path(typed)).absolute())
    recognise(Path(path))
    return path


def existing(paths: list[str]) -> list[str]:
    """Those of some paths at which there is something."""
    return [path for path in paths if os.path.lexists(path)]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False

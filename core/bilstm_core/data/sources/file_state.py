"""Whether data have to be read again: the settings they depend on, and their files; no NumPy."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ...config.schema import RunConfig
from ...config.settings import DATA_SETTINGS
from .recognition import Source, recognise


def data_key(config: RunConfig) -> tuple[object, ...]:
    """All on which the data of a run depend: settings, and whether the files were written again.

    Raises:
        DataError: There are no data at the path, or none of a format that is read.
    """
    files = _state(recognise(Path(config.dataset))) if config.is_own_data else ()
    digest = hashlib.sha256(repr([*files]).encode()).hexdigest()  # there may be a million files
    return (*settings_of_data(config), digest)


def settings_of_data(config: RunConfig) -> tuple[object, ...]:
    """The settings on which the data depend."""
    return tuple(getattr(config, name) for name in DATA_SETTINGS)


def _state(source: Source) -> Iterator[object]:
    """Which files there are, how large, and when they were last written."""
    if source.format == "folder":
        for folder, folders, names in os.walk(source.train):
            folders.sort()
            for name in sorted(names):
                yield _state_of(Path(folder, name))
        return
    for path in (source.train, source.test):
        if path:
            yield _state_of(path)


def _state_of(path: Path) -> tuple[str, int, int, int] | None:
    try:
        state = os.stat(path)  # noqa: PTH116 - much faster for many files
    except OSError:
        return None
    return str(path), state.st_ino, state.st_size, state.st_mtime_ns

"""Whether data have to be read again: the settings they depend on, and their files; no NumPy."""

import os
from collections.abc import Iterator
from contextlib import suppress
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
    return (*settings_of_data(config), *files)


def settings_of_data(config: RunConfig) -> tuple[object, ...]:
    """The settings on which the data depend."""
    return tuple(getattr(config, name) for name in DATA_SETTINGS)


def _state(source: Source) -> Iterator[object]:
    """Of a folder per class, it changes when files are added or removed."""
    paths = [source.train, *filter(None, [source.test])]
    if source.format == "folder":
        for depth in ("*", "*/*"):
            paths += [path for path in source.train.glob(depth) if path.is_dir()]
    for path in paths:
        with suppress(OSError):
            state = os.stat(path)  # noqa: PTH116 - much faster for many folders
            yield str(path), state.st_ino, state.st_size, state.st_mtime_ns

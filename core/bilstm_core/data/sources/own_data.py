"""A person's own data: a file or folder, described without torch, loaded as tensors."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...config.schema import RunConfig
from ..spec import DataSpec
from .assemble import Assembled, assemble
from .columns import TableOptions
from .file_state import data_key
from .formats import read
from .recognition import title_of

if TYPE_CHECKING:
    from ..dataset import Dataset

_latest: tuple[object, DataSpec, Assembled | None] | None = None
"""What was read last: a run describes its data several times, and loads them once."""


def describe(config: RunConfig) -> DataSpec:
    """Describe the data, which are read for it unless they were just now.

    Raises:
        DataError: They cannot be read, or nothing can be trained with them.
        ConfigError: A setting names no column, or one has to be set.
    """
    global _latest  # noqa: PLW0603 - one for the whole process: the data may be large
    key = data_key(config)
    if not _latest or _latest[0] != key:
        _latest = None  # before others take its place in memory
        assembled = assembled_from(config)
        _latest = key, assembled.spec, assembled
    return _latest[1]


def forget() -> None:
    """Keep no data in memory that were described and may not be loaded."""
    global _latest  # noqa: PLW0603
    _latest = _latest and (*_latest[:2], None)


def load(config: RunConfig, warn: Callable[[str], None]) -> "Dataset":
    """Load the data on the CPU; for what is raised see `describe`."""
    from .tensors import as_dataset  # imports torch

    global _latest  # noqa: PLW0603
    key = data_key(config)
    if _latest and _latest[0] == key and _latest[2]:
        assembled = _latest[2]
    else:
        assembled = assembled_from(config)
    _latest = key, assembled.spec, None
    for warning in assembled.warnings:
        warn(warning)
    return as_dataset(assembled)


def assembled_from(config: RunConfig) -> Assembled:
    """Read and assemble the data; see `describe`."""
    path = Path(config.dataset)
    found = read(path, table_options(config))
    return assemble(found, title_of(config.dataset), found.format, config)


def table_options(config: RunConfig) -> TableOptions:
    """What a configuration says of the columns of a table."""
    return TableOptions(
        id_column=config.id_column,
        time_column=config.time_column,
        label_column=config.label_column,
        group_column=config.group_column,
        features=config.feature_columns,
    )

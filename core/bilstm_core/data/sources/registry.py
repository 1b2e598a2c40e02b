"""Every data set by name: described without torch, loaded as tensors."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...building_blocks.readouts import READOUTS
from ...config.resolve import did_you_mean
from ...config.schema import RunConfig
from ...errors import ConfigError, DataError, Remedy
from ...stopping import ShouldStop
from ..catalog import CATALOG
from ..spec import DataSpec

if TYPE_CHECKING:
    from ..dataset import Dataset
    from .assemble import Assembled
    from .download import OnProgress

INSTALLED = frozenset({"digits", "japanese-vowels"})
"""Data sets that need neither a download nor a folder."""


def describe(config: RunConfig) -> DataSpec:
    """Describe the data of a run with this configuration.

    A data set by name is described without reading it; a person's own data are read.

    Raises:
        DataError: The data set is unknown, or the data cannot be read.
        ConfigError: A setting names no column of a table, or has to be set.
    """
    if config.is_own_data:
        from . import own_data  # imports NumPy

        return own_data.describe(config)
    spec = _find_spec(config.dataset)
    if config.max_length:
        longest = min(spec.longest, config.max_length)
        spec = replace(spec, shortest=min(spec.shortest, longest), longest=longest)
    return spec.held_out(config.validation_fraction)


def forget() -> None:
    """Release the memory of data that were described and may not be loaded."""
    from . import own_data  # imports NumPy

    own_data.forget()


def require_fit(config: RunConfig, spec: DataSpec | None = None) -> None:
    """Refuse a configuration with settings that its data rule out; wherever one is chosen.

    Args:
        config: The whole configuration.
        spec: Its data; None to describe them.

    Raises:
        DataError: The data set is unknown.
        ConfigError: A setting does not fit these data.
    """
    spec = spec or describe(config)
    if spec.kind == "images" and config.max_length:
        raise ConfigError(
            f"max_length = {config.max_length} cuts series, and {spec.title} has images.",
            Remedy("Set max_length = 0.", "set", settings={"max_length": 0}),
        )
    if spec.kind != "images" and config.augment != "none":
        raise ConfigError(
            f"augment = {config.augment} changes images, and {spec.title} has none.",
            Remedy("Set augment = none.", "set", settings={"augment": "none"}),
        )
    if spec.has_lengths and READOUTS[config.readout].reads_every_step:
        raise ConfigError(
            f"readout = {config.readout} needs sequences of equal length, and those of "
            f"{spec.title} have {spec.shortest:,} to {spec.longest:,} {spec.steps}.",
            Remedy("Set readout = max, or mean.", "set", settings={"readout": "max"}),
        )


def load(
    config: RunConfig,
    data_dir: Path,
    on_progress: "OnProgress" = lambda *_: None,
    warn: Callable[[str], None] = lambda _: None,
    should_stop: ShouldStop = lambda: False,
) -> "Dataset":
    """Load the data of a run on the CPU, with what is held out for validation.

    Missing files of a data set by name are downloaded; all files are verified.

    Args:
        config: The configuration; its dataset, and the settings that say what is made of it.
        data_dir: Folder in torchvision's layout (`MNIST/raw/…`), which may be read-only, or its
            `MNIST` or `raw` folder.
        on_progress: Called with the progress of a download.
        warn: Called with a message for each damaged file, which is not used, and for what may be
            wrong with the data.
        should_stop: Called often; returns whether to stop.

    Raises:
        DataError: The data are not available; the advice lists the alternatives.
        InstallationError: Files are missing, and torchvision cannot be imported.
        RunStopped: The run was asked to stop.
    """
    if config.is_own_data:
        from . import own_data  # imports NumPy; the next imports torch, too

        return own_data.load(config, warn)
    spec = _find_spec(config.dataset)
    if spec.name == "japanese-vowels":
        from .assemble import assemble
        from .japanese_vowels import load_recordings
        from .tensors import as_dataset

        return as_dataset(assemble(load_recordings(), spec.title, spec.origin, config))
    if spec.name == "digits":
        from .digits import load_digits

        data = load_digits(spec)
    else:
        from .mnist import TorchvisionFolder

        data = TorchvisionFolder(spec, data_dir).load(on_progress, warn, should_stop)
    return data.hold_out(config.validation_fraction, config.seed)


def read_present(config: RunConfig, data_dir: Path) -> "Assembled":
    """Read the data of a run as arrays, to look at them: nothing is downloaded.

    Raises:
        DataError: They are not there, or cannot be read.
        ConfigError: A setting names no column of a table, or has to be set.
    """
    from .assemble import assemble, assemble_images  # imports NumPy

    if config.is_own_data:
        from . import own_data

        return own_data.assembled_from(config)
    spec = _find_spec(config.dataset)
    if spec.name == "japanese-vowels":
        from .japanese_vowels import load_recordings

        return assemble(load_recordings(), spec.title, spec.origin, config)
    if spec.name == "digits":
        from .digits import read_digits

        return assemble_images(spec, *read_digits(spec), config)
    from .mnist import TorchvisionFolder

    return assemble_images(spec, *TorchvisionFolder(spec, data_dir).read_present(), config)


def inspect_folder(name: str, data_dir: Path) -> tuple[bool, list[str]]:
    """Check a data set in a folder.

    Returns:
        Whether it is complete, and a message for each damaged file.

    Raises:
        DataError: A file exists but cannot be read.
        InstallationError: torchvision cannot be imported.
    """
    from .mnist import TorchvisionFolder, import_torchvision_datasets

    folder = TorchvisionFolder(_find_spec(name), data_dir)
    arrays, damaged = folder.read()
    is_complete = len(arrays) == len(folder.files)
    if not is_complete:
        import_torchvision_datasets()  # which a download needs, and which takes seconds
    return is_complete, [error.message for error in damaged]


def _find_spec(name: str) -> DataSpec:
    if name not in CATALOG:
        raise DataError(
            f"There is no data set named {name} in this version.{did_you_mean(name, CATALOG)}",
            f"Data sets: {', '.join(CATALOG)}; or the path of your own data.",
            title="The data set is unknown",
        )
    return CATALOG[name]

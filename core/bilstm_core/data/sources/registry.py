"""Every data set by name: described without torch, loaded as tensors."""

from collections.abc import Callable
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
    from .download import OnProgress

BUILT_IN = frozenset({"digits", "japanese-vowels"})
"""Data sets that need neither a download nor a folder."""


def describe(config: RunConfig) -> DataSpec:
    """Describe the data of a run with this configuration, without reading them.

    Raises:
        DataError: The data set is unknown.
    """
    return _find_spec(config.dataset).held_out(config.validation_fraction)


def require_fit(config: RunConfig) -> None:
    """Refuse a configuration with settings that its data rule out; wherever one is chosen.

    Raises:
        DataError: The data set is unknown.
        ConfigError: A setting does not fit these data.
    """
    spec = describe(config)
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
    name: str,
    data_dir: Path,
    on_progress: "OnProgress" = lambda *_: None,
    warn: Callable[[str], None] = lambda _: None,
    should_stop: ShouldStop = lambda: False,
) -> "Dataset":
    """Load a data set on the CPU, after downloading missing files; all files are verified.

    Args:
        name: As in `RunConfig.dataset`.
        data_dir: Folder in torchvision's layout (`MNIST/raw/…`), which may be read-only, or its
            `MNIST` or `raw` folder.
        on_progress: Called with the progress of a download.
        warn: Called with a message for each damaged file, which is not used.
        should_stop: Called often; returns whether to stop.

    Raises:
        DataError: The data are not available; the advice lists the alternatives.
        InstallationError: torchvision cannot be imported.
        RunStopped: The run was asked to stop.
    """
    spec = _find_spec(name)
    if name == "digits":
        from .digits import load_digits  # imports torch, like the next imports

        return load_digits(spec)
    if name == "japanese-vowels":
        from .assemble import assemble
        from .japanese_vowels import load_recordings

        return assemble(load_recordings(), spec.name, spec.title, spec.origin)[0]
    from .mnist import TorchvisionFolder

    return TorchvisionFolder(spec, data_dir).load(on_progress, warn, should_stop)


def inspect_folder(name: str, data_dir: Path) -> tuple[bool, list[str]]:
    """Check a data set in a folder.

    Returns:
        Whether it is complete, and a message for each damaged file.

    Raises:
        DataError: A file exists but cannot be read.
        InstallationError: torchvision cannot be imported.
    """
    from .mnist import TorchvisionFolder

    folder = TorchvisionFolder(_find_spec(name), data_dir)
    arrays, damaged = folder.read()
    return len(arrays) == len(folder.files), [error.message for error in damaged]


def _find_spec(name: str) -> DataSpec:
    if name not in CATALOG:
        raise DataError(
            f"There is no data set named {name} in this version.{did_you_mean(name, CATALOG)}",
            f"Data sets: {', '.join(CATALOG)}.",
            title="The data set is unknown",
        )
    return CATALOG[name]

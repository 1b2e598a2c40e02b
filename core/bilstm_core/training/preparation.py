"""What comes between a configuration and the first step, for `train` and `lr-find` alike."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from .. import paths
from ..compute.devices import resolve_precision, torch_settings
from ..compute.distributed import ALONE, Ranks
from ..config.schema import RunConfig
from ..data.dataset import Dataset
from ..data.sources import registry
from ..data.sources.download import OnProgress
from ..network.cost import with_epochs
from ..stopping import ShouldStop
from .failures import out_of_memory_in_words, require_memory
from .lane_tuning import LaneTuner, choose_layout
from .lanes import Layout


@dataclass(frozen=True)
class Preparation:
    """Everything that a `Trainer` needs; the data are for the device, validation set held out."""

    config: RunConfig
    device: torch.device
    precision: torch.dtype
    data: Dataset
    tuner: LaneTuner


@contextmanager
def prepare(
    config: RunConfig,
    data_dir: Path | None = None,
    *,
    layout: Layout | None = None,
    on_progress: OnProgress = lambda *_: None,
    warn: Callable[[str], None] = lambda _: None,
    should_stop: ShouldStop = lambda: False,
    ranks: Ranks = ALONE,
) -> Iterator[Preparation]:
    """Device, precision, memory check, data and lanes; PyTorch's switches are restored at exit.

    Inside it, memory that runs out is an `OutOfMemoryError`.

    Args:
        config: The whole configuration.
        data_dir: Folder of the data sets; None for the user's own.
        layout: Of the lanes that a resumed run had on a processor; None for a new one.
        on_progress: Takes the progress of a download.
        warn: Takes what the user should know.
        should_stop: Asked often while data are downloaded.
        ranks: The processes of the run; the first of each machine downloads the data.

    Raises:
        ConfigError: This machine, or this PyTorch, lacks the device.
        DataError: The data are not available.
        OutOfMemoryError: The device has too little memory.
        RunStopped: The run was asked to stop.
    """
    with torch_settings(config) as device, out_of_memory_in_words():
        spec = registry.describe(config)
        registry.require_fit(config, spec)
        config = with_epochs(config, spec)
        require_memory(config, spec, device)
        folder = paths.data_dir(data_dir)
        with ranks.in_turn():
            data = registry.load(config, folder, on_progress, warn, should_stop)
        data = data.normalised(config.normalize)
        tuner = choose_layout(config, data.spec, device, warn, layout, should_stop)
        precision = resolve_precision(config, device)
        try:
            yield Preparation(config, device, precision, data.to(device), tuner)
        finally:
            tuner.lanes.close()

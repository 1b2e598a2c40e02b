"""Trainers over data that is in memory."""

import torch

from bilstm_core.compute.devices import resolve_precision
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.dataset import Dataset
from bilstm_core.events import Emit
from bilstm_core.stopping import ShouldStop
from bilstm_core.training.checkpoints import Checkpoints
from bilstm_core.training.lane_tuning import LaneTuner
from bilstm_core.training.lanes import Lanes, Layout
from bilstm_core.training.preparation import Preparation
from bilstm_core.training.trainer import Trainer

CPU = torch.device("cpu")


def make_trainer(
    config: RunConfig,
    data: Dataset,
    emit: Emit = lambda _: None,
    checkpoints: Checkpoints | None = None,
    should_stop: ShouldStop = lambda: False,
    layout: Layout | None = None,
) -> Trainer:
    """A trainer on the CPU, on one lane of all threads, with weights that follow the seed."""
    torch.manual_seed(config.seed)
    precision = resolve_precision(config, CPU)
    tuner = LaneTuner(Lanes(layout or Layout(threads=torch.get_num_threads())))
    prepared = Preparation(config, CPU, precision, data, tuner)
    return Trainer(prepared, emit, should_stop, checkpoints)

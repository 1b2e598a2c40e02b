"""A run's first event: what is trained, on what, where, and from which step."""

import platform
from collections.abc import Iterator

import torch

from .. import __version__, events
from ..building_blocks.cells import CELLS
from ..compute.devices import describe, has_bfloat16, has_tf32
from ..network.cost import steps_per_epoch
from ..network.summary import summarise
from .preparation import Preparation


def run_started_event(
    prepared: Preparation, *, run: str, epoch: int, step: int, ranks: int = 1
) -> events.RunStarted:
    """The event that a run starts or resumes with; `events.RunStarted` describes the arguments."""
    config, spec, device = prepared.config, prepared.data.spec, prepared.device
    steps, layout = steps_per_epoch(config, spec), prepared.tuner.lanes.layout
    return events.RunStarted(
        run=run,
        epoch=epoch,
        step=step,
        config=config.model_dump(),
        model=summarise(config, spec),
        device=events.DeviceInfo(
            name=str(device),
            description=describe(device),
            precision=_precision_name(prepared),
            threads=layout.cores,
            lanes=layout.lanes,
            ranks=ranks,
        ),
        data=spec,
        steps_per_epoch=steps,
        total_steps=steps * config.num_epochs,
        versions={
            "bilstm-tui": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
    )


def _precision_name(prepared: Preparation) -> str:
    if prepared.config.precision == "tf32" and has_tf32(prepared.device):
        return "tf32"
    return str(prepared.precision).removeprefix("torch.")


def precision_warnings(prepared: Preparation) -> Iterator[str]:
    """What the user should know of the precision before the first step."""
    asked, device, precision = prepared.config.precision, prepared.device, prepared.precision
    if asked == "tf32" and not has_tf32(device):
        yield f"{describe(device)} has no TF32: this run computes in float32."
    if asked == "bfloat16" and precision != torch.bfloat16:
        cell = CELLS[prepared.config.cell].title
        yield f"{describe(device)} cannot run an {cell} in bfloat16: this run computes in float32."
    elif precision == torch.bfloat16 and not has_bfloat16(device):
        yield (
            f"{describe(device)} has no native bfloat16: "
            "precision = float32 is faster and more accurate here."
        )

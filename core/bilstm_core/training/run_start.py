"""A run's first event: what is trained, on what, where, and from which step."""

import platform
from collections.abc import Iterator

import torch

from .. import __version__, events
from ..compute.devices import describe, has_bfloat16, has_tf32
from ..config.schema import RunConfig
from ..data.dataset import Dataset
from ..network.summary import summarise


def run_started_event(
    config: RunConfig,
    data: Dataset,
    device: torch.device,
    precision: torch.dtype,
    *,
    run: str,
    epoch: int,
    step: int,
    steps_per_epoch: int,
) -> events.RunStarted:
    """The event that a run begins, or goes on, with; its fields say what each argument is."""
    facts = data.facts
    return events.RunStarted(
        run=run,
        epoch=epoch,
        step=step,
        config=config.model_dump(),
        model=summarise(config),
        device=events.DeviceInfo(
            name=str(device),
            description=describe(device),
            precision=_name(config, device, precision),
            threads=torch.get_num_threads(),
        ),
        data=events.DataInfo(
            dataset=config.dataset,
            train=len(data.train),
            validation=len(data.validation),
            test=len(data.test),
            sequence_length=facts.sequence_length,
            input_size=facts.input_size,
            classes=data.classes,
        ),
        steps_per_epoch=steps_per_epoch,
        total_steps=steps_per_epoch * config.num_epochs,
        versions={
            "bilstm-tui": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
    )


def _name(config: RunConfig, device: torch.device, precision: torch.dtype) -> str:
    if config.precision == "tf32" and has_tf32(device):
        return "tf32"
    return str(precision).removeprefix("torch.")


def warnings(
    config: RunConfig, device: torch.device, precision: torch.dtype
) -> Iterator[events.RunWarning]:
    """What a user should know before the first step."""
    if config.precision == "tf32" and not has_tf32(device):
        yield events.RunWarning(
            message=f"{describe(device)} has no TF32: this run computes in float32."
        )
    if precision == torch.bfloat16 and not has_bfloat16(device):
        yield events.RunWarning(
            message=f"{describe(device)} does not compute in bfloat16 itself: "
            "precision = float32 is faster and more accurate here."
        )

"""Small things to try the program on, for tests and benchmarks alike."""

from typing import Any

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.network.cost import steps_per_epoch
from bilstm_core.network.summary import summarise


def small_config(**settings: Any) -> RunConfig:
    """A configuration that trains on digits within a second."""
    small = {"dataset": "digits", "hidden_size": 16, "num_epochs": 2, "device": "cpu"}
    return resolve({**small, "precision": "float32", **settings})


def run_started(config: RunConfig) -> events.RunStarted:
    """A run's first event, as a worker tells it."""
    spec = describe(config)
    steps = steps_per_epoch(config, spec)
    return events.RunStarted(
        config=config.model_dump(),
        model=summarise(config, spec),
        device=events.DeviceInfo(
            name="cpu", description="Processor", precision="float32", threads=2
        ),
        data=spec,
        steps_per_epoch=steps,
        total_steps=steps * config.num_epochs,
        versions={},
    )

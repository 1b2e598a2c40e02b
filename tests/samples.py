"""Small things to try the program on, for tests and benchmarks alike."""

import math
from typing import Any

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.catalog import CATALOG
from bilstm_core.network.summary import summarise


def small_config(**settings: Any) -> RunConfig:
    """A configuration that trains on digits within a second."""
    small = {"dataset": "digits", "hidden_size": 16, "num_epochs": 2, "device": "cpu"}
    return resolve({**small, "precision": "float32", **settings})


def run_started(config: RunConfig) -> events.RunStarted:
    """A run's first event, as a worker tells it."""
    facts = CATALOG[config.dataset]
    steps = math.ceil(facts.train_size / config.batch_size)
    return events.RunStarted(
        config=config.model_dump(),
        model=summarise(config),
        device=events.DeviceInfo(
            name="cpu", description="Processor", precision="float32", threads=2
        ),
        data=events.DataInfo(
            dataset=config.dataset,
            train=facts.train_size,
            validation=0,
            test=facts.test_size,
            sequence_length=facts.sequence_length,
            input_size=facts.input_size,
            classes=(),
        ),
        steps_per_epoch=steps,
        total_steps=steps * config.num_epochs,
        versions={},
    )

"""Small things to try the program on, for tests and benchmarks alike."""

from typing import Any

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.data.spec import DataSpec, Normalisation
from bilstm_core.network.cost import steps_per_epoch
from bilstm_core.network.summary import summarise


def small_config(**settings: Any) -> RunConfig:
    """A configuration that trains on digits within a second."""
    small = {"dataset": "digits", "hidden_size": 16, "num_epochs": 2, "device": "cpu"}
    return resolve({**small, "precision": "float32", **settings})


EVERYTHING: dict[str, Any] = {
    "validation_fraction": 0.2,
    "augment": "affine",
    "num_layers": 2,
    "dropout": 0.3,
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
    "ema_decay": 0.9,
}
"""Settings that switch on whatever can be switched on."""


MOONS = DataSpec(
    name="moons",
    title="two moons",
    kind="series",
    num_features=2,
    feature_names=("x", "y"),
    shortest=9,
    longest=9,
    classes=("inner", "outer"),
    train_size=90,
    test_size=30,
    class_sizes={"train": (45, 45), "validation": (0, 0), "test": (15, 15)},
    normalisation=Normalisation(divisor=2),
    origin="made up",
    fingerprint="0123abcd",
)
"""Data of another version of the program; this one does not know them."""


def moons_config(**settings: Any) -> RunConfig:
    """A configuration of that version."""
    return RunConfig(**{**small_config().model_dump(), "dataset": "moons", **settings})


def run_started(config: RunConfig, spec: DataSpec | None = None) -> events.RunStarted:
    """A run's first event, as a worker reports it."""
    spec = spec or describe(config)
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

"""What training a network costs: arithmetic, steps and memory, without torch."""

import math

from ..config.schema import RunConfig
from ..data.spec import DataSpec
from .summary import summarise

_BYTES_PER_PARAMETER = 16
"""To train it: a weight, its gradient and Adam's two averages, in float32."""
_BYTES_PER_GRADIENT = 4
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 1000, 5, 300
_BYTES_PER_STATE = 4 * 8
"""Kept for the backward pass: four gates, and the states before and after them."""


def operations_per_step(config: RunConfig, spec: DataSpec) -> float:
    """Floating-point operations of one training step.

    Every weight of a recurrent layer takes part in one multiplication and one addition at each
    time step of each sequence; the backward pass costs twice the forward pass.
    """
    model = summarise(config, spec)
    recurrent = sum(layer.parameters for layer in model.layers if layer.name.startswith("layer"))
    classifier = model.layers[-1].parameters
    return 3 * 2 * config.batch_size * (spec.longest * recurrent + classifier)


def steps_per_epoch(config: RunConfig, spec: DataSpec) -> int:
    """Optimiser steps in an epoch."""
    return math.ceil(spec.train_size / config.batch_size)


def with_epochs(config: RunConfig, spec: DataSpec) -> RunConfig:
    """The configuration with a number of epochs: where it is 0, as many as the data need."""
    if config.num_epochs:
        return config
    epochs = min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, round(_STEPS / steps_per_epoch(config, spec))))
    return config.model_copy(update={"num_epochs": epochs})


def training_bytes(config: RunConfig, spec: DataSpec) -> int:
    """Memory that training takes, in bytes, besides PyTorch's own."""
    states = config.batch_size * spec.longest * config.num_layers * _directions(config)
    return parameter_bytes(config, spec) + _BYTES_PER_STATE * states * config.hidden_size


def parameter_bytes(config: RunConfig, spec: DataSpec) -> int:
    """The part of `training_bytes` that does not depend on the batch.

    Each part of a batch that is trained in a lane of its own has gradients of its own. Where the
    number of lanes is not set, only networks whose gradients are small are trained in several.
    """
    more_gradients = max(0, config.lanes // _directions(config) - 1)
    bytes_each = _BYTES_PER_PARAMETER + _BYTES_PER_GRADIENT * more_gradients
    return bytes_each * summarise(config, spec).parameters


def _directions(config: RunConfig) -> int:
    return 2 if config.bidirectional else 1

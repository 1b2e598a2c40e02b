"""What a network costs: arithmetic, steps and memory, without torch."""

import math

from ..config.schema import RunConfig
from ..data.catalog import CATALOG
from .summary import summarise

BYTES_A_PARAMETER = 16
"""To train it: a weight, its gradient and Adam's two averages, in float32."""


def operations_per_step(config: RunConfig) -> float:
    """Floating-point operations of one training step.

    Every weight of a recurrent layer takes part in one multiplication and one addition at each
    time step and image; the way back costs twice the way there.
    """
    facts, model = CATALOG[config.dataset], summarise(config)
    recurrent = sum(layer.parameters for layer in model.layers if layer.name.startswith("layer"))
    classifier = model.layers[-1].parameters
    return 3 * 2 * config.batch_size * (facts.sequence_length * recurrent + classifier)


def steps_per_epoch(config: RunConfig) -> int:
    """Optimiser steps in an epoch."""
    facts = CATALOG[config.dataset]
    return math.ceil(
        (facts.train_size - facts.held_out(config.validation_fraction)) / config.batch_size
    )

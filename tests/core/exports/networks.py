"""Networks with random weights, of every kind, as if they had been trained."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import torch

from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.spec import DataSpec, Normalisation
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel

HOSTILE = ('"quoted"', "'\\'", "\x1b[2J\u202e\n", "=1+1", "🙂", '"""')
"""Names of classes that would do harm where they were copied as they are."""

SERIES = DataSpec(
    name="./series.csv",
    title="series",
    kind="series",
    num_features=3,
    feature_names=("x", "y", "z"),
    shortest=6,
    longest=6,
    classes=HOSTILE,
    train_size=90,
    test_size=30,
    normalisation=Normalisation(2.0, means=(0.5, -1.0, 3.0), deviations=(1.5, 0.25, 2.0)),
)
UNEQUAL = replace(SERIES, shortest=2, longest=9)


def made(spec: DataSpec = SERIES, **settings: Any) -> TrainedModel:
    """A network for some data; the weights are larger than at the start of training."""
    small = {"dataset": spec.name, "hidden_size": 4, "precision": "float32", "device": "cpu"}
    config = RunConfig(**{**small, **settings})
    torch.manual_seed(0)
    network = SequenceClassifier.from_config(config, spec)
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(2)
    return TrainedModel(network, config, spec)


def kinds() -> Iterator[dict[str, Any]]:
    """Every cell, number of directions, merge, readout and depth."""
    for cell, readout, num_layers in product(CELLS, READOUTS, (1, 2)):
        common = {"cell": cell, "readout": readout, "num_layers": num_layers}
        yield {**common, "bidirectional": False}
        for merge in MERGES:
            yield {**common, "bidirectional": True, "merge": merge}

"""The network on paper: layers, shapes and parameter counts, without torch.

`classifier.SequenceClassifier` builds what is described here; a test compares the two.
"""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import MaxLen

from ..building_blocks.cells import CELLS
from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..cleaning import Name
from ..config.schema import RunConfig
from ..data.spec import Count, DataSpec


@dataclass(frozen=True)
class LayerSummary:
    """One stage of the network, such as 'layer 1'; shapes are without the batch dimension."""

    name: Name
    output_shape: Annotated[tuple[Count, ...], MaxLen(8)]
    parameters: Count


@dataclass(frozen=True)
class ModelSummary:
    """The whole network, such as 'BiLSTM 2×256', from input to classes."""

    title: Name
    layers: Annotated[tuple[LayerSummary, ...], MaxLen(1000)]
    parameters: Count


def summarise(config: RunConfig, spec: DataSpec) -> ModelSummary:
    """The layers of the network that a configuration describes for some data.

    A recurrent layer has, for each direction and gate, an input matrix, a recurrent matrix and
    two biases, as `nn.LSTM` does.
    """
    steps, features = spec.longest, spec.num_features
    hidden, gates = config.hidden_size, CELLS[config.cell].gates
    directions = 2 if config.bidirectional else 1
    layers = [LayerSummary("input", (steps, features), 0)]
    for number in range(1, config.num_layers + 1):
        count = directions * gates * hidden * (features + hidden + 2)
        features = directions * hidden
        layers.append(LayerSummary(f"layer {number}", (steps, features), count))
    if config.bidirectional:
        features = hidden * MERGES[config.merge].width
        layers.append(LayerSummary(f"merge: {config.merge}", (steps, features), 0))
    if READOUTS[config.readout].reads_every_step:
        features *= steps
    layers.append(LayerSummary(f"readout: {config.readout}", (features,), 0))
    count = (features + 1) * spec.num_classes
    layers.append(LayerSummary("classifier", (spec.num_classes,), count))
    return ModelSummary(title(config), tuple(layers), sum(layer.parameters for layer in layers))


def title(config: RunConfig) -> str:
    """The network in short: cell, directions, layers × hidden units."""
    prefix = "Bi" if config.bidirectional else ""
    return f"{prefix}{CELLS[config.cell].title} {config.num_layers}×{config.hidden_size}"

"""The network on paper: layers, shapes and parameter counts, without torch.

`model.SequenceClassifier` builds what is drawn here; a test holds the two together.
"""

from dataclasses import dataclass

from ..config.schema import Cell, RunConfig
from ..data.catalog import CATALOG

_GATES: dict[Cell, int] = {"lstm": 4, "gru": 3, "rnn": 1}

READOUT_TITLES = {
    "all": "all hidden states",
    "last": "the last hidden state",
    "final": "each direction's final hidden state",
    "mean": "the mean of the hidden states over time",
    "max": "the maximum of the hidden states over time",
}
"""What follows 'Using …' at the start of a run, as the notebook says it."""


@dataclass(frozen=True)
class LayerSummary:
    """One stage of the network.

    Attributes:
        name: What it is, such as 'layer 1'.
        output_shape: Its output for one image, without the batch dimension.
        parameters: Numbers that it learns.
    """

    name: str
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class ModelSummary:
    """The whole network.

    Attributes:
        title: In short, such as 'BiLSTM 2×256'.
        layers: From input to classes.
        parameters: Numbers that it learns, all together.
    """

    title: str
    layers: tuple[LayerSummary, ...]
    parameters: int


def summarise(config: RunConfig) -> ModelSummary:
    """The network that a configuration describes.

    A recurrent layer with g gates, input size i and hidden size h has g·h·(i + h + 2)
    parameters per direction: two weight matrices and PyTorch's two bias vectors.
    """
    facts = CATALOG[config.dataset]
    steps, features = facts.sequence_length, facts.input_size
    hidden = config.hidden_size
    directions = 2 if config.bidirectional else 1
    layers = [LayerSummary("input", (steps, features), 0)]
    for number in range(1, config.num_layers + 1):
        count = directions * _GATES[config.cell] * hidden * (features + hidden + 2)
        features = directions * hidden
        layers.append(LayerSummary(f"layer {number}", (steps, features), count))
    if config.bidirectional:
        features = hidden * (2 if config.merge == "concat" else 1)
        layers.append(LayerSummary(f"merge: {config.merge}", (steps, features), 0))
    if config.readout == "all":
        features *= steps
    layers.append(LayerSummary(f"readout: {config.readout}", (features,), 0))
    count = (features + 1) * facts.num_classes
    layers.append(LayerSummary("classifier", (facts.num_classes,), count))
    return ModelSummary(title(config), tuple(layers), sum(layer.parameters for layer in layers))


def title(config: RunConfig) -> str:
    """The network in short: cell, directions, layers × hidden units."""
    prefix = "Bi" if config.bidirectional else ""
    return f"{prefix}{config.cell.upper()} {config.num_layers}×{config.hidden_size}"

"""Which network a file of weights is of, from the names and shapes of its tensors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ..building_blocks.cells import CELLS
from ..cleaning import one_line
from ..errors import WeightsError

_RECURRENT = re.compile(
    r"(?P<module>.*?)(?P<part>(?:weight|bias)_(?:ih|hh|hr))_l(?P<layer>\d{1,3})(?P<reverse>_reverse)?",
    re.DOTALL,
)
_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_MOST_NAMED = 5


@dataclass(frozen=True)
class Architecture:
    """What names and shapes say.

    Attributes:
        classifier_size: Numbers that the classifier reads: it depends on readout and merge.
        weights: The tensors, by the names that they have in `SequenceClassifier`.
    """

    cell: str
    bidirectional: bool
    num_layers: int
    hidden_size: int
    num_features: int
    classifier_size: int
    num_classes: int
    weights: dict[str, Tensor] = field(repr=False)

    def settings(self) -> dict[str, str | bool]:
        """Those settings of a run that are known by it."""
        return {
            "cell": self.cell,
            "bidirectional": self.bidirectional,
            "num_layers": str(self.num_layers),
            "hidden_size": str(self.hidden_size),
        }

    def reading(self, mean: float, deviation: float) -> "Architecture":
        """The same network, for inputs that were scaled to (input - mean) / deviation before it.

        The scaling becomes a part of the weights and biases of the first layer.
        """
        weights = dict(self.weights)
        for direction in ("", "_reverse")[: 1 + self.bidirectional]:
            of_input, bias = (f"layers.0.{it}_ih_l0{direction}" for it in ("weight", "bias"))
            scaled = weights[of_input].double() / deviation
            shifted = weights[bias].double() - scaled.sum(dim=1) * mean
            weights[of_input], weights[bias] = scaled.float(), shifted.float()
        return replace(self, weights=weights)

    @property
    def stacked_size(self) -> int:
        """Units of a layer, of both directions together."""
        return self.hidden_size * (2 if self.bidirectional else 1)


_Layer = dict[tuple[str, bool], Tensor]
"""A layer's tensors, by their part and whether they are of the backward direction."""


def read_architecture(tensors: Mapping[str, Tensor]) -> Architecture:
    """The network of some named tensors.

    The names are those of `nn.LSTM`, `nn.GRU` or `nn.RNN` and of one `nn.Linear`, below whatever
    names their modules have; several recurrent modules are stacked in the order of their names.

    Raises:
        WeightsError: They are of no network that this program has.
    """
    layers, others = _recurrent_layers(tensors)
    if not layers:
        raise WeightsError(
            "There are no weights of an nn.LSTM, nn.GRU or nn.RNN among the tensors: "
            f"{_listed(tensors)}.",
            "They have names such as lstm.weight_ih_l0.",
        )
    cell, hidden_size, is_bidirectional = _kind_of(layers[0])
    stacked_size = hidden_size * (2 if is_bidirectional else 1)
    weights: dict[str, Tensor] = {}
    num_features = layers[0]["weight_ih", False].shape[-1]
    for number, layer in enumerate(layers):
        if _kind_of(layer) != (cell, hidden_size, is_bidirectional):
            raise WeightsError(
                f"Layer {number + 1} has another cell, size or number of directions than layer 1; "
                "in this program all layers are alike."
            )
        num_inputs = stacked_size if number else num_features
        weights |= _layer_weights(layer, number, num_inputs, cell, hidden_size)
    weight, bias = _classifier(others)
    return Architecture(
        cell=cell,
        bidirectional=is_bidirectional,
        num_layers=len(layers),
        hidden_size=hidden_size,
        num_features=num_features,
        classifier_size=weight.shape[1],
        num_classes=weight.shape[0],
        weights={**weights, "classifier.weight": weight, "classifier.bias": bias},
    )


def _recurrent_layers(tensors: Mapping[str, Tensor]) -> tuple[list[_Layer], dict[str, Tensor]]:
    """The recurrent layers, lowest first, and all other tensors."""
    found: dict[tuple[str, int], _Layer] = {}
    others: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        match = _RECURRENT.fullmatch(name)
        if not match:
            others[name] = tensor
        elif match["part"] == "weight_hr":
            raise WeightsError("Its layers have projections (proj_size), which are not supported.")
        else:
            layer = found.setdefault((match["module"], int(match["layer"])), {})
            layer[match["part"], bool(match["reverse"])] = tensor
    order = sorted(found, key=lambda key: (_natural(key[0]), key[1]))
    return [found[key] for key in order], others


def _natural(name: str) -> list[tuple[int, str]]:
    """What a name is sorted by, so that lstm10 comes after lstm2."""
    return [
        (int(piece[:9]) if piece.isdecimal() else -1, piece) for piece in re.split(r"(\d+)", name)
    ]


def _kind_of(layer: _Layer) -> tuple[str, int, bool]:
    """A layer's cell, hidden size, and whether it has two directions."""
    of_state = layer.get(("weight_hh", False))
    of_input = layer.get(("weight_ih", False))
    if of_state is None or of_input is None or of_state.ndim != 2 or of_input.ndim != 2:
        raise WeightsError("A recurrent layer lacks its weight_ih or weight_hh, or has other ones.")
    rows, hidden_size = of_state.shape
    for name, cell in CELLS.items():
        if hidden_size and rows == cell.gates * hidden_size:
            return name, hidden_size, any(is_backward for _, is_backward in layer)
    raise WeightsError(
        f"weight_hh has the shape {rows} × {hidden_size}, which is that of no LSTM, GRU or RNN."
    )


def _layer_weights(
    layer: _Layer, number: int, num_inputs: int, cell: str, hidden_size: int
) -> dict[str, Tensor]:
    """A layer's tensors by the names that they have here; biases that are missing are zero."""
    rows = CELLS[cell].gates * hidden_size
    shapes = dict(
        zip(_PARTS, ((rows, num_inputs), (rows, hidden_size), (rows,), (rows,)), strict=True)
    )
    weights = {}
    for is_backward in sorted({is_backward for _, is_backward in layer}):
        for part, shape in shapes.items():
            tensor = layer.get((part, is_backward))
            if tensor is None and part.startswith("bias"):
                tensor = torch.zeros(shape)
            if tensor is None or tensor.shape != shape:
                has = "is missing" if tensor is None else f"has the shape {(*tensor.shape,)}"
                raise WeightsError(f"{part} of layer {number + 1} {has}; it should have {shape}.")
            weights[f"layers.{number}.{part}_l0{'_reverse' * is_backward}"] = tensor
    return weights


def _classifier(others: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one linear layer that there is besides the recurrent ones."""
    names = [name for name, it in others.items() if name.endswith("weight") and it.ndim == 2]
    if len(names) == 1:
        weight = others[names[0]]
        bias_name = f"{names[0].removesuffix('weight')}bias"
        bias = others.get(bias_name, torch.zeros(len(weight)))
        if not others.keys() - {names[0], bias_name} and bias.shape == weight.shape[:1]:
            return weight, bias
    raise WeightsError(
        "Besides its recurrent layers a network has one nn.Linear here, which reads their states; "
        + (f"the file has {_listed(others)}." if others else "the file has none."),
        "Other layers, such as embeddings, convolutions or a second nn.Linear, are not supported.",
    )


def _listed(tensors: Mapping[str, Tensor]) -> str:
    names = [one_line(name) for name in tensors][:_MOST_NAMED]
    more = len(tensors) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "") if names else "none"

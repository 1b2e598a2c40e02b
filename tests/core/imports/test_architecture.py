"""Cell, layers, directions and sizes, from the names and shapes of tensors."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bilstm_core.errors import WeightsError
from bilstm_core.imports.architecture import read_architecture
from bilstm_core.network.classifier import SequenceClassifier

CELLS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def tensors_of(modules: dict[str, nn.Module]) -> dict[str, Tensor]:
    """The state_dict of modules below these names, in any depth."""
    return {
        f"{prefix}.{name}" if prefix else name: tensor
        for prefix, module in modules.items()
        for name, tensor in module.state_dict().items()
    }


NAMES = [
    ("lstm", "fc"),
    ("rnn", "classifier"),
    ("module.encoder.gru", "module.head.0"),
    ("_orig_mod.l", "_orig_mod.out"),
    ("", "linear"),
]


@pytest.mark.parametrize(
    ("cell", "num_layers", "bidirectional"), [*product(CELLS, (1, 3), (False, True))]
)
def test_a_network_is_read_whatever_its_modules_are_called(
    cell: str, num_layers: int, bidirectional: bool
) -> None:
    torch.manual_seed(0)
    recurrent = CELLS[cell](5, 4, num_layers, batch_first=True, bidirectional=bidirectional)
    linear = nn.Linear(8 if bidirectional else 4, 3)
    inputs = torch.randn(2, 6, 5)
    with torch.no_grad():
        expected = linear(recurrent(inputs)[0][:, -1])
    for prefix, head in NAMES:
        found = read_architecture(tensors_of({prefix: recurrent, head: linear}))
        assert (found.cell, found.num_layers, found.bidirectional) == (
            *(cell, num_layers, bidirectional),
        )
        sizes = (found.num_features, found.hidden_size, found.classifier_size, found.num_classes)
        assert sizes == (5, 4, linear.in_features, 3)
        network = SequenceClassifier(
            num_features=5,
            num_steps=6,
            num_classes=3,
            cell=cell,
            bidirectional=bidirectional,
            num_layers=num_layers,
            hidden_size=4,
            readout="last",
        ).eval()
        network.load_state_dict(found.weights)
        with torch.no_grad():
            assert torch.allclose(network(inputs), expected, atol=1e-6)


def test_modules_are_stacked_in_the_order_of_their_numbers() -> None:
    layers = {f"lstm{number}": nn.LSTM(7 if number == 1 else 4, 4) for number in (1, 2, 10)}
    shuffled = {name: layers[name] for name in ("lstm10", "lstm2", "lstm1")}
    found = read_architecture(tensors_of({**shuffled, "fc": nn.Linear(4, 2)}))
    assert (found.num_layers, found.num_features) == (3, 7)
    for number, layer in enumerate(layers.values()):
        weights = found.weights[f"layers.{number}.weight_hh_l0"]
        assert torch.equal(weights, layer.state_dict()["weight_hh_l0"])


def test_biases_that_are_missing_are_zero() -> None:
    tensors = tensors_of({"a": nn.GRU(3, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
    found = read_architecture(tensors)
    assert not found.weights["layers.0.bias_ih_l0"].any()
    assert found.weights["layers.0.bias_ih_l0"].shape == (6,)
    assert found.weights["classifier.bias"].shape == (2,)


def changed(**changes: Tensor | None) -> dict[str, Tensor]:
    tensors = tensors_of({"lstm": nn.LSTM(3, 2, 2), "fc": nn.Linear(2, 2)})
    tensors |= {name: it for name, it in changes.items() if it is not None}
    return {name: it for name, it in tensors.items() if changes.get(name, it) is not None}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "no weights of an nn.LSTM"),
        (tensors_of({"fc": nn.Linear(2, 2)}), "no weights of an nn.LSTM.*fc.weight"),
        (tensors_of({"lstm": nn.LSTM(3, 2)}), "the file has none"),
        (tensors_of({"lstm": nn.LSTM(3, 4, proj_size=2)}), "projections"),
        (changed(**{"norm.weight": torch.ones(2)}), "one nn.Linear.*norm.weight"),
        (changed(**{"fc2.weight": torch.ones(2, 2)}), "one nn.Linear.*fc2.weight"),
        (changed(**{"fc.bias": torch.ones(3)}), "one nn.Linear"),
        (changed(**{"lstm.weight_hh_l0": None}), "lacks its weight_ih or weight_hh"),
        (changed(**{"lstm.weight_hh_l0": torch.ones(7, 2)}), "no LSTM, GRU or RNN"),
        (changed(**{"lstm.weight_hh_l0": torch.ones(0, 0)}), "no LSTM, GRU or RNN"),
        (changed(**{"lstm.weight_hh_l0": torch.ones(8)}), "lacks its weight_ih or weight_hh"),
        (changed(**{"lstm.weight_hh_l1": torch.ones(6, 2)}), "Layer 2 has another cell"),
        (changed(**{"lstm.weight_ih_l1": torch.ones(8, 3)}), r"weight_ih of layer 2 .*\(8, 2\)"),
        (changed(**{"lstm.bias_hh_l1": torch.ones(9)}), "bias_hh of layer 2"),
        (
            changed(**{"lstm.weight_ih_l0_reverse": torch.ones(8, 3)}),
            "weight_hh of layer 1 is missing",
        ),
        (changed(**{"\x1b[2Jx.weight": torch.ones(2, 2)}), r"\\x1b\[2Jx.weight"),
    ],
)
def test_what_is_no_network_of_ours_is_refused_in_words(
    tensors: dict[str, Tensor], message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        read_architecture(tensors)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_scaling_of_images_becomes_a_part_of_the_first_layer(bidirectional: bool) -> None:
    torch.manual_seed(0)
    recurrent = nn.GRU(5, 4, 2, batch_first=True, bidirectional=bidirectional)
    tensors = tensors_of({"gru": recurrent, "fc": nn.Linear(8 if bidirectional else 4, 3)})
    kind: dict[str, Any] = {"cell": "gru", "num_layers": 2, "hidden_size": 4, "readout": "last"}
    networks = []
    found = read_architecture(tensors)
    for architecture in (found, found.reading(0.1307, 0.3081)):
        network = SequenceClassifier(
            num_features=5, num_steps=6, num_classes=3, bidirectional=bidirectional, **kind
        )
        network.load_state_dict(architecture.weights)
        networks.append(network.eval())
    images = torch.rand(2, 6, 5)
    with torch.no_grad():
        expected = networks[0]((images - 0.1307) / 0.3081)
        assert torch.allclose(networks[1](images), expected, atol=1e-5)
        assert not torch.allclose(networks[1](images), networks[0](images), atol=1e-2)

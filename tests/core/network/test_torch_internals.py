"""Calls below `nn.LSTM` compute what `nn.LSTM` does."""

from typing import Any

import pytest
import torch

from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.torch_internals import stacked_states


@pytest.mark.parametrize("cell", CELLS)
def test_layers_in_one_call_are_layers_one_after_the_other(cell: Any) -> None:
    sizes: dict[str, Any] = {"num_features": 5, "num_steps": 7, "num_classes": 3, "num_layers": 3}
    model = SequenceClassifier(cell=cell, bidirectional=False, **sizes)
    inputs = torch.rand(4, 7, 5)
    states = inputs
    for layer in model.layers:
        states, _ = layer(states)
    layers = list(model.recurrent_layers)
    torch.testing.assert_close(stacked_states(layers, inputs), states)

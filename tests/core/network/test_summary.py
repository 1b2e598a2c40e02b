"""The summary, computed without PyTorch, is that of the model."""

from typing import Any, get_args

import pytest
import torch

from bilstm_core.config.schema import Cell, Merge, Readout, RunConfig
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.summary import summarise

CELLS, READOUTS = get_args(Cell), get_args(Readout)


@pytest.mark.parametrize("dataset", ["mnist", "digits"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize("cell", CELLS)
def test_the_summary_on_paper_is_the_model_s(
    cell: Cell, merge: Merge, readout: Readout, bidirectional: bool, dataset: Any
) -> None:
    if not bidirectional:
        merge = "concat"
    config = RunConfig(
        dataset=dataset,
        cell=cell,
        merge=merge,
        readout=readout,
        bidirectional=bidirectional,
        num_layers=2,
        hidden_size=8,
    )
    summary, model = summarise(config), SequenceClassifier.from_config(config)
    assert summary.parameters == sum(weight.numel() for weight in model.parameters())
    by_layer = [layer.parameters for layer in summary.layers if layer.name.startswith("layer")]
    assert by_layer == [
        sum(weight.numel() for weight in layer.parameters()) for layer in model.layers
    ]
    steps, features = summary.layers[0].output_shape
    assert model(torch.rand(2, steps, features)).shape[1:] == summary.layers[-1].output_shape
    assert summary.layers[-2].output_shape == (model.classifier.in_features,)

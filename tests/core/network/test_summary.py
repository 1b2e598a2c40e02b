"""The summary, computed without PyTorch, is that of the model."""

import pytest
import torch

from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.summary import summarise


@pytest.mark.parametrize("dataset", ["mnist", "digits"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("cell", CELLS)
def test_the_summary_on_paper_is_the_model_s(
    cell: str, merge: str, readout: str, bidirectional: bool, dataset: str
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
    spec = describe(config)
    summary, model = summarise(config, spec), SequenceClassifier.from_config(config, spec)
    assert summary.parameters == sum(weight.numel() for weight in model.parameters())
    by_layer = [layer.parameters for layer in summary.layers if layer.name.startswith("layer")]
    assert by_layer == [
        sum(weight.numel() for weight in layer.parameters()) for layer in model.layers
    ]
    steps, features = summary.layers[0].output_shape
    assert model(torch.rand(2, steps, features)).shape[1:] == summary.layers[-1].output_shape
    assert summary.layers[-2].output_shape == (model.classifier.in_features,)

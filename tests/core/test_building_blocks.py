"""Cells, merges and readouts: each is one entry, and adding one is enough."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import RESUMABLE, SETTINGS

ENTRIES: dict[str, Mapping[str, Any]] = {"cell": CELLS, "merge": MERGES, "readout": READOUTS}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_choice_is_an_entry_with_help(name: str) -> None:
    setting, entries = SETTINGS[name], ENTRIES[name]
    assert setting.choices == tuple(entries)
    assert setting.choice_help == {choice: entry.help for choice, entry in entries.items()}
    for choice, entry in entries.items():
        assert entry.help
        assert "\n" not in entry.help
        assert f"{choice} = {entry.help}" in setting.full_help
        assert getattr(RunConfig.model_validate({name: choice}), name) == choice


def test_what_may_change_on_resume_is_flagged_in_the_schema() -> None:
    flagged = {
        name
        for name, field in RunConfig.model_fields.items()
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra["resumable"]
    }
    assert flagged == RESUMABLE
    assert {name for name, setting in SETTINGS.items() if setting.is_resumable} == RESUMABLE
    expected = "num_epochs patience device cuda_graph threads lanes checkpoint_seconds"
    assert set(expected.split()) == RESUMABLE


ADDED = """
from dataclasses import replace
from bilstm_core.building_blocks import cells, merges, readouts

# before anything has read them
cells.CELLS["elman"] = replace(cells.CELLS["rnn"], title="Elman", help="HELP OF A CELL")
merges.MERGES["difference"] = replace(
    merges.MERGES["sum"], help="HELP OF A MERGE", combine=lambda there, back: there - back
)
readouts.READOUTS["first"] = replace(
    readouts.READOUTS["last"],
    title="the first hidden state",
    label="first state",
    help="HELP OF A READOUT",
    read=lambda states, *_: states[:, 0],
)
added = {"cell": "elman", "merge": "difference", "readout": "first"}

from bilstm_core.config.resolve import resolve
from bilstm_core.config.settings import SETTINGS
from bilstm_core.data.catalog import CATALOG
from bilstm_core.network.summary import summarise

settings = {**added, "dataset": "digits", "num_layers": 2, "precision": "float32"}
config, spec = resolve(settings), CATALOG["digits"]
for name, choice in added.items():
    assert getattr(config, name) == choice
    assert f"{choice} = HELP OF A {name.upper()}" in SETTINGS[name].full_help
summary = summarise(config, spec)
assert summary.title == "BiElman 2×128"

import torch
from bilstm_core.inference.examine import predict_stepwise
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel

network = SequenceClassifier.from_config(config, spec)
assert sum(weights.numel() for weights in network.parameters()) == summary.parameters
model = TrainedModel(network, config, spec)
inputs = torch.rand(8, 8)
prediction = predict_stepwise(model, inputs)
assert len(prediction.forward) == len(prediction.backward) == 8
with torch.inference_mode():
    states, _ = network.layers[1](network.layers[0](inputs[None])[0])
    forward, backward = states.split(128, dim=-1)
    scores = network.classifier((forward - backward)[:, 0])
    assert torch.allclose(network(inputs[None]), scores)
    # of the forward direction alone, the first state is there from the first step on
    alone = network.classifier(forward[0, 0]).softmax(dim=0).tolist()
assert torch.allclose(torch.tensor(prediction.forward), torch.tensor([alone] * 8))
"""


def test_adding_an_entry_is_enough() -> None:
    """In a fresh interpreter, where the entry is added before the schema is made."""
    result = subprocess.run(
        [sys.executable, "-c", ADDED], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr

"""Optimisers: their state moves between devices, and the average of the weights."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bilstm_core.data.batches import Batch
from bilstm_core.data.sources.registry import describe
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.training.optimisers import (
    load_optimizer_state,
    optimizer_state,
    state_names,
    update_averaged_model,
)
from bilstm_core.training.step import Step
from tests.samples import small_config


def test_the_average_is_pytorch_s_own() -> None:
    torch.manual_seed(0)
    model = nn.LSTM(3, 4)
    average = copy.deepcopy(model)
    expected = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for step in range(5):
        with torch.no_grad():
            for weights in model.parameters():
                weights.add_(torch.randn_like(weights))
        update_averaged_model(average, model, 0.9 if step else 0.0)
        expected.update_parameters(model)
    for ours, theirs in zip(average.parameters(), expected.module.parameters(), strict=True):
        assert ours.equal(theirs)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_an_optimiser_s_state_is_restored_and_its_options_are_its_own(optimizer: str) -> None:
    """On a GPU the learning rate is a tensor, and Adam counts its steps on the device."""
    config = small_config(optimizer=optimizer)
    model = SequenceClassifier.from_config(config, describe(config))
    step = Step(config, model, None, torch.float32)
    batch = Batch(torch.rand(4, 8, 8), None, torch.tensor([0, 1, 2, 3]))
    step(batch, 0.01, is_first=True)
    state = optimizer_state(step.optimizer)
    assert state.keys() == {
        f"{number}.{name}"
        for number, _ in enumerate(model.parameters())
        for name in state_names(config)
    }

    moved = Step(config, copy.deepcopy(model), None, torch.float32)
    load_optimizer_state(moved.optimizer, copy.deepcopy(state))
    step(batch, 0.02, is_first=False)
    moved(batch, 0.02, is_first=False)
    (group,) = moved.optimizer.param_groups
    assert group["lr"] == 0.02
    assert not group.get("capturable")
    for weights, expected in zip(moved._model.parameters(), model.parameters(), strict=True):
        assert weights.equal(expected)

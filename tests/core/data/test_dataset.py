"""Sequences in memory: what is held out for validation."""

from pathlib import Path

import pytest
import torch

from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources import registry


class TestValidation:
    @pytest.fixture
    def data(self) -> Dataset:
        return registry.load("digits", Path("unused"))

    def test_nothing_is_held_out_by_default(self, data: Dataset) -> None:
        assert data.hold_out(0, seed=0) is data

    def test_the_parts_are_the_whole(self, data: Dataset) -> None:
        held = data.hold_out(0.1, seed=0)
        assert (len(held.train), len(held.validation)) == (1293, 144)
        parts = torch.cat([held.train.values, held.validation.values]).flatten(1)
        whole = data.train.values.flatten(1)
        assert sorted(parts.tolist()) == sorted(whole.tolist())
        assert torch.equal(held.test.values, data.test.values)

    def test_the_seed_decides(self, data: Dataset) -> None:
        first, again, other = (data.hold_out(0.1, seed).validation.labels for seed in (1, 1, 2))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)

    def test_however_small_one_image_is_held_out(self, data: Dataset) -> None:
        assert len(data.hold_out(1e-6, seed=0).validation) == 1

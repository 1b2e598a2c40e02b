"""Sequences in memory: what is held out for validation."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.dataset import Dataset, Sequences
from bilstm_core.data.sources import registry
from tests.samples import small_config


class TestDescription:
    """What loading adds to it."""

    def test_the_sizes_of_the_classes_are_those_of_the_splits(self, digits: Dataset) -> None:
        spec = digits.hold_out(0.1, seed=0).spec
        assert {name: sum(sizes) for name, sizes in spec.class_sizes.items()} == {
            "train": spec.train_size,
            "validation": spec.validation_size,
            "test": spec.test_size,
        }
        assert (spec.train_size, spec.validation_size, spec.test_size) == (1293, 144, 360)
        assert spec.class_sizes["test"] == tuple(digits.test.labels.bincount().tolist())
        assert digits.spec.class_sizes["validation"] == (0,) * 10

    def test_it_is_otherwise_that_of_the_catalog(self, digits: Dataset) -> None:
        for fraction in (0.0, 0.1):
            loaded = digits.hold_out(fraction, seed=0).spec
            described = registry.describe(small_config(validation_fraction=fraction))
            assert replace(loaded, class_sizes={}, fingerprint="") == described
        assert registry.describe(small_config()) == CATALOG["digits"]

    def test_a_class_without_sequences_counts_none(self, digits: Dataset) -> None:
        only_threes = digits.test[digits.test.labels == 3]
        data = Dataset.from_splits(digits.spec, digits.train, only_threes)
        assert data.spec.class_sizes["test"] == (0, 0, 0, 37, 0, 0, 0, 0, 0, 0)

    def test_the_fingerprint_is_that_of_the_contents(self, digits: Dataset) -> None:
        train, test, fingerprint = digits.train, digits.test, digits.spec.fingerprint
        assert fingerprint == registry.load(small_config(), Path("unused")).spec.fingerprint
        assert re.fullmatch("[0-9a-f]{64}", fingerprint)
        assert digits.hold_out(0.1, seed=0).spec.fingerprint == fingerprint

        def with_splits(train: Sequences, test: Sequences) -> str:
            return Dataset.from_splits(digits.spec, train, test).spec.fingerprint

        def changed(tensor: Tensor, *position: int) -> Tensor:
            tensor = tensor.clone()
            tensor[position] += 1
            return tensor

        others = {
            with_splits(Sequences(changed(train.values, 700, 3, 4), train.labels), test),
            with_splits(Sequences(train.values, changed(train.labels, 700)), test),
            with_splits(train, Sequences(changed(test.values, -1, -1, -1), test.labels)),
            with_splits(train, Sequences(test.values, changed(test.labels, -1))),
            with_splits(train[:-1], test),
        }
        assert len(others) == 5
        assert with_splits(train, test) == fingerprint not in others


class TestValidation:
    @pytest.fixture
    def data(self) -> Dataset:
        return registry.load(small_config(), Path("unused"))

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

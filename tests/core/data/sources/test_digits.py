"""The digits of scikit-learn: always the same split."""

from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import make_batch
from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.sources import digits as digits_source
from bilstm_core.data.sources import registry
from bilstm_core.errors import InstallationError


class TestDigits:
    def test_the_split_is_fixed_and_stratified(self) -> None:
        data = registry.load(RunConfig(dataset="digits"), Path("unused"))
        spec = CATALOG["digits"]
        assert (len(data.train), len(data.test)) == (spec.train_size, spec.test_size)
        assert data.test.labels.bincount().tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]
        assert data.test.labels[:12].tolist() == [7, 6, 3, 7, 7, 3, 2, 8, 9, 3, 2, 6]
        assert make_batch(data.train, data.spec).inputs.max() == 1

    def test_they_are_scikit_learn_s_as_it_splits_them(self) -> None:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        data = registry.load(RunConfig(dataset="digits"), Path("unused"))
        digits: Any = load_digits()
        expected = train_test_split(
            digits.images, digits.target, test_size=360, stratify=digits.target, random_state=0
        )
        ours = (data.train.values, data.test.values, data.train.labels, data.test.labels)
        for got, wanted in zip(ours, expected, strict=True):
            assert (got.numpy() == wanted).all()
        assert data.spec.classes == tuple(map(str, digits.target_names))

    @pytest.mark.parametrize("spec", [None, ModuleSpec("sklearn", None)])
    def test_an_installation_without_them_is_said(
        self, spec: ModuleSpec | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(digits_source, "find_spec", lambda _: spec)
        with pytest.raises(InstallationError, match="file of digits is missing"):
            registry.load(RunConfig(dataset="digits"), Path("unused"))

"""The built-in data sets are described as those who publish them do."""

import pytest
import torchvision

from bilstm_core.config.schema import BUILT_IN
from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.sources.mnist import FILES, TORCHVISION_CLASSES
from bilstm_core.data.sources.registry import INSTALLED


@pytest.mark.parametrize(("name", "published"), TORCHVISION_CLASSES.items())
def test_classes_are_torchvision_s(name: str, published: str) -> None:
    theirs = getattr(torchvision.datasets, published)
    assert list(CATALOG[name].classes) == theirs.classes
    assert CATALOG[name].origin == f"torchvision.datasets.{theirs.__name__}"
    assert {f"{name}.gz" for name in FILES} == {name for name, _ in theirs.resources}


def test_every_data_set_that_can_be_chosen_is_described() -> None:
    assert tuple(CATALOG) == BUILT_IN
    assert {spec.name for spec in CATALOG.values()} == set(BUILT_IN)
    assert {name for name in CATALOG if name not in TORCHVISION_CLASSES} == INSTALLED

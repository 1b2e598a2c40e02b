"""What tests of the app share."""

from pathlib import Path

import pytest

from bilstm_core.processes import data_reader_client, examiner_client
from tests.tui.children_here import ChildHere
from tests.tui.own_data import write_table


@pytest.fixture
def real_children() -> None:
    """For tests in which examiner and data reader are processes, as they are for users."""


@pytest.fixture(autouse=True)
def _children_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_children" not in request.fixturenames:
        for client in (examiner_client, data_reader_client):
            monkeypatch.setattr(client, "Child", ChildHere)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table that does not say which of two columns has the labels."""
    return write_table(tmp_path / "walks.csv")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A table that says it."""
    return write_table(tmp_path / "labelled.csv", "label,place")

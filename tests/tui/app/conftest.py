"""What tests of the app share."""

import pytest

from bilstm_core.processes import data_reader_client, examiner_client
from tests.tui.children_here import ChildHere


@pytest.fixture
def real_children() -> None:
    """For tests in which examiner and data reader are processes, as they are for users."""


@pytest.fixture(autouse=True)
def _children_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_children" not in request.fixturenames:
        for client in (examiner_client, data_reader_client):
            monkeypatch.setattr(client, "Child", ChildHere)

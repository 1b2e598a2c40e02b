"""What tests of the app share."""

from pathlib import Path

import pytest

from bilstm_core.processes import data_reader_client, examiner_client
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens import sweep as sweep_screen
from tests.tui.children_here import ChildHere
from tests.tui.inspectors import ManyMistakes, SeriesInspector
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


@pytest.fixture
def series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", SeriesInspector)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    ManyMistakes.asked.clear()
    monkeypatch.setattr(inspect, "ExaminerClient", ManyMistakes)


@pytest.fixture(autouse=True)
def _quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes of a sweep are seen sooner."""
    monkeypatch.setattr(sweep_screen, "_POLL_SECONDS", 0.05)

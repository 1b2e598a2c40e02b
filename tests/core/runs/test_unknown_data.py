"""Runs on data that this version does not know: read, listed, and not resumed."""

from pathlib import Path

import pytest

from bilstm_core import events
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import DataError
from bilstm_core.network.summary import summarise
from bilstm_core.processes.session import resume_run, start_run
from bilstm_core.runs.duration import estimate_seconds, observe_step_times
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import find_run, list_runs
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.recording import Recording
from tests.samples import MOONS, moons_config, run_started


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A finished run of another version."""
    with Recording(tmp_path, 2000, MOONS) as recording:
        recording.finish()
    return recording.run


def test_its_first_event_is_read() -> None:
    started = run_started(moons_config(), MOONS)
    event = events.from_json(events.to_json(started))
    assert event == started
    assert isinstance(event, events.RunStarted)
    assert isinstance(event.data, DataSpec)
    assert (event.data.longest, event.data.num_features) == (9, 2)
    assert event.model == summarise(moons_config(), event.data)


def test_its_log_is_a_history(run: Run) -> None:
    past = History()
    for event in open_log(run.log_file)[0]:
        past.add(event)
    assert past.started
    assert past.started.data == MOONS
    assert len(past.losses) == 2000
    assert isinstance(past.ending, events.Finished)


def test_it_is_listed(run: Run) -> None:
    assert list_runs(run.path.parent) == [run]
    assert find_run(run.path.parent, "latest").config.dataset == "moons"
    overview = read_overview(run)
    assert overview.problem == ""
    assert (overview.dataset, overview.status, overview.epochs) == ("moons", "finished", 2)


def test_its_pace_is_known(run: Run) -> None:
    (timing,) = observe_step_times([run])
    estimate = estimate_seconds(moons_config(), MOONS, timing.device, [timing])
    assert estimate
    assert estimate.seconds > 0


def test_it_is_not_resumed(run: Run) -> None:
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with pytest.raises(DataError, match="no data set named moons") as caught:
        resume_run(run, {"num_epochs": 9})
    assert "mnist" in caught.value.advice
    assert caught.value.exit_code == 3
    assert not run.is_live
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_none_is_started(tmp_path: Path) -> None:
    recorder = Recorder()
    with pytest.raises(DataError):
        start_run(moons_config(), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    with pytest.raises(DataError):
        train(moons_config(), recorder)
    (failed,) = recorder.all
    assert isinstance(failed, events.Failed)
    assert failed.exit_code == 3
    assert "moons" in failed.message


def test_it_is_not_changed_by_an_attempt_to_resume_it(run: Run) -> None:
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with pytest.raises(DataError):
        resume_run(run, {})
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before

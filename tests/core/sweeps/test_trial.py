"""Trials as they are trained: finished, pruned, failed, stopped, lost and resumed."""

import time
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import (
    BilstmError,
    ConfigError,
    NonFiniteLossError,
    OutOfMemoryError,
    OutputError,
    UnreadableCheckpointError,
)
from bilstm_core.processes.session import Session, start_run
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.orders import send_order
from bilstm_core.runs.run import Run
from bilstm_core.sweeps import trial as trial_module
from bilstm_core.sweeps.leaderboard import best_config, importances, read_leaderboard
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.slots import Slot
from bilstm_core.sweeps.study import Claim, Study, create_study
from bilstm_core.sweeps.trial import TrialTrainer, TrialWatch
from tests.samples import small_config
from tests.sessions import StopAfter, history

SEARCH: dict[str, object] = {"hidden_size": "4,8,16"}


@pytest.fixture(autouse=True)
def _asks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_module, "_POLL_SECONDS", 0.0)


def sweep_of(folder: Path, trials: int = 2, **how: object) -> Study:
    settings = {"num_epochs": 2, "checkpoint_seconds": 0, **how.pop("settings", {})}  # type: ignore
    search = how.pop("search", SEARCH)
    plan = make_plan(small_config(**settings), search, **{"pruner": "none", **how})  # type: ignore
    return create_study(folder, "s", plan, trials)


def trainer(study: Study, signals: StopRequest | None = None) -> TrialTrainer:
    return TrialTrainer(study, Slot("cpu", 1), None, signals or StopRequest(), study.stops)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.mark.parametrize("objective", ["accuracy", "balanced_accuracy", "macro_f1", "loss"])
def test_a_finished_trial_has_the_value_of_the_validation_part(runs: Path, objective: str) -> None:
    study = sweep_of(runs, 1, objective=objective)
    assert trainer(study).train_next()
    assert not trainer(study).train_next()
    assert study.is_over
    (trial,) = study.trials
    run = study.run_of(trial)
    assert run
    past = history(run)
    final = past.final["validation"]
    assert trial.value == getattr(final, objective) != getattr(past.final["test"], objective)
    assert trial.intermediate_values == {
        epoch: getattr(evaluation, objective)
        for epoch, evaluation in past.epoch_evaluations.items()
    }
    assert run.config.threads == 1
    assert run.name.endswith(f"_s-000_{run.name[-3:]}")


def test_the_best_epoch_counts_where_it_is_asked_for(runs: Path) -> None:
    study = sweep_of(runs, 1, epoch="best", settings={"num_epochs": 4, "learning_rate": 0.1})
    trainer(study).train_next()
    values = study.trials[0].intermediate_values
    assert len(values) == 4
    assert study.trials[0].value == max(values.values())


def test_a_hopeless_trial_is_pruned(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.Random.shuffle", lambda *_: None)
    rates = ("0.01", "0.011", "0.012", "0.013", "0.014", "1e-6", "2e-6")
    search = {"learning_rate": ",".join(rates)}
    how = {"sampler": "grid", "pruner": "median", "search": search}
    study = sweep_of(runs, 7, settings={"num_epochs": 3, "batch_size": 256}, **how)
    one = trainer(study)
    while one.train_next():
        pass
    board = read_leaderboard(study)
    assert sorted(row.number for row in board.rows if row.state == "pruned") == [5, 6]
    for row in board.rows:
        if row.state == "pruned":
            assert row.epoch == 2
            ending = open_log(runs / row.run / "events.jsonl")[0][-1]
            assert isinstance(ending, events.Stopped)
    assert board.best
    assert str(board.best.settings["learning_rate"]) in rates[:5]
    assert best_config(study, board.best).threads == 0
    best = [value for _, value in board.best_so_far]
    assert best == sorted(best)
    assert best[-1] == board.best.value
    assert importances(study, board.rows) == {"learning_rate": 1.0}


@pytest.mark.parametrize("error", [NonFiniteLossError, OutOfMemoryError])
def test_a_trial_that_fails_does_not_end_the_sweep(
    runs: Path, monkeypatch: pytest.MonkeyPatch, error: type[BilstmError]
) -> None:
    study = sweep_of(runs, 2, sampler="grid", search={"learning_rate": "0.01,10"})

    def failing(config: RunConfig, *arguments: Any) -> Session:
        session = start_run(config, *arguments)
        if config.learning_rate == 10:
            monkeypatch.setattr(session, "train", lambda *_: fail(session))
        return session

    def fail(session: Session) -> None:
        session.release()
        raise error("it has no result")

    monkeypatch.setattr(trial_module, "start_run", failing)
    one = trainer(study)
    while one.train_next():
        pass
    board = read_leaderboard(study)
    assert (board.count("finished"), board.count("failed")) == (1, 1)
    failed = next(row for row in board.rows if row.state == "failed")
    assert failed.problem == "it has no result"


def test_a_device_that_is_missing_fails_no_trial(runs: Path) -> None:
    study = sweep_of(runs, 2)
    with pytest.raises(ConfigError, match="not available here"):
        TrialTrainer(study, Slot("cuda:99", 0), None, StopRequest(), 0)
    assert study.trials == []


def test_an_internal_error_fails_the_trial_and_nothing_else(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweep_of(runs, 2)
    with monkeypatch.context() as context:
        context.setattr("bilstm_core.training.trainer.Trainer.take_step", lambda *_: 1 / 0)
        assert trainer(study).train_next()
    assert "ZeroDivisionError" in read_leaderboard(study).rows[0].problem
    assert trainer(study).train_next()
    assert read_leaderboard(study).count("finished") == 1


def test_a_full_disk_leaves_the_trial_to_be_resumed(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweep_of(runs, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("bilstm_core.files.Folder.replace", full)
        with pytest.raises(OutputError):
            trainer(study).train_next()
    assert study.trials[0].state == TrialState.RUNNING
    assert trainer(study).train_next()
    assert study.trials[0].state == TrialState.COMPLETE


def test_a_helper_that_is_stopped_leaves_its_trial_to_the_next(runs: Path) -> None:
    study = sweep_of(runs, 1, settings={"num_epochs": 3})
    trainer(study, StopAfter(25)).train_next()
    (trial,) = study.trials
    assert trial.state == TrialState.RUNNING
    assert study.is_lost(trial)
    assert read_leaderboard(study).rows[0].state == "interrupted"
    run = study.run_of(trial)
    assert run
    assert 0 < len(history(run).losses) < 3 * 22
    trainer(study).train_next()
    assert study.trials[0].state == TrialState.COMPLETE
    assert study.run_of(study.trials[0]) == run
    assert "lost" not in study.trials[0].user_attrs
    assert sorted(study.trials[0].intermediate_values) == [1, 2, 3]


def test_a_trial_that_somebody_stops_has_ended(runs: Path) -> None:
    study = sweep_of(runs, 1, settings={"num_epochs": 1000})

    class OrderAfter(StopAfter):
        def is_requested(self) -> bool:
            if super().is_requested():
                run = study.run_of(study.trials[0])
                assert run
                send_order(run.commands_file, "stop")
                self.count = 10**9
            return False

    trainer(study, OrderAfter(30)).train_next()
    (row,) = read_leaderboard(study).rows
    assert (row.state, row.problem) == ("stopped", "stopped by the user")
    assert not trainer(study).train_next()


def test_a_sweep_that_is_stopped_ends_the_helpers_that_are_there(runs: Path) -> None:
    study = sweep_of(runs, 1)
    here = trainer(study)
    assert not here.is_stopped()
    study.stop_helpers()
    assert here.is_stopped()
    assert not trainer(study).is_stopped()


def test_a_result_that_was_not_told_is_told_by_the_next(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweep_of(runs, 1)
    with monkeypatch.context() as context:
        context.setattr(Study, "finish", lambda *_, **__: None)  # killed just before
        trainer(study).train_next()
    assert study.trials[0].state == TrialState.RUNNING
    log = open_log(study.run_of(study.trials[0]).log_file)[0]  # type: ignore
    trainer(study).train_next()
    assert study.trials[0].state == TrialState.COMPLETE
    assert open_log(study.run_of(study.trials[0]).log_file)[0] == log  # type: ignore


def test_a_run_that_was_deleted_is_a_trial_that_failed(runs: Path) -> None:
    study = sweep_of(runs, 1)
    trainer(study, StopAfter(5)).train_next()
    run = study.run_of(study.trials[0])
    assert run
    for file in run.path.iterdir():
        file.unlink()
    run.path.rmdir()
    trainer(study).train_next()
    assert read_leaderboard(study).rows[0].problem == "its run was deleted"


def test_a_lost_trial_whose_run_cannot_be_read(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = sweep_of(runs, 2)
    trainer(study, StopAfter(5)).train_next()

    def unreadable(*_: object) -> None:
        raise UnreadableCheckpointError("the network is down")

    with monkeypatch.context() as context:
        context.setattr(trial_module, "resume_run", unreadable)
        with pytest.raises(UnreadableCheckpointError):  # which another process may not meet
            trainer(study).train_next()
    assert study.trials[0].state == TrialState.RUNNING
    run = study.run_of(study.trials[0])
    assert run
    run.config_file.write_text("hidden_size = [")
    trainer(study).train_next()  # and does not end this helper, and each after it
    assert study.trials[0].state == TrialState.FAIL
    trainer(study).train_next()
    assert study.trials[1].state == TrialState.COMPLETE


def test_a_trial_that_is_claimed_while_the_sweep_is_paused_waits(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweep_of(runs, 1)
    claim = study.claim

    def paused_meanwhile(*arguments: Any) -> Any:
        found = claim(*arguments)
        study.set_paused(True)  # orders.set_paused came before the run was in the journal
        return found

    monkeypatch.setattr(study, "claim", paused_meanwhile)
    monkeypatch.setattr(Session, "train", lambda session, *_: session.release())
    trainer(study).train_next()
    run = study.run_of(study.trials[0])
    assert run
    assert '"pause"' in run.commands_file.read_text()


def test_a_process_that_is_killed_at_one_step_again_and_again_has_failed(runs: Path) -> None:
    study = sweep_of(runs, 1)

    def killed(config: RunConfig, label: str) -> Run:
        session = start_run(config, runs, label)
        session.log.close()
        session.lock._file.close()
        session.run.lock_file.write_text("")
        return session.run

    assert study.claim(killed)
    for _ in range(trial_module._MOST_LOSSES - 1):
        with pytest.MonkeyPatch.context() as context:
            context.setattr(TrialTrainer, "_train", lambda _self, _claim, it: it.release())
            trainer(study).train_next()
        assert study.trials[0].state == TrialState.RUNNING
    trainer(study).train_next()
    (row,) = read_leaderboard(study).rows
    assert row.state == "failed"
    assert "killed 5 times at step 0" in row.problem


def test_what_cannot_be_saved_ends_the_helper_though_the_trial_has_ended(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweep_of(runs, 1)
    train = Session.train

    def full(*arguments: Any) -> None:
        train(*arguments)
        raise OutputError("Not everything could be saved")

    monkeypatch.setattr(Session, "train", full)
    with pytest.raises(OutputError):
        trainer(study).train_next()
    assert study.trials[0].state == TrialState.COMPLETE


def test_the_time_of_a_trial_is_that_in_which_it_was_trained(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweep_of(runs, 1)
    trainer(study, StopAfter(5)).train_next()
    (row,) = read_leaderboard(study).rows
    run = study.run_of(study.trials[0])
    assert run
    before = row.seconds
    later = run.log_file.stat().st_mtime + 3600
    with monkeypatch.context() as context:  # an hour in which nobody looks at it
        context.setattr(time, "time", lambda: later)
        (row,) = read_leaderboard(study).rows
        assert (row.state, row.seconds) == ("interrupted", before)
        claim = study.claim(lambda *_: run)
        assert claim
        trainer(study, StopAfter(0))._resume(claim).release()  # type: ignore
    assert 3590 < study.trials[0].user_attrs["idle"] < 3610


def test_the_time_of_a_trial_is_without_its_pauses(runs: Path) -> None:
    study = sweep_of(runs, 1)
    trainer(study, StopAfter(5)).train_next()
    run = study.run_of(study.trials[0])
    assert run
    watch = TrialWatch(study, Claim(0, 0, run, is_new=False))
    watch.receive(events.Paused(time=1000, step=5, epoch=1))
    watch.receive(events.Resumed(time=1500, step=5, epoch=1))
    watch.receive(events.Stopping(time=1600, step=5, epoch=1))
    assert study.trials[0].user_attrs["idle"] == 500

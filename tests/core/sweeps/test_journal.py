"""The journal survives what happens to files: lines in part, damaged lines, a full disk."""

import json
import os
from pathlib import Path

import optuna
import pytest

from bilstm_core.errors import OutputError
from bilstm_core.sweeps import journal
from bilstm_core.sweeps.journal import Journal, NewJournal, Storage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.touch()
    return path


def study_in(path: Path) -> optuna.Study:
    storage = Storage(Journal(path))
    return optuna.create_study(storage=storage, study_name="s", load_if_exists=True)


def test_two_processes_see_each_other(path: Path) -> None:
    first, second = study_in(path), study_in(path)
    for study in (first, second, first):
        study.tell(study.ask(), 1.0)
    assert [len(study.trials) for study in (first, second)] == [3, 3]
    assert [trial.number for trial in second.trials] == [0, 1, 2]


def test_a_line_in_part_ends_before_the_next(path: Path) -> None:
    study = study_in(path)
    study.ask()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":4,"wor')
    assert len(study_in(path).trials) == 1
    study_in(path).ask()
    assert path.read_bytes().startswith(whole)
    assert len(study.trials) == len(study_in(path).trials) == 2


def test_damaged_lines_are_passed_over(path: Path) -> None:
    study_in(path).ask()
    with path.open("ab") as file:
        file.write(b"\xff\xfe\n[1]\n{}\n" + b'{"worker_id":1}\n' + b"[" * 5000 + b"\n")
        file.write(b"x" * (3 << 20) + b"\n")
    study_in(path).ask()
    assert len(study_in(path).trials) == 2


@pytest.mark.parametrize(
    "operation",
    [
        '"op_code":1,"study_id":0',
        '"op_code":4',
        '"op_code":4,"study_id":0,"datetime_start":"0000"',
        '"op_code":4,"study_id":0,"datetime_start":null,"state":1,"value":"x"',
        '"op_code":5,"trial_id":0,"param_name":"x","param_value_internal":1e999,"distribution":"{}"',
        '"op_code":5,"trial_id":0,"param_name":"x","param_value_internal":1,"distribution":"{}"',
        '"op_code":6,"trial_id":0,"state":1,"values":["x"],"datetime_complete":"2026-01-01"',
        '"op_code":6,"trial_id":0,"state":1,"values":5,"datetime_complete":"2026-01-01"',
        '"op_code":6,"trial_id":0,"state":77,"values":[1]',
        '"op_code":7,"trial_id":0,"step":"x","intermediate_value":1',
        '"op_code":7,"trial_id":0,"step":[],"intermediate_value":1',
        '"op_code":7,"trial_id":0,"step":1,"intermediate_value":NaN',
        f'"op_code":7,"trial_id":0,"step":1,"intermediate_value":1{"0" * 400}',
        '"op_code":8,"trial_id":0,"user_attr":7',
        '"op_code":99',
        '"op_code":[]',
    ],
)
def test_what_is_not_possible_is_passed_over(path: Path, operation: str) -> None:
    study = study_in(path)
    study.ask()
    with path.open("a") as file:
        file.write('{"worker_id":"somebody",' + operation + "}\n")
    (trial,) = study.trials
    assert (trial.state.name, trial.params, trial.intermediate_values) == ("RUNNING", {}, {})
    study.tell(study.ask(), 0.5)
    assert [trial.value for trial in study_in(path).trials] == [None, 0.5]


def test_a_full_journal_is_an_error_in_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_in(path)
    before = path.read_bytes()
    monkeypatch.setattr(journal, "_MOST_BYTES", len(before) + 10)
    with pytest.raises(OutputError, match="cannot become longer"):
        study.ask()
    assert path.read_bytes() == before


def test_the_lines_of_a_process_whose_lock_was_broken_stay(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = study_in(path), study_in(path)
    fsync = os.fsync

    def suspended(descriptor: int) -> None:
        monkeypatch.setattr("os.fsync", fsync)
        path.with_name(path.name + ".lock").unlink()
        quick.ask()

    monkeypatch.setattr("os.fsync", suspended)
    slow.ask()
    assert [trial.number for trial in slow.trials] == [0, 1]


def test_a_full_disk_leaves_what_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, write = study_in(path), os.write
    with monkeypatch.context() as context:
        context.setattr("os.write", lambda file, content: write(file, content[:30]))
        with pytest.raises(OutputError, match="No space left"):
            study.ask()
    study.ask()
    assert len(study_in(path).trials) == 1


def test_a_new_journal_is_written_as_a_whole(path: Path) -> None:
    new = NewJournal()
    study = optuna.create_study(storage=optuna.storages.JournalStorage(new), study_name="s")
    study.enqueue_trial({"x": 1})
    path.write_bytes(new.to_bytes())
    assert json.loads(path.read_bytes().splitlines()[0])["op_code"] == 0
    assert study_in(path).ask().suggest_int("x", 0, 5) == 1


def test_a_journal_that_cannot_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be read"):
        study_in(tmp_path / "none")

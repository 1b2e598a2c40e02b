"""The journal survives what happens to files: lines in part, damaged lines, a full disk."""

import json
from pathlib import Path

import optuna
import pytest

from bilstm_core.errors import OutputError
from bilstm_core.sweeps.journal import Journal, NewJournal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.touch()
    return path


def study_in(path: Path) -> optuna.Study:
    storage = optuna.storages.JournalStorage(Journal(path))
    return optuna.create_study(storage=storage, study_name="s", load_if_exists=True)


def test_two_processes_see_each_other(path: Path) -> None:
    first, second = study_in(path), study_in(path)
    for study in (first, second, first):
        study.tell(study.ask(), 1.0)
    assert [len(study.trials) for study in (first, second)] == [3, 3]
    assert [trial.number for trial in second.trials] == [0, 1, 2]


def test_a_line_in_part_is_removed_before_the_next(path: Path) -> None:
    study = study_in(path)
    study.ask()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":4,"wor')
    assert len(study_in(path).trials) == 1
    study_in(path).ask()
    assert path.read_bytes().startswith(whole)
    assert all(json.loads(line) for line in path.read_bytes().splitlines())
    assert len(study.trials) == len(study_in(path).trials) == 2


def test_damaged_lines_are_passed_over(path: Path) -> None:
    study_in(path).ask()
    with path.open("ab") as file:
        file.write(b"\xff\xfe\n[1]\n{}\n" + b'{"worker_id":1}\n' + b"[" * 5000 + b"\n")
    study_in(path).ask()
    assert len(study_in(path).trials) == 2


def test_a_full_disk_leaves_it_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_in(path)
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("os.fsync", fail)
        with pytest.raises(OutputError, match="No space left"):
            study.ask()
    assert path.read_bytes() == before
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

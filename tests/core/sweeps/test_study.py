"""A sweep that helpers share: created once, counted over all, lost trials found again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from optuna.trial import TrialState

from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import ConfigError, DataError, OutputError, UsageError
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from bilstm_core.sweeps.folders import list_sweeps
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.study import Claim, Study, create_study, find_study
from tests.samples import small_config

SEARCH = {"hidden_size": "4..64:log", "cell": "lstm,gru"}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def study(runs: Path) -> Study:
    return create_study(runs, "s", make_plan(small_config(), SEARCH), 3)


class Starter:
    """Makes runs, and holds them until told otherwise."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self.configs: list[RunConfig] = []
        self.held: list[RunLock] = []

    def __call__(self, config: RunConfig, label: str) -> Run:
        run, lock = create_run(self.runs_dir, config, label)
        self.configs.append(config)
        self.held.append(lock)
        return run

    def lose(self) -> None:
        """End as a process that is killed does."""
        for lock in self.held:
            lock._file.close()
            lock._run.lock_file.write_text("")  # which names this process
        self.held.clear()

    def release(self) -> None:
        for lock in self.held:
            lock.release()
        self.held.clear()


@pytest.fixture
def start(runs: Path) -> Iterator[Starter]:
    starter = Starter(runs)
    yield starter
    starter.release()


def claimed(study: Study, start: Starter) -> Claim:
    claim = study.claim(start)
    assert claim
    return claim


def test_it_is_created_once(runs: Path, study: Study) -> None:
    assert study.plan.settings["validation_fraction"] == 0.1
    assert list_sweeps(runs) == ["s"]
    with pytest.raises(UsageError, match="already"):
        create_study(runs, "s", study.plan, 5)
    again = find_study(runs, "s")
    assert (again.plan, again.trials_wanted) == (study.plan, 3)
    assert [path.name for path in study.folder.iterdir()] == ["journal.jsonl"]


def test_names_and_folders_that_cannot_be(runs: Path, study: Study) -> None:
    for name in ("../x", "a/b", "", "x" * 49, "\x1b"):
        with pytest.raises(UsageError):
            create_study(runs, name, study.plan, 1)
    for name in (".s.incoming", "a\x1b[31mb", "a\nb"):  # of which none is a sweep
        study.folder.with_name(name).mkdir()
        (study.folder.with_name(name) / "journal.jsonl").touch()
    assert list_sweeps(runs) == ["s"]
    with pytest.raises(UsageError, match="Did you mean s"):
        find_study(runs, "S")
    blocked = runs / "file"
    blocked.write_text("")
    with pytest.raises(OutputError):
        create_study(blocked, "s", study.plan, 1)


def test_all_helpers_together_start_as_many_trials_as_are_wanted(
    runs: Path, study: Study, start: Starter
) -> None:
    helpers = [find_study(runs, "s") for _ in range(4)]

    def claim_one(helper: Study) -> Claim | None:
        while not (found := helper.claim(start)) and len(helper.trials) < 3:
            continue  # another had the lock for long
        return found

    with ThreadPoolExecutor(4) as pool:
        claims = [*pool.map(claim_one, helpers)]
    numbers = sorted(claim.number for claim in claims if claim)
    assert numbers == [0, 1, 2]
    assert len({config.hidden_size for config in start.configs}) > 1  # they do not choose alike
    for claim in filter(None, claims):
        study.finish(claim.trial_id, TrialState.COMPLETE, 0.5)
    assert study.is_over
    study.want_trials(4)
    assert not study.is_over
    assert claimed(helpers[0], start).number == 3


def test_a_lost_trial_is_claimed_again_with_its_run(study: Study, start: Starter) -> None:
    first = claimed(study, start)
    assert first.is_new
    start.lose()
    again = claimed(study, start)
    assert (again.number, again.run, again.is_new) == (first.number, first.run, False)


def test_a_trial_whose_helper_ended_while_it_was_claimed(study: Study, start: Starter) -> None:
    class Killed(BaseException):
        pass

    def killed_before(config: RunConfig, label: str) -> Run:
        raise Killed

    def killed_after(config: RunConfig, label: str) -> Run:
        start(config, label)
        raise Killed

    with pytest.raises(Killed):
        study.claim(killed_before)
    chosen = study.trials[0].params
    with pytest.raises(Killed):
        study.claim(killed_after)
    start.release()
    claim = claimed(study, start)
    assert (claim.number, claim.is_new) == (0, False)
    assert len(start.configs) == len(study.trials) == 1
    assert start.configs[0].hidden_size == chosen["hidden_size"]


def test_a_run_of_an_earlier_sweep_of_the_same_name_is_another(
    study: Study, start: Starter
) -> None:
    class Killed(BaseException):
        pass

    def killed(config: RunConfig, label: str) -> Run:
        raise Killed

    _, lock = create_run(study.runs_dir, small_config(hidden_size=3), "s-000")
    lock.release()
    with pytest.raises(Killed):
        study.claim(killed)
    claim = claimed(study, start)
    assert (claim.number, claim.is_new) == (0, True)
    assert claim.run.config.hidden_size > 3


def test_a_trial_whose_settings_are_refused_has_failed(study: Study, start: Starter) -> None:
    def refuse(config: RunConfig, label: str) -> Run:
        if not study.trials[0].state.is_finished():
            raise ConfigError("these do not fit")
        return start(config, label)

    claim = study.claim(refuse)
    assert claim
    assert claim.number == 1
    assert study.trials[0].state == TrialState.FAIL
    assert study.trials[0].user_attrs["problem"] == "these do not fit"


def test_the_first_result_of_a_trial_counts(study: Study, start: Starter) -> None:
    claim = claimed(study, start)
    study.report(claim, 1, 0.25)
    assert study.values_by_epoch(claim) == {1: 0.25}
    study.finish(claim.trial_id, TrialState.COMPLETE, 0.5)
    study.finish(claim.trial_id, TrialState.FAIL, problem="late")
    assert not study.report(claim, 2, 0.75)
    assert study.trials[0].value == 0.5
    assert study.trials[0].user_attrs.get("problem") is None


def test_losses_at_one_step_are_counted(study: Study, start: Starter) -> None:
    claim = claimed(study, start)
    assert [study.count_loss(claim, step) for step in (0, 0, 7, 7, 7, 8)] == [1, 2, 1, 2, 3, 1]


def test_a_paused_sweep_claims_nothing(study: Study, start: Starter) -> None:
    study.set_paused(True)
    assert study.claim(start) is None
    assert not study.is_over
    study.set_paused(False)
    assert claimed(study, start).number == 0


def test_a_grid_is_tried_once(runs: Path, start: Starter) -> None:
    search = {"bidirectional": "true,false", "merge": "sum,concat"}
    study = create_study(runs, "g", make_plan(small_config(), search, sampler="grid"), 0)
    assert study.trials_wanted == 3
    while claim := study.claim(start):
        study.finish(claim.trial_id, TrialState.COMPLETE, 0.5)
    assert study.is_over
    tried = {(config.bidirectional, config.merge) for config in start.configs}
    assert tried == {(True, "sum"), (True, "concat"), (False, "concat")}
    study.want_trials(10)
    assert study.is_over


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_no_combination_is_tried_twice(runs: Path, start: Starter, sampler: str) -> None:
    search = {"hidden_size": "4..6:log", "cell": "lstm,gru", "bidirectional": "true,false"}
    search["merge"] = "sum,concat"
    study = create_study(runs, "f", make_plan(small_config(), search, sampler=sampler), 50)
    assert study.trials_wanted == study.combinations == 3 * 2 * (2 + 1)
    while claim := study.claim(start):
        study.finish(claim.trial_id, TrialState.COMPLETE, 1 / (1 + claim.run.config.hidden_size))
    assert study.is_over
    assert len(study.trials) == len({config.model_dump_json() for config in start.configs}) == 18
    study.want_trials(60)
    assert study.is_over
    assert study.trials_wanted == 18


def test_trials_that_train_are_not_tried_again(runs: Path, start: Starter) -> None:
    create_study(runs, "f", make_plan(small_config(), {"cell": "lstm,gru"}), 2)
    for _ in range(2):
        claimed(find_study(runs, "f"), start)
    assert {config.cell for config in start.configs} == {"lstm", "gru"}


def test_an_infinite_space_is_not_counted(runs: Path) -> None:
    search = {"learning_rate": "0.001..0.1:log", "cell": "lstm,gru"}
    study = create_study(runs, "i", make_plan(small_config(), search), 50)
    assert (study.combinations, study.trials_wanted) == (None, 50)
    huge = {"hidden_size": "1..500", "batch_size": "1..1000"}
    assert create_study(runs, "h", make_plan(small_config(), huge), 50).combinations is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"\x00\xff" * 500, "it is damaged"),
        (b'{"op_code":0,"worker_id":"a"}\n', "it is damaged"),
        (b'{"op_code":99,"worker_id":"a"}\n', "it is damaged"),
        (
            b'{"op_code":0,"worker_id":"a","study_name":"sweep","directions":[2]}\n',
            "it has no plan",
        ),
        (
            b'{"op_code":0,"worker_id":"a","study_name":"sweep","directions":[2]}\n'
            b'{"op_code":2,"worker_id":"a","study_id":0,"user_attr":{"plan":{"settings":{},'
            b'"search":{"seed":"\\u001b[31m"},"sampler":"x"}}}\n',
            "its plan has no valid sampler",
        ),
    ],
)
def test_a_journal_of_another_kind_is_refused_in_words(
    study: Study, content: bytes, says: str
) -> None:
    (study.folder / "journal.jsonl").write_bytes(content)
    with pytest.raises(DataError) as caught:
        Study(study.folder)
    assert caught.value.title == "The sweep cannot be read"
    assert f"is not the journal of a sweep: {says}." in caught.value.message
    assert "\x1b" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_the_run_of_a_trial_stays_in_the_folder(study: Study, start: Starter) -> None:
    claim = claimed(study, start)
    for name in ("../elsewhere", "..", "/etc", 5, "a\x1bb"):
        study._storage.set_trial_user_attr(claim.trial_id, "run", name)
        assert study.run_of(study.trials[0]) is None

"""`bilstm-tui sweep`: what starts one, joins it, looks at it, and what is refused."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from bilstm_core.config.resolve import resolve
from bilstm_core.errors import BilstmError, OutputError
from bilstm_core.runs.store import list_runs
from bilstm_core.sweeps import helper
from bilstm_core.sweeps import study as study_module
from bilstm_core.sweeps.folders import list_sweeps
from bilstm_core.sweeps.leaderboard import read_leaderboard
from bilstm_core.sweeps.study import Study, find_study
from bilstm_tui.app import app as app_module
from bilstm_tui.cli import sweep_report
from tests.sweeping import MadeUpSweep
from tests.tui.cli.conftest import said

Said = pytest.CaptureFixture[str]
PATIENCE_SECONDS = 120
SMALL = (
    *("--dataset", "digits", "--num-epochs", "2", "--device", "cpu", "--precision", "float32"),
    *("--devices", "cpux1"),
)


def runs_dir() -> Path:
    return Path(os.environ["BILSTM_RUNS_DIR"])


def test_from_the_first_trial_to_the_best_settings(capsys: Said, tmp_path: Path) -> None:
    search = ("--search", "hidden-size=4,16", "--search", "readout=max,last")
    how = ("--sampler", "grid", "--trials", "3", "--pruner", "none")
    code, out, err = said(capsys, "sweep", "s", *search, *how, *SMALL)
    assert code == 0, err
    assert "holds out 10 % of the training set" in err
    lines = out.splitlines()
    assert lines[0] == "Sweep s: 3 trials of hidden_size 4,16, readout max,last"
    assert "judged by the validation accuracy of the last epoch" in lines[1]
    assert lines[2] == "trials at once here: 1 on cpu with 2 threads each"
    assert sum(line.startswith("trial ") for line in lines) == 3
    assert lines[-3] == "3 finished of 3"
    assert lines[-1] == "Its settings: bilstm-tui sweep s --best > best.toml"
    assert len(list_runs(runs_dir())) == 3

    code, out, _ = said(capsys, "sweep", "s", "--status", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    values = [row["value"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert {row["state"] for row in rows} == {"finished"}
    code, out, _ = said(capsys, "sweep", "s", "--status")
    table = [line.split()[0] for line in out.splitlines()[-5:-2]]
    assert table == ["1", "2", "3"]

    code, out, _ = said(capsys, "sweep", "s", "--best")
    file = tmp_path / "best.toml"
    file.write_text(out)
    best = resolve(file=file)
    assert best.hidden_size == rows[0]["settings"]["hidden_size"]
    assert (best.device, best.threads, best.validation_fraction) == ("cpu", 0, 0.1)

    # joined again there is nothing to do; one more trial is
    code, out, _ = said(capsys, "sweep", "s", "--devices", "cpux1", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["type"] for event in events] == ["sweep_started", "sweep_ended"]
    code, out, _ = said(capsys, "sweep", "s", "--devices", "cpux1", "--json", "--trials", "4")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event.get("state") for event in events[1:-1]] in (
        ["training", "finished"],
        ["finished"],
    )
    assert events[-1]["best"]["value"] == max(*values, events[-2]["value"])
    assert len(list_runs(runs_dir())) == 4

    # something else under this name is refused, and nothing was changed
    code, _, err = said(capsys, "sweep", "s", "--search", "hidden_size=4,32", *SMALL)
    assert code == 2
    assert "There is a sweep s already, with another search, sampler, pruner" in err
    assert find_study(runs_dir(), "s").trials_wanted == 4


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sweeps for which a process was to be started in the background; none is."""
    started: list[str] = []
    for module in (helper, sweep_report):
        monkeypatch.setattr(
            module, "start_in_background", lambda study, *_: started.append(study.name)
        )
    return started


def test_in_the_background(capsys: Said) -> None:
    words = ("--search", "hidden_size=4,8", "--trials", "1", *SMALL, "--detach")
    assert said(capsys, "sweep", "s", *words)[:2] == (0, "s\n")
    study = find_study(runs_dir(), "s")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not study.is_over:
        assert time.monotonic() < deadline, (study.folder / "workers.log").read_text()
        time.sleep(0.05)
    assert read_leaderboard(study).best


def test_a_sweep_without_a_result_has_failed(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(study: Study, *_: object) -> list[BilstmError]:
        trial = study.optuna_study.ask()
        study.finish(trial._trial_id, TrialState.FAIL, problem="too large")
        return [OutputError("the disk is full")]

    monkeypatch.setattr(sweep_report, "help_sweep", fail)
    words = ("--search", "hidden_size=4,8", "--trials", "1", *SMALL)
    code, out, err = said(capsys, "sweep", "s", *words)
    assert code == 1
    assert "! A process ended early: the disk is full" in err
    assert out.splitlines()[-2:] == [
        "1 failed of 1",
        "Why no trial has finished: bilstm-tui sweep s --status",
    ]


def test_helpers_that_start_at_once_share_one_sweep(
    capsys: Said, monkeypatch: pytest.MonkeyPatch, started: list[str]
) -> None:
    words = ("sweep", "s", "--search", "hidden_size=4..16", "--trials", "7", "--detach", *SMALL)
    for _ in range(2):  # the same line again joins it
        code, out, err = said(capsys, *words)
        assert (code, out) == (0, "s\n"), err
    created = study_module.create_study

    def slower(*arguments: Any) -> Any:  # than another, which has found no sweep either
        created(*arguments)
        return created(*arguments)

    monkeypatch.setattr(study_module, "create_study", slower)
    code, out, err = said(capsys, "sweep", "t", *words[2:])
    assert (code, out, err) == (0, "t\n", "")
    assert started == ["s", "s", "t"]
    assert find_study(runs_dir(), "t").trials_wanted == 7


@pytest.mark.usefixtures("started")
def test_there_are_no_more_trials_than_combinations(capsys: Said) -> None:
    words = ("--search", "num_epochs=1..3", "--detach", "--dataset", "digits")
    assert "All 3 combinations: 3 trials instead of 50." in said(capsys, "sweep", "s", *words)[2]
    assert find_study(runs_dir(), "s").trials_wanted == 3
    few = said(capsys, "sweep", "t", *words, "--trials", "2")[2]
    assert "combinations" not in few
    more = said(capsys, "sweep", "t", "--detach", "--trials", "5")[2]
    assert more == "All 3 combinations: 3 trials instead of 5.\n"
    assert find_study(runs_dir(), "t").trials_wanted == 3
    assert said(capsys, "sweep", "g", *words, "--sampler", "grid")[2].count("\n") == 1


@pytest.mark.usefixtures("started")
def test_trials_that_have_started_are_not_taken_back(capsys: Said) -> None:
    with MadeUpSweep(runs_dir(), "s", trials=5) as sweep:
        for _ in range(3):
            sweep.start()
        code, _, err = said(capsys, "sweep", "s", "--detach", "--trials", "2")
        assert (code, err) == (0, "s has 3 trials already; nothing was changed.\n")
        assert sweep.study.trials_wanted == 5
        said(capsys, "sweep", "s", "--detach", "--trials", "3")
        assert sweep.study.trials_wanted == 3


@pytest.mark.usefixtures("started")
def test_settings_may_stand_in_a_file(capsys: Said, tmp_path: Path) -> None:
    file = tmp_path / "sweep.toml"
    file.write_text(
        'dataset = "digits"\nnum_epochs = 1\nvalidation_fraction = 0.2\n'
        '[sweep]\ntrials = 7\nsampler = "random"\nobjective = "loss"\n'
        '[search]\nhidden_size = "4..16:log"\ncell = ["lstm", "gru"]\n'
        "bidirectional = [true, false]\n"
    )
    code, out, err = said(capsys, "sweep", "s", "--config", str(file), "--detach")
    assert (code, out, err) == (0, "s\n", "")
    study = find_study(runs_dir(), "s")
    assert study.trials_wanted == 7
    plan = study.plan
    assert (plan.sampler, plan.objective, plan.pruner) == ("random", "loss", "median")
    assert plan.search == {
        "cell": "lstm,gru",
        "bidirectional": "true,false",
        "hidden_size": "4..16:log",
    }
    assert plan.base.validation_fraction == 0.2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("s",), "There is no sweep s in"),
        (("s",), "Start it: bilstm-tui sweep s --search hidden_size=64..512:log"),
        (("s", "--trials", "3"), "There are none yet."),
        (("s", "--sampler", "foo"), "sampler = foo is not allowed. Allowed: tpe, random, grid."),
        (("",), "A sweep needs a name."),
        (("latest", "--search", "hidden_size=1,2"), "cannot be called latest"),
        (("s", "--search", "hidden_size"), "--search hidden_size=64..512:log --search cell=lstm"),
        (("s", "--search", "hiden=1,2"), "searched: augment, normalize, cell, bidirectional, num_"),
        (("s", "--devices", "cpux9999"), "9,999 trials at once"),
        (("s", "--devices", "cpux9999"), "Such as: --devices cpux4"),
        (("s", "--watch"), "bilstm-tui sweep s --status"),
        (("s", "--search", "hidden_size"), "is not understood"),
        (("s", "--search", "hidden_size=1..9999"), "Allowed: a whole number"),
        (("s", "--search", "hidden_size=1,2", "--search", "hidden-size=3,4"), "twice"),
        (("s", "--search", "hidden_size=1,2", "--sampler", "tpee"), "Did you mean tpe?"),
        (("s", "--search", "hidden_size=1,2", "--objective", "test"), "objective = test"),
        (("s", "--search", "hidden_size=1,2", "--devices", "gpu"), "not understood"),
        (("s", "--best", "--status"), "exclude each other"),
        (("../s", "--search", "hidden_size=1,2"), "cannot be part of a folder's name"),
        (("s", "--search", "hidden_size=1,2", "--trials", "0"), "trials"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_starts(
    words: tuple[str, ...], says: str, capsys: Said
) -> None:
    code, out, err = said(capsys, "sweep", *words, "--dataset", "digits")
    assert (code, out) == (2, "")
    assert says in err
    assert list_sweeps(runs_dir()) == []


@pytest.mark.usefixtures("started")
def test_a_sweep_is_joined_by_what_is_the_same(capsys: Said) -> None:
    search = ("--search", "hidden_size=4,8", *SMALL, "--sampler", "grid")
    assert said(capsys, "sweep", "gr", *search, "--detach")[0] == 0
    for words in (
        ("--num-epochs", "3"),
        ("--sampler", "random"),
        ("--dataset", "mnist"),
        ("--preset", "quick"),
    ):
        code, out, err = said(capsys, "sweep", "gr", *words, "--detach")
        assert (code, out) == (2, "")
        name = words[0].strip("-").replace("-", "_")
        assert "There is a sweep gr already, with another" in err
        assert name in err or name == "preset"
        assert "Join it as it is: bilstm-tui sweep gr" in err
    for word in (("--sampler", "foo"), ("--objective", "f1")):
        code, _, err = said(capsys, "sweep", "gr", *word, "--detach")
        assert code == 2
        assert f"{word[0][2:]} = {word[1]} is not allowed. Allowed: " in err
    for words in ((), ("--num-epochs", "2"), ("--sampler", "grid", "--dataset", "digits")):
        assert said(capsys, "sweep", "gr", *words, "--detach")[:2] == (0, "gr\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--status",), "There is no sweep s"),
        (("--status", "--trials", "3"), "--trials has no effect with --status."),
        (("--best", "--json"), "--json has no effect with --best."),
        (
            ("--stop", "--devices", "cpu", "--no-bidirectional"),
            "--devices, --no-bidirectional have no effect with --stop.",
        ),
        (("--pause", "--sampler", "grid"), "--sampler has no effect with --pause."),
    ],
)
def test_what_has_no_effect_is_refused(words: tuple[str, ...], says: str, capsys: Said) -> None:
    code, out, err = said(capsys, "sweep", "s", *words)
    assert (code, out) == (2, "")
    assert says in err


@pytest.mark.usefixtures("started")
def test_pause_and_its_end_are_kept_in_the_folder(capsys: Said) -> None:
    detached = ("--search", "hidden_size=4,8", *SMALL, "--detach")
    assert said(capsys, "sweep", "s", "--pause")[0] == 2
    assert said(capsys, "sweep", "s", *detached)[0] == 0
    assert said(capsys, "sweep", "s", "--pause")[1] == "Paused s\n"
    assert "paused" in said(capsys, "sweep", "s", "--status")[1]
    assert find_study(runs_dir(), "s").is_paused
    paused = "Paused. Continue it: bilstm-tui sweep s --resume\n"
    assert said(capsys, "sweep", "s", "--detach")[2] == paused
    continued = "s continues\nIf no process trains it: bilstm-tui sweep s\n"
    assert said(capsys, "sweep", "s", "--resume")[1] == continued
    assert not find_study(runs_dir(), "s").is_paused
    assert "resumed by" in said(capsys, "sweep", "s", "--stop")[1]
    assert find_study(runs_dir(), "s").stops == 1


def test_a_paused_sweep_says_so_at_once_and_at_the_end(
    capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poll(study: Study, *arguments: Any) -> list[BilstmError]:
        *_, on_poll, _ = arguments
        for paused in (True, True, False, True):
            study.set_paused(paused)
            on_poll()
        return []

    monkeypatch.setattr(sweep_report, "help_sweep", poll)
    out = said(capsys, "sweep", "s", "--search", "hidden_size=4,8", *SMALL)[1].splitlines()
    paused = "Paused. Continue it: bilstm-tui sweep s --resume"
    assert out[3:] == [paused, "s continues", paused, "no trial yet of 2, paused", paused]
    find_study(runs_dir(), "s").set_paused(False)
    events = said(capsys, "sweep", "s", "--json", *SMALL[-2:])[1].splitlines()
    assert [json.loads(event)["type"] for event in events] == [
        *("sweep_started", "sweep_paused", "sweep_continued", "sweep_paused", "sweep_ended"),
    ]


def test_a_process_that_is_started_again_is_told(
    capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restart(*arguments: Any) -> list[BilstmError]:
        arguments[-1](9)
        return []

    monkeypatch.setattr(sweep_report, "help_sweep", restart)
    out = said(capsys, "sweep", "s", "--search", "hidden_size=4,8", *SMALL)[1]
    assert "A process was killed by signal 9; its trial is resumed.\n" in out
    out = said(capsys, "sweep", "s", "--json", *SMALL[-2:])[1]
    assert json.loads(out.splitlines()[1]) == {"type": "process_restarted", "signal": 9}


def test_what_has_ended_is_not_paused(capsys: Said) -> None:
    with MadeUpSweep(runs_dir(), "s", trials=1) as sweep:
        sweep.finish()
        code, _, err = said(capsys, "sweep", "s", "--pause")
        assert code == 2
        assert "All trials of s have ended: there is nothing to pause." in err
        assert not sweep.study.is_paused
        assert said(capsys, "sweep", "s", "--resume")[:2] == (0, "s continues\n")


def test_damaged_lines_of_the_journal_are_counted(capsys: Said) -> None:
    with MadeUpSweep(runs_dir(), "s", trials=2) as sweep:
        sweep.finish()
        sweep.finish()
        assert "damaged" not in said(capsys, "sweep", "s", "--status")[2]
        journal = sweep.study.folder / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join([*lines[:-1], lines[-1][9:]]))
        code, _, err = said(capsys, "sweep", "s", "--status")
        assert code == 0
        assert "1 damaged line of" in err


def test_a_trial_that_was_stopped_is_not_called_pruned(capsys: Said) -> None:
    with MadeUpSweep(runs_dir(), "s", trials=2) as sweep:
        sweep.prune()
        sweep.stop()
        out = said(capsys, "sweep", "s", "--status")[1]
        assert "1 pruned, 1 stopped of 2" in out
        assert [line.split()[-1] for line in out.splitlines()[-4:-2]] == ["pruned", "stopped"]
        out = said(capsys, "sweep", "s", "--status", "--json")[1]
        assert [json.loads(row)["state"] for row in out.splitlines()] == ["pruned", "stopped"]


@pytest.mark.usefixtures("started")
def test_no_trial_has_finished(capsys: Said) -> None:
    words = ("--search", "hidden_size=4,8", *SMALL, "--detach")
    said(capsys, "sweep", "s", *words)
    code, _, err = said(capsys, "sweep", "s", "--best")
    assert code == 2
    assert "No trial of s has finished yet" in err


def test_the_app_opens_at_the_leaderboard(
    capsys: Said, monkeypatch: pytest.MonkeyPatch, started: list[str]
) -> None:
    opened: list[str] = []

    class App:
        internal_error = left_run = None

        def __init__(self, *_: object, sweep: str, at_home: bool, **__: object) -> None:
            opened.append(sweep)

        def run(self) -> int:
            return 0

    code, _, err = said(capsys, "sweep", "s", "--watch")
    assert code == 2
    assert "needs a terminal" in err
    monkeypatch.setattr(app_module, "BilstmApp", App)
    monkeypatch.setattr("bilstm_tui.cli.sweep.require_terminal", lambda *_: None)
    assert "There is no sweep s" in said(capsys, "sweep", "s", "--watch")[2]
    assert "exclude each other" in said(capsys, "sweep", "s", "--watch", "--pause")[2]
    assert "exclude each other" in said(capsys, "sweep", "s", "--watch", "--json")[2]
    assert opened == []
    search = ("--search", "hidden_size=4,8", *SMALL)
    assert said(capsys, "sweep", "s", "--watch", *search)[:2] == (0, "")
    assert said(capsys, "sweep", "s", "--watch")[:2] == (0, "")
    assert (opened, started) == (["s", "s"], ["s"])  # the second only looks

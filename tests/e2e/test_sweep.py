"""A sweep in a real terminal: interrupted, continued, left alone, and looked at."""

import tomllib
from pathlib import Path

from bilstm_core.runs.store import list_runs
from bilstm_core.sweeps.study import Study, find_study

from .outside import bilstm, wait_until
from .terminal import Terminal, environment

SWEEP = (
    *("sweep", "first", "--dataset", "digits", "--hidden-size", "16", "--num-epochs", "2"),
    *("--search", "learning_rate=1e-3..1e-2:log", "--pruner", "none", "--devices", "cpux1"),
)
TRIALS = 4


def ended(study: Study) -> int:
    return sum(trial.state.is_finished() for trial in study.trials)


def is_any_live(study: Study) -> bool:
    return any(run.is_live for run in list_runs(study.runs_dir))


def test_it_is_interrupted_continued_and_goes_on_without_its_terminal(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with Terminal(*SWEEP, "--trials", str(TRIALS), env=env) as terminal:
        terminal.wait_for("trial +0 +finished")
        terminal.type("\x03")
        terminal.wait_for("Resume it: bilstm-tui sweep first")
        assert terminal.wait() == 130
    study = find_study(tmp_path / "runs", "first")
    before = ended(study)
    assert 0 < before < TRIALS
    assert not is_any_live(study)

    with Terminal("sweep", "first", "--devices", "cpux1", env=env) as terminal:
        wait_until(lambda: ended(study) > before)
        terminal.hang_up()
        wait_until(lambda: study.is_over)
    wait_until(lambda: not is_any_live(study))
    assert len(list_runs(study.runs_dir)) == TRIALS

    best = tomllib.loads(bilstm("sweep", "first", "--best", env=env).stdout)
    with Terminal("sweep", "first", "--watch", env=env, columns=120, rows=36) as terminal:
        terminal.wait_for(f"{TRIALS} of {TRIALS}")
        terminal.wait_for("learning_rate")
        terminal.type("c")  # the best trial is under the cursor
        terminal.wait_for("hidden_size +16 ")
        terminal.type("/learning_rate\r")  # all at once, as over a slow connection
        terminal.wait_for(f"learning_rate +{str(best['learning_rate'])[:6]}")
        terminal.type("q")
        assert terminal.wait() == 0

"""Runs in processes of their own: they outlive terminals, and survive being killed."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bilstm_core.config.resolve import to_toml
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.store import find_run, list_runs
from tests.e2e.outside import DIGITS, LONG, bilstm, detached, holder, steps, trained, wait_until
from tests.e2e.terminal import COMMAND, PATIENCE_SECONDS, Terminal, environment
from tests.samples import small_config


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


class TestDetached:
    def test_start_follow_stop_and_go_on(self, env: dict[str, str]) -> None:
        run = detached(*LONG, "--name", "mine", env=env)
        assert run.is_live
        assert os.getsid(holder(run)) == holder(run), "a session leader of its own"
        (row,) = bilstm("runs", "mine", env=env).stdout.splitlines()
        assert re.fullmatch(r"\S+_mine_\w{3}  running  digits  BiLSTM 1×16  \d+/100000  .*", row)
        wait_until(lambda: steps(run) > 0)
        refused = bilstm("resume", "mine", env=env, code=2)
        assert f"{run.name} is being trained by process {holder(run)}" in refused.stderr
        refused = bilstm("rm", "mine", "--yes", env=env, code=2)
        assert "is being trained" in refused.stderr
        assert f"Stopped {run.name}" in bilstm("stop", "mine", env=env).stdout
        assert read_overview(run).status == "stopped"
        assert "is not training" in bilstm("stop", "mine", env=env, code=2).stderr
        reported = bilstm("attach", "mine", env=env, code=130)
        assert "Stopped in epoch" in reported.stderr
        trained = steps(run)
        bilstm("resume", "mine", "--detach", env=env)
        wait_until(lambda: steps(run) > trained)
        bilstm("stop", "latest", env=env)
        bilstm("rm", "mine", "--yes", env=env)
        assert not run.path.exists()

    def test_attach_tells_it_from_the_first_word_to_the_last(self, env: dict[str, str]) -> None:
        run = detached(*DIGITS, "--num-epochs", "20", env=env)
        lines = bilstm("attach", run.name, env=env).stdout.splitlines()
        assert lines[0] == f"Run {run.name}"
        assert [line.split()[1] for line in lines if line.startswith("epoch")] == [
            f"{epoch}/20" for epoch in range(1, 21)
        ]
        assert lines[-2] == "Checking accuracy on test data"
        again = bilstm("attach", run.name, env=env).stdout.splitlines()
        assert again == lines
        reported = bilstm("attach", run.name, "--json", env=env).stdout.splitlines()
        assert [json.loads(line)["type"] for line in (reported[0], reported[-1])] == [
            "run_started",
            "finished",
        ]
        summary = json.loads(run.summary_file.read_text())
        assert f"got {summary['accuracy']['test']['correct']} / 360" in lines[-1]

    def test_a_run_that_was_killed_is_lost_and_not_for_ever(self, env: dict[str, str]) -> None:
        run = detached(*LONG, env=env)
        wait_until(lambda: steps(run) > 0)
        os.kill(holder(run), signal.SIGKILL)
        wait_until(lambda: not run.is_live)
        assert read_overview(run).status == "lost"
        reported = bilstm("attach", run.name, env=env, code=1)
        assert f"bilstm-tui resume {run.name}" in reported.stderr
        bilstm("resume", run.name, "--detach", env=env)
        assert read_overview(run).status == "running"

    def test_two_resumers(self, env: dict[str, str]) -> None:
        run = detached(*LONG, env=env)
        bilstm("stop", run.name, env=env)
        resumers = [
            subprocess.Popen(
                [COMMAND, "resume", run.name, "--detach"],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(2)
        ]
        said = [process.communicate() for process in resumers]
        assert sorted(process.returncode for process in resumers) == [0, 2]
        assert any(b"is being trained" in err for _, err in said)

    @pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
    def test_a_signal_leaves_it_stopped_with_a_checkpoint(
        self, number: int, env: dict[str, str]
    ) -> None:
        run = detached(*LONG, env=env)
        wait_until(lambda: steps(run) > 0)
        os.kill(holder(run), number)
        wait_until(lambda: not run.is_live)
        assert read_overview(run).status == "stopped"
        assert run.checkpoint_file.exists()
        assert "Traceback" not in run.worker_log_file.read_text()

    def test_a_wrong_device_makes_no_run(self, env: dict[str, str]) -> None:
        refused = bilstm("--detach", *DIGITS, "--device", "cuda:99", env=env, code=2)
        assert "device = cuda:99 is not available here" in refused.stderr
        assert list_runs(Path(env["BILSTM_RUNS_DIR"])) == []

    def test_a_failure_is_told_by_attach(self, env: dict[str, str]) -> None:
        worse = ["--cell", "rnn", "--optimizer", "sgd", "--learning-rate", "10"]
        run = detached(*DIGITS, *worse, "--weight-decay", "1", "--num-epochs", "200", env=env)
        reported = bilstm("attach", run.name, env=env, code=1)
        assert "Training diverged" in reported.stderr
        assert "NonFiniteLossError" in run.worker_log_file.read_text()


class TestTerminals:
    def test_a_worker_outlives_its_terminal(self, env: dict[str, str]) -> None:
        with Terminal("--detach", *LONG, env=env) as terminal:
            terminal.wait_for("Follow it: bilstm-tui attach")
        (run,) = list_runs(Path(env["BILSTM_RUNS_DIR"]))
        trained = steps(run)
        wait_until(lambda: steps(run) > trained)

    def test_a_closed_terminal_stops_a_run_in_the_foreground(self, env: dict[str, str]) -> None:
        with Terminal("--no-ui", *LONG, env=env) as terminal:
            terminal.wait_for(r"samples/s.*left")
            terminal.hang_up()
            terminal.process.wait(PATIENCE_SECONDS)
        (run,) = list_runs(Path(env["BILSTM_RUNS_DIR"]))
        assert read_overview(run).status == "stopped"
        assert run.checkpoint_file.exists()

    def test_attach_on_a_terminal_and_ctrl_c(self, env: dict[str, str]) -> None:
        run = detached(*LONG, env=env)
        with Terminal("attach", run.name, env=env) as terminal:
            terminal.wait_for(r"samples/s.*left")
            terminal.type("\x03")
            assert terminal.wait() == 130
            assert not terminal.screen.cursor.hidden
        assert run.is_live

    def test_the_table_fits_80_columns(self, env: dict[str, str]) -> None:
        trained(env, "a-rather-long-name")
        with Terminal("runs", env=env) as terminal:
            assert terminal.wait() == 0
            assert "er-long-name_" in terminal.dump(), "a long name goes on in the next line"
            assert "finished" in terminal.dump()
            assert "…" not in terminal.dump()

    def test_rm_asks(self, env: dict[str, str]) -> None:
        run = trained(env)
        for answer, is_there in (("n", True), ("y", False)):
            with Terminal("rm", "latest", env=env) as terminal:
                terminal.wait_for(r"Delete this run\? \[y/N\]")
                terminal.type(answer + "\n")
                terminal.wait()
            assert run.path.exists() is is_there

    def test_rm_in_a_script_wants_a_yes(self, env: dict[str, str]) -> None:
        trained(env)
        assert "stdin is not a terminal" in bilstm("rm", "latest", env=env, code=2).stderr


FORKS = """
import json, os, random, signal, sys, time, traceback
from pathlib import Path
import torch
from bilstm_core.training.checkpoints import load_checkpoint
from bilstm_core.processes.signals import StopRequest
from bilstm_core.config.resolve import resolve
from bilstm_core.runs.store import find_run
from bilstm_core.processes.session import resume_run, start_run
from bilstm_core.training.preparation import prepare
from bilstm_core.training.trainer import Trainer

torch.set_num_threads(1)
config = resolve(file=Path(sys.argv[1]))
folder, rng = Path(sys.argv[2]), random.Random(int(sys.argv[3]))
# imports what each child would else import for seconds, and be killed before its first step
with prepare(config, folder) as prepared:
    Trainer(prepared, print)

def forked(open_session, tell, stop):
    pid = os.fork()
    if pid:
        return pid
    try:
        os._exit(open_session().train(tell, stop))
    except BaseException:
        traceback.print_exc()
        os._exit(99)

def killed():
    return resume_run(run, {}) if run else start_run(config, folder, "killed")

run, steps = None, []
for _ in range(16):
    hear, say = os.pipe()
    # losses are reported right before a checkpoint is written
    tell = lambda event: event.type == "progress" and os.write(say, b".")
    pid = forked(killed, tell, StopRequest())
    os.close(say)
    for _ in range(rng.randint(1, 5)):
        os.read(hear, 1)
    time.sleep(rng.uniform(0, 0.005))  # the moment is random
    os.kill(pid, signal.SIGKILL)
    os.close(hear)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), status
    run = find_run(folder, "killed")
    if run.checkpoint_file.exists():
        state = load_checkpoint(run.checkpoint_file)
        steps.append(state.step)

def until_the_next_epoch_ends(open_session):
    stop = StopRequest()
    def tell(event):
        if event.type == "epoch_ended" and event.epoch > state.epoch:
            stop.signal = signal.SIGTERM
    return forked(open_session, tell, stop)

for open_session in (killed, lambda: start_run(config, folder, "whole")):
    _, status = os.waitpid(until_the_next_epoch_ends(open_session), 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGTERM, status
print(json.dumps(steps))
"""


@pytest.mark.parametrize("seconds", [0, 0.02])
def test_killed_many_times_it_has_the_same_weights(seconds: float, tmp_path: Path) -> None:
    """SIGKILL at random moments, also while a checkpoint is written, then resume."""
    config = small_config(
        checkpoint_seconds=float(seconds),
        num_epochs=1000,
        dropout=0.2,
        augment="shift",
        ema_decay=0.9,
        schedule="constant",
    )
    (tmp_path / "config.toml").write_text(to_toml(config))
    seed = random.randrange(10**6)
    result = subprocess.run(
        [sys.executable, "-c", FORKS, tmp_path / "config.toml", tmp_path / "runs", str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"seed {seed}: {result.stderr}"
    checkpoints = json.loads(result.stdout.splitlines()[-1])
    assert checkpoints == sorted(checkpoints), "none is lost"
    assert len(set(checkpoints)) > 7, f"seed {seed}: killed before it had trained, {checkpoints}"
    killed, whole = (find_run(tmp_path / "runs", name) for name in ("killed", "whole"))
    assert steps(killed) == steps(whole) > checkpoints[-1]
    one, two = load_file(whole.model_file), load_file(killed.model_file)
    assert all(torch.equal(one[name], two[name]) for name in one), f"seed {seed}"


def test_a_disk_with_no_room_for_a_checkpoint(env: dict[str, str]) -> None:
    """A limit on the size of files, which the kernel enforces as it does a full disk."""
    big = ["--dataset", "digits", "--num-epochs", "3"]
    command = f"ulimit -f 1000; exec {COMMAND} --no-ui {' '.join(big)} --checkpoint-seconds 0.1"
    result = subprocess.run(
        ["/bin/bash", "-c", command], env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "The checkpoint could not be saved: File too large" in result.stderr
    assert re.search(r"got \d+ / 360", result.stdout)

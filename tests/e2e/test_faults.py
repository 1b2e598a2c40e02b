"""What befalls runs: processes that are killed or stopped, folders and clocks that change."""

import json
import os
import re
import shutil
import signal
from pathlib import Path

import psutil
import pytest

from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from tests.e2e.outside import (
    LONG,
    bilstm,
    detached,
    has_ended,
    holder,
    leave_cores_to_tests,
    started,
    steps,
    the_run,
    wait_until,
)
from tests.e2e.terminal import COMMAND, PATIENCE_SECONDS, Terminal, environment

FORETOLD = r"epoch \d+/\d+ .* left"
NOISY = """
import os, sys, threading, time
if "bilstm_core" in " ".join(sys.orig_argv):
    def print_a_megabyte():
        for _ in range(100):
            os.write(1, b"noise" * 2000 + b"\\n")
    def print_more():
        while True:
            print_a_megabyte()
            time.sleep(0.5)
    for _ in range(3):
        print_a_megabyte()
    threading.Thread(target=print_more, daemon=True).start()
"""
CLOCK = """
import os, time
true_time = time.time
time.time = lambda: true_time() - 3600 * os.path.exists(os.environ["SET_BACK"])
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def with_site(env: dict[str, str], tmp_path: Path, code: str) -> dict[str, str]:
    """The environment of a user whose every Python runs some code first."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return {**env, "PYTHONPATH": str(folder)}


def watching(env: dict[str, str]) -> Terminal:
    """An app that is about to offer the live run."""
    return Terminal(env=env, columns=100, rows=30)


def watch(app: Terminal) -> None:
    app.wait_for("Being trained now")
    app.type("\r")
    app.wait_for(FORETOLD)


class TestProcesses:
    def test_a_stopped_worker_foretells_nothing_and_goes_on(self, env: dict[str, str]) -> None:
        run = detached(*LONG, env=env)
        with watching(env) as app:
            watch(app)
            os.kill(holder(run), signal.SIGSTOP)
            app.wait_for(r"no events since \d\d:\d\d:\d\d")
            assert " left" not in app.dump()
            trained_before = steps(run)
            os.kill(holder(run), signal.SIGCONT)
            app.wait_for(FORETOLD)
            assert "no events" not in app.dump()
            assert steps(run) > trained_before
            app.type("q")
            app.wait_for("Training in progress")
            app.type("\r")
            assert app.wait() == 0

    def test_an_app_is_killed_and_two_others_stop_its_run_at_once(
        self, env: dict[str, str], tmp_path: Path
    ) -> None:
        with Terminal(*LONG, env=env, columns=100, rows=30) as app:
            app.wait_for("BiLSTM 1×16")
            app.type("t")
            app.wait_for(FORETOLD)
            run = the_run(tmp_path)
            leave_cores_to_tests(run)
            children = psutil.Process(app.process.pid).children(recursive=True)
            app.process.kill()
            app.process.wait()
        trained_before = steps(run)
        wait_until(lambda: steps(run) > trained_before)
        left = [child for child in children if child.pid != holder(run)]
        assert psutil.wait_procs(left, PATIENCE_SECONDS)[1] == [], "no process is left behind"
        with watching(env) as one, watching(env) as two:
            for app in (one, two):
                watch(app)
            for app in (one, two):
                app.type("s")
                app.wait_for("Stop the run?")
            for app in (one, two):
                app.type("\r")
            for app in (one, two):
                app.wait_for(f"{run.name}  stopped")
                app.wait_for(r"got \d+ / 360 with accuracy")
                app.type("q")
                assert app.wait() == 0
        reported = [event.type for event in open_log(run.log_file)[0]]
        assert reported.count("stopped") == 1
        assert read_overview(run).status == "stopped"

    def test_a_worker_that_prints_megabytes_disturbs_nobody(
        self, env: dict[str, str], tmp_path: Path
    ) -> None:
        noisy = with_site(env, tmp_path, NOISY)
        with Terminal(*LONG, env=noisy, columns=100, rows=30) as app:
            app.wait_for("BiLSTM 1×16")
            app.type("t")
            app.wait_for(FORETOLD)
            run = the_run(tmp_path)
            leave_cores_to_tests(run)
            printed = run.worker_log_file
            wait_until(lambda: printed.read_bytes().count(b"noise") > 10**5)
            app.type("s")
            app.wait_for("Stop the run?")
            app.type("\r")
            app.wait_for(r"got \d+ / 360 with accuracy")
            app.wait_for("stopped")
            app.type("i")
            app.wait_for(r"\(95 %")
            app.type("\x1b")
            app.wait_for("stopped")
            app.type("q")
            assert app.wait() == 0
            assert b"noise" not in app.bytes


class TestFolders:
    def test_a_deleted_folder_ends_the_run_and_is_told(
        self, env: dict[str, str], tmp_path: Path
    ) -> None:
        with Terminal(*LONG, env=env, columns=100, rows=30) as app:
            app.wait_for("BiLSTM 1×16")
            app.type("t")
            app.wait_for(FORETOLD)
            run = the_run(tmp_path)
            worker = psutil.Process(holder(run))
            # at one stroke, or what the worker writes meanwhile would keep the folder from going
            shutil.rmtree(run.path.rename(tmp_path / "deleted"))
            app.wait_for("The run's folder is missing")
            app.wait_for("start a new run")
            wait_until(lambda: has_ended(worker))
            assert not run.path.exists()
            app.type("\r")
            app.wait_for(lambda: "folder is missing" not in app.dump())
            app.type("t")
            app.wait_for(FORETOLD)
            app.type("q")
            app.wait_for("Training in progress")
            app.type("\r")
            assert app.wait() == 0
        assert the_run(tmp_path).is_live

    def test_a_folder_that_was_moved_is_gone_on_with_where_it_is(
        self, env: dict[str, str], tmp_path: Path
    ) -> None:
        often = [*LONG, "--checkpoint-seconds", "0"]
        with started([COMMAND, "--json", *often], env) as process:
            assert process.stdout
            assert process.stderr
            next(line for line in process.stdout if '"progress"' in line)
            run = the_run(tmp_path)
            wait_until(run.checkpoint_file.exists)
            moved = Run(run.path.rename(tmp_path / "moved"))
            process.stdout.read()
            said = process.stderr.read()
        assert process.returncode == 5
        assert said.startswith("✗ The run's folder is missing\n")
        assert "resume ./FOLDER" in said
        assert list((tmp_path / "runs").iterdir()) == []
        assert b"was deleted or moved" in moved.log_file.read_bytes()
        epochs = steps(moved) // 23 + 2
        bilstm("resume", f"{moved.path}/", "--num-epochs", str(epochs), env=env)
        assert read_overview(moved).status == "finished"


def test_a_clock_that_is_set_back_makes_no_negative_times(
    env: dict[str, str], tmp_path: Path
) -> None:
    flag = tmp_path / "set back"
    env = with_site({**env, "SET_BACK": str(flag)}, tmp_path, CLOCK)
    # one image a step: hours are left, on a machine ten times as fast as well
    run = detached(*LONG, "--batch-size", "1", env=env)
    with watching(env) as app:
        watch(app)
        flag.touch()
        now = steps(run)
        wait_until(lambda: steps(run) > now + 100)
        app.wait_for(FORETOLD)
        (line,) = (line for line in app.lines if " left" in line)
        assert re.search(r"[1-9]\d?:\d\d:\d\d left|\d d \d+ h left", line), "hours are left"
        assert "-" not in line
        app.type("s")
        app.wait_for("Stop the run?")
        app.type("\r")
        app.wait_for(r"got \d+ / 360 with accuracy")
        app.type("r")
        app.wait_for("1 of 1, by run")
        app.wait_for(r"stopped digits .* \d\d:\d\d")
    times = [event.time for event in open_log(run.log_file)[0]]
    assert times != sorted(times), "it was set back"
    row = json.loads(bilstm("runs", "--json", env=env).stdout)
    assert row["seconds"] >= 0

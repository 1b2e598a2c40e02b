"""The installed app in a real terminal, training for real."""

import json
import os
import signal
from pathlib import Path

import pytest

from bilstm_core.runs import Run

from .terminal import Terminal, environment

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"


def the_run(home: Path) -> Run:
    (path,) = (home / "runs").iterdir()
    return Run(path)


@pytest.mark.parametrize("columns_and_rows", [(80, 24), (160, 50)])
def test_one_key_from_start_to_the_accuracy_lines(
    tmp_path: Path, columns_and_rows: tuple[int, int]
) -> None:
    columns, rows = columns_and_rows
    env = environment(tmp_path)
    small = ["--hidden-size", "32", "--num-epochs", "8"]
    with Terminal(*small, env=env, columns=columns, rows=rows) as app:
        app.wait_for("BiLSTM 1×32")
        app.type("t")
        app.wait_for(r"got \d+ / 360 with accuracy \d")
        app.wait_for("[\u2801-\u28ff]{2}")
        app.wait_for("finished")
        app.type("i")
        app.wait_for("of 360 test images taken wrongly")
        app.wait_for("images: true, down; predicted, across")
        app.type("n")
        app.wait_for(r"\d\.\d%")
        app.type("j")
        app.wait_for(r"is \d, taken for \d with")
        app.wait_for("↓ .*↑ ")
        app.type("\x1b")
        app.wait_for("finished")
        app.type("q")
        assert app.wait() == 0
        assert LEAVE_ALTERNATE_SCREEN in app.bytes


def test_a_run_outlives_the_app_and_is_offered_again(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with Terminal("--num-epochs", "5000", env=env) as app:
        app.wait_for("BiLSTM 1×128")
        app.type("t")
        app.wait_for("running")
        app.wait_for(r"epoch \d+/5000")
        app.type("q")
        app.wait_for("A run is live")
        app.type("\r")
        assert app.wait() == 0
    assert the_run(tmp_path).is_live
    with Terminal(env=env, columns=100, rows=30) as again:
        again.wait_for("Being trained now")
        again.type("\r")
        again.wait_for(r"epoch \d+/5000")
        again.type("p")
        again.wait_for("paused")
        again.type("p")
        again.wait_for("running")
        again.type("s")
        again.wait_for("Stop the run")
        again.type("\r")
        again.wait_for(r"got \d+ / 360 with accuracy")
        again.wait_for("stopped")
        again.type("q")
        assert again.wait() == 0
    assert not the_run(tmp_path).is_live


def test_every_key_in_the_footer_does_what_it_says(tmp_path: Path) -> None:  # noqa: PLR0915
    env = environment(tmp_path)
    with Terminal("--num-epochs", "5000", env=env, columns=120, rows=36) as app:

        def press(key: str, shown: str) -> None:
            app.type(key)
            app.wait_for(shown)

        app.wait_for("^t Train p Pause s Stop l Rate i Inspect v View r Runs . Keys q Quit")
        press("t", r"epoch \d+/5000")
        press("p", "paused")
        press("p", "running")
        press("l", "Learning rate")
        app.type("\x7f" * 10)
        press("0.003\r", r"Learning rate 0\.003 after step")
        press("v", "a guess: no run yet|judged by")
        press("v", "training loss by step")
        press("?", "Leave the field")
        press("?", "accuracy % by epoch")
        press("s", "Stop the run")
        press("\r", r"got \d+ / 360 with accuracy")
        app.wait_for("stopped")
        press("\x10", "Redraw rate")
        press("\x1b", "^t Train")

        press("i", "of 360 test images taken wrongly")
        app.wait_for("^n Counts/Shares j Next mistake k Previous c Class esc Back")
        press("n", r"100\.0%")
        press("j", r"\(any class\)|No mistakes")
        press("c", r"\(0\)|No mistakes on 0")
        press("k", r"\(0\)|No mistakes on 0")
        press("\x1b", "training loss by step")

        press("r", "1 of 1, by run")
        app.wait_for("Open space Mark / Filter o Sort i Inspect e Resume c Copy p Pin n Note R Re")
        press(" ", "seconds")
        press("o", "by test %")
        press("/nothing", "0 of 1")
        press("\x7f" * 7, "1 of 1")
        app.type("\x1b")
        press("p", "▸")
        press("n", "A line on")
        press("mine\r", "mine")
        press("R", "The readable part of")
        app.type("\x7f" * 10)
        press("first\r", "first_")
        press("e", "has trained")
        press("\x1b", "by test %")
        press("c", "^t Train")
        press("r", "first_")
        press("i", "taken wrongly")
        press("\x1b", "stopped")
        press("r", "first_")
        press("\r", r"got \d+ / 360 with accuracy")
        press("r", "first_")
        press("d", "Delete this run")
        app.type("\x1b[C")
        press("\r", "No runs here yet")
        press("\x1b", "^t Train")
        press("q", "")
        assert app.wait() == 0


def test_a_killed_worker_is_a_dialog_and_a_hang_up_ends_the_app(tmp_path: Path) -> None:
    with Terminal("--num-epochs", "5000", env=environment(tmp_path)) as app:
        app.wait_for("BiLSTM 1×128")
        app.type("t")
        app.wait_for(r"epoch \d+/5000")
        holder = json.loads(the_run(tmp_path).lock_file.read_text(encoding="utf-8"))
        os.kill(holder["pid"], signal.SIGKILL)
        app.wait_for("The run was lost")
        app.type("\r")
        app.wait_for("lost")
        app.hang_up()
        assert app.process.wait(timeout=30) != 0


def test_a_terminal_that_cannot_show_it_is_refused(tmp_path: Path) -> None:
    with Terminal(env=environment(tmp_path, TERM="dumb")) as app:
        assert app.wait() == 2
        assert "--no-ui" in app.dump()

"""The installed app in a real terminal, training for real."""

import base64
import os
import signal
from pathlib import Path

import psutil

from .outside import holder, leave_cores_to_tests, the_run, trained
from .terminal import Terminal, environment

LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"


def test_one_key_from_start_to_the_accuracy_lines(tmp_path: Path) -> None:
    """Also after it was suspended and continued, and until Ctrl-C."""
    small = ["--hidden-size", "32", "--num-epochs", "8"]
    with Terminal(*small, env=environment(tmp_path)) as app:  # the smallest terminal
        app.wait_for("BiLSTM 1×32")
        app.type("\x1a")
        process = psutil.Process(app.process.pid)
        app.wait_for(lambda: process.status() == psutil.STATUS_STOPPED)
        app.wait_for(lambda: LEAVE_ALTERNATE_SCREEN in app.bytes)
        app.screen.reset()
        process.send_signal(signal.SIGCONT)
        app.wait_for("BiLSTM 1×32")
        app.type("t")
        app.wait_for(r"got \d+ / 360 with accuracy \d")
        app.wait_for("[\u2801-\u28ff]{2}")
        app.wait_for("finished")
        app.type("c")
        command = base64.b64encode(b"bilstm-tui --no-ui --dataset digits")
        app.wait_for(lambda: b"\x1b]52;c;" + command[:-4] in app.bytes)
        app.type("i")
        app.wait_for(r"\(95 %")
        app.wait_for("images: true, down; predicted, across")
        app.type("n")
        app.wait_for(r"\d\.\d%")
        app.type("j")
        app.wait_for(r": \d, predicted \d with")
        app.wait_for(r"\d→\d \d+%")
        app.type("\r")
        app.wait_for("↓ .*↑ ")
        app.type("\x1b")
        app.wait_for(r"\d→\d \d+%")
        app.type("\x1b")
        app.wait_for("finished")
        app.type("\x03")
        assert app.wait() == 0
        assert app.bytes.count(LEAVE_ALTERNATE_SCREEN) == 2


def test_a_run_outlives_the_app_and_is_offered_again(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with Terminal("--num-epochs", "5000", env=env) as app:
        app.wait_for("BiLSTM 1×128")
        app.type("t")
        app.wait_for("running")
        app.wait_for(r"epoch \d+/5000")
        leave_cores_to_tests(the_run(tmp_path))
        app.type("q")
        app.wait_for("Training in progress")
        app.type("\r")
        assert app.wait() == 0
        name = the_run(tmp_path).name
        app.wait_for(f"Follow it: bilstm-tui attach {name}")
        app.wait_for(f"Stop it:   bilstm-tui stop {name}")
    assert the_run(tmp_path).is_live
    with Terminal(env=env, columns=100, rows=30) as again:
        again.wait_for("Being trained now")
        again.type("\r")
        again.wait_for(r"epoch \d+/5000 +[━─]")  # with its bar: Home says the epoch, too
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


class Keys:
    """Presses keys in the app and looks what comes of it."""

    def __init__(self, app: Terminal) -> None:
        self._app = app

    def press(self, key: str, shown: str) -> None:
        """Press a key, and wait until something is shown."""
        self._app.type(key)
        self._app.wait_for(shown)

    def list_runs(self) -> None:
        """Go to the runs, and wait until they take keys: the foot is drawn last, then the rows."""
        self.press("r", "space Mark / Filter")
        self._app.wait_for("1 of 1, by run")

    def leave(self, gone: str, keys: str = "\x1b") -> None:
        """Press Escape or other keys, and wait until something is shown no longer."""
        self._app.type(keys)
        self._app.wait_for(lambda: gone not in self._app.dump())


def test_every_key_of_the_first_screen_does_what_it_says(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with Terminal("--num-epochs", "5000", env=env, columns=120, rows=36) as app:
        keys = Keys(app)
        app.wait_for(
            "t Train v View f Find rate / Setting c Copy r Runs w Sweeps . Keys q Quit h Home"
        )
        keys.press("f", "Suggested: 0.0")
        keys.leave("Suggested", "\r")
        app.wait_for(r"--learning-rate 0\.0")
        keys.press("t", r"epoch \d+/5000")
        leave_cores_to_tests(the_run(tmp_path))
        keys.press("p", "paused")
        keys.press("p", "running")
        keys.press("l", "From the next step on")
        keys.press("0.003\r", "learning rate changed")
        keys.press("v", "→ forward")
        keys.press("v", "not known before the first run|estimated from")
        keys.press("v", "An example of each class")
        keys.press("v", "training loss by step")
        keys.press("?", "List the keys")
        keys.leave("List the keys", "?")
        keys.press("s", "It finishes the step")
        keys.press("\r", r"got \d+ / 360 with accuracy")
        app.wait_for("stopped")
        app.type("q")
        assert app.wait() == 0


def test_every_key_that_leads_to_the_network_of_a_run_and_there(tmp_path: Path) -> None:
    env = environment(tmp_path)
    trained(env, num_epochs=2)
    with Terminal(env=env, columns=120, rows=36) as app:
        keys = Keys(app)
        app.wait_for("BiLSTM")
        keys.list_runs()
        keys.press("\r", r"got \d+ / 360 with accuracy")
        keys.press("\x10", "Search for commands")
        keys.press("Inspect", "key: i")
        keys.leave("key: i")
        keys.press("i", r"\(95 %")
        app.wait_for("j Mistakes c Class n Shares esc Back")
        keys.press("n", r"\d\.\d%")
        keys.press("j", r"^ 1 of \d+ \(any class\)")
        keys.press("j", r"^ 2 of \d+ \(any class\)")
        keys.press("k", r"^ 1 of \d+ \(any class\)")
        keys.press("c", r"\(\d\)")
        keys.leave("(95 %")
        keys.list_runs()
        keys.leave("by run")
        app.type("q")
        assert app.wait() == 0


def test_every_key_of_the_list_of_runs_does_what_it_says(tmp_path: Path) -> None:
    env = environment(tmp_path)
    trained(env, num_epochs=2)
    with Terminal(env=env, columns=120, rows=36) as app:
        keys = Keys(app)
        app.wait_for("BiLSTM")
        keys.list_runs()
        app.wait_for("Open space Mark / Filter o Sort i Inspect x Export e Resume c Copy p Pin")
        keys.press(" ", "seconds")
        keys.press("o", "by test %")
        keys.press("/nothing", "0 of 1")
        app.wait_for("To the runs")
        keys.press("\x7f" * 7, "1 of 1")
        keys.press("\x1b", "space Mark")
        keys.press("p", "▸")
        keys.press("n", "A note on")
        keys.leave("A note on", "mine\r")
        app.wait_for("mine")
        keys.press("R", "The readable part of")
        keys.leave("The readable part of", "first\r")
        app.wait_for("first_")
        keys.press("i", r"\(95 %")
        keys.leave("(95 %")
        app.wait_for("1 of 1, by test %")
        keys.press("c", "The form has the settings")
        keys.list_runs()
        keys.press("\r", r"got \d+ / 360 with accuracy")
        keys.list_runs()
        keys.press("e", "has trained 2 of 2 epochs")
        keys.press("3\r", "epoch 3/3")
        app.wait_for("finished")
        keys.list_runs()
        keys.press("d", "Delete this run")
        app.type("\x1b[C")
        keys.press("\r", "No runs yet")
        keys.leave("No runs yet")
        app.type("q")
        assert app.wait() == 0


def test_a_killed_worker_is_a_dialog_and_a_hang_up_ends_the_app(tmp_path: Path) -> None:
    with Terminal("--num-epochs", "5000", env=environment(tmp_path)) as app:
        app.wait_for("BiLSTM 1×128")
        app.type("t")
        app.wait_for(r"epoch \d+/5000")
        os.kill(holder(the_run(tmp_path)), signal.SIGKILL)
        app.wait_for("The run was lost")
        app.type("\r")  # resumes it
        app.wait_for("running")
        app.wait_for(r"epoch \d+/5000")
        os.kill(holder(the_run(tmp_path)), signal.SIGKILL)
        app.wait_for("The run was lost")
        app.type("\x1b")
        app.wait_for("lost")
        app.hang_up()
        assert app.process.wait(timeout=30) != 0


def test_a_terminal_that_cannot_show_it_is_refused(tmp_path: Path) -> None:
    with Terminal(env=environment(tmp_path, TERM="dumb")) as app:
        assert app.wait() == 2
        assert "--no-ui" in app.dump()

"""The app over SSH: a lost connection ends it, and nothing else."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bilstm_core.runs.run import Run

from .outside import holder, leave_cores_to_tests, steps, the_run, wait_until
from .ssh import PROMPT, Server, missing_tools
from .terminal import Terminal

_LINES = r"test \d+\.\d\d % \(\d+/360\)"
_TITLE = "training loss by step"
_AXIS_WIDTH = 12  # columns of the labels left of a chart, at most
_MUST_RUN = "BILSTM_REQUIRE_SSH" in os.environ  # before it is taken away with the other settings


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Server]:
    """A server to log in to, where its program is installed."""
    if missing := missing_tools():
        refuse = pytest.fail if _MUST_RUN else pytest.skip
        refuse(f"not installed: {', '.join(missing)}")
    with Server(tmp_path) as server:
        yield server


class Login:
    """Somebody who is logged in, and what they do there."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    @property
    def step(self) -> int:
        """How far the run on the screen is."""
        found = re.search(r"([\d,]+)/[\d,]+  loss", self.terminal.dump())
        return _whole(found[1]) if found else 0

    def command(self, line: str, shown: str) -> None:
        """Type a command, and wait until something is shown."""
        self.terminal.wait_for(PROMPT)
        self.press(f"{line}\r", shown)

    def press(self, keys: str, shown: str) -> None:
        """Press keys, and wait until something is shown."""
        self.terminal.type(keys)
        self.terminal.wait_for(shown)

    def begin(self) -> None:
        """Train, from the app and with a key, until there is some curve."""
        self.terminal.type("t")
        self.wait_for_step_after(40)

    def wait_for_step_after(self, step: int) -> None:
        """Wait until the run on the screen has got further."""
        self.terminal.wait_for(lambda: self.step > step)

    def wait_for_layout(self, columns: int, rows: int) -> None:
        """Wait until the screen is laid out for this size."""

        def fits() -> bool:
            lines = self.terminal.screen.display
            is_form_shown = any("hidden_size" in line for line in lines)
            ends_at_the_edge = any(line[columns - 1 :] == "━" for line in lines)  # below the tabs
            return (
                "q Quit" in lines[rows - 1]
                and ends_at_the_edge
                and is_form_shown == (columns >= 120)
            )

        self.terminal.wait_for(fits)

    def first_step(self) -> int:
        """Where the loss curve begins, by what the cross-hair says under the mouse."""
        self.terminal.wait_for(lambda: self._corner() is not None)
        corner = self._corner()
        assert corner
        row, column = corner[0] + 1, corner[1] + 1
        reading = r"step ([\d,]+)  "
        self.press(f"\x1b[<35;{column + 1};{row + 1}M", reading)  # they count from 1
        found = re.search(reading, self.terminal.dump())
        assert found
        return _whole(found[1])

    def _corner(self) -> tuple[int, int] | None:
        """Row and column of the upper left corner of the chart of losses, once it is drawn."""
        lines = self.terminal.lines
        for row, line in enumerate(lines[:-1]):
            if _TITLE in line:
                start = line.index(_TITLE)
                found = re.search("┌─", lines[row + 1][start : start + _AXIS_WIDTH])
                return (row + 1, start + found.start()) if found else None
        return None

    def leave(self) -> None:
        """Quit the app, and log out."""
        self.press("q", PROMPT)
        self.terminal.type("exit\r")
        assert self.terminal.wait() == 0


def _whole(number: str) -> int:
    return int(number.replace(",", ""))


def assert_that_the_run_alone_goes_on(server: Server, run: Run) -> None:
    """Soon after a connection is cut; where nothing else is left, nothing spins."""
    worker = holder(run)
    wait_until(lambda: [process.pid for process in server.processes()] == [worker])
    step = steps(run)
    wait_until(lambda: steps(run) > step)


def test_a_run_goes_on_when_the_client_is_killed(sshd: Server, tmp_path: Path) -> None:
    with sshd.log_in("xterm-256color", 160, 50) as terminal:
        login = Login(terminal)
        login.command("bilstm-tui --num-epochs 5000", "BiLSTM 1×128")
        login.begin()
        leave_cores_to_tests(the_run(tmp_path))
        for size in ((80, 24), (160, 50)):
            terminal.resize(*size)
            login.wait_for_layout(*size)
            login.wait_for_step_after(login.step)
        step = login.step
        terminal.process.kill()
        assert_that_the_run_alone_goes_on(sshd, the_run(tmp_path))
    with sshd.log_in("screen-256color", 120, 36) as terminal:
        again = Login(terminal)
        again.command("bilstm-tui", "Being trained now")
        again.press("\r", r"epoch \d+/5000")
        again.wait_for_step_after(step)
        assert again.first_step() < step
        again.press("s", "Stop the run")
        again.press("\r", _LINES)
        terminal.wait_for("stopped")
        again.leave()
    wait_until(lambda: not sshd.processes())


def test_a_run_goes_on_when_its_session_on_the_server_is_killed(
    sshd: Server, tmp_path: Path
) -> None:
    with sshd.log_in("linux", 120, 36) as terminal:
        login = Login(terminal)
        login.command("bilstm-tui --num-epochs 5000", "BiLSTM 1×128")
        login.begin()
        leave_cores_to_tests(the_run(tmp_path))
        step = login.step
        sshd.kill_sessions()
        assert_that_the_run_alone_goes_on(sshd, the_run(tmp_path))
        assert terminal.wait_undrawn() != 0
    with sshd.log_in("xterm-256color", 120, 36) as terminal:
        again = Login(terminal)
        again.command("bilstm-tui", "Being trained now")
        again.press("\r", r"epoch \d+/5000")
        again.wait_for_step_after(step)
        assert again.first_step() < step
        again.press("s", "Stop the run")
        again.press("\r", _LINES)
        terminal.wait_for("stopped")
        again.leave()
    wait_until(lambda: not sshd.processes())


def test_tmux_keeps_the_app(sshd: Server, tmp_path: Path) -> None:
    config = "set -g status off\nset -g default-terminal screen-256color\n"
    (tmp_path / ".tmux.conf").write_text(config, encoding="ascii")
    with sshd.log_in("xterm-256color", 160, 50) as terminal:
        login = Login(terminal)
        login.command("tmux -S tmux new bilstm-tui --num-epochs 5000", "BiLSTM 1×128")
        login.begin()
        leave_cores_to_tests(the_run(tmp_path))
        login.wait_for_layout(160, 50)
        step = login.step
        terminal.process.kill()
    with sshd.log_in("linux", 80, 24) as terminal:
        again = Login(terminal)
        again.command("tmux -S tmux attach", r"epoch \d+/5000")
        again.wait_for_layout(80, 24)
        again.wait_for_step_after(step)
        again.press("s", "Stop the run")
        again.press("\r", _LINES)
        terminal.wait_for("stopped")
        again.leave()
    wait_until(lambda: not sshd.processes())

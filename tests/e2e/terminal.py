"""A real terminal for the installed command: a pty, with pyte as the screen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

COMMAND = str(Path(sys.executable).with_name("bilstm-tui"))
PATIENCE_SECONDS = 60


def environment(home: Path, **variables: str) -> dict[str, str]:
    """A user's environment without the settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BILSTM_")}
    for name in (
        "NO_COLOR",
        "COLORTERM",
        "FORCE_COLOR",
        "COLUMNS",
        "LINES",
        "CI",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
    ):
        kept.pop(name, None)
    own = {"HOME": str(home), "TERM": "xterm-256color", "BILSTM_RUNS_DIR": str(home / "runs")}
    return {**kept, **own, **variables}


class Terminal:
    """A command in a terminal of its own.

    Args:
        arguments: Of the command.
        env: Its whole environment.
        columns: Width.
        rows: Height.
        command: What is started, if not `bilstm-tui`.
    """

    def __init__(
        self,
        *arguments: str,
        env: dict[str, str],
        columns: int = 80,
        rows: int = 24,
        command: str = COMMAND,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.bytes = b""
        self._lines: dict[int, str] = {}
        self._stream = pyte.ByteStream(self.screen)
        self._terminal, inside = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [command, *arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=env,
            start_new_session=True,
            # make the pty the controlling terminal, so that Ctrl-C becomes a signal
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self._terminal >= 0:
            os.close(self._terminal)

    @property
    def lines(self) -> list[str]:
        """The screen, without blanks at the ends of lines and below the text.

        `pyte` makes every line anew, which takes longer than all that is looked for in them.
        """
        for row in self.screen.dirty:
            cells = self.screen.buffer[row]
            line = "".join(cells[column].data for column in range(self.screen.columns))
            self._lines[row] = line.rstrip()
        self.screen.dirty.clear()
        lines = (self._lines[row] for row in range(self.screen.lines))
        return "\n".join(lines).rstrip().split("\n")

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the kernel tells the command so, with SIGWINCH."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Take the terminal away, as a lost connection does."""
        os.close(self._terminal)
        self._terminal = -1

    def wait_for(self, what: str | Callable[[], bool]) -> None:
        """Read until a pattern is on the screen, or a condition holds."""
        if isinstance(what, str):
            pattern = re.compile(what)
            condition = lambda: any(map(pattern.search, self.lines))  # noqa: E731
        else:
            condition = what
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"timed out waiting for {what}:\n" + self.dump()
            if not self._read(0.1) and self.process.poll() is not None and not self._read(0.1):
                assert condition(), f"ended before {what}:\n" + self.dump()

    def drain(self, seconds: float, until: bytes | None = None) -> bytes:
        """Read without drawing, which takes longer than what is measured here.

        Args:
            seconds: How long.
            until: Read no further than this.
        """
        end = time.monotonic() + seconds
        got = b""
        while (left := end - time.monotonic()) > 0 and not (until and until in got):
            if select.select([self._terminal], [], [], left)[0]:
                got += os.read(self._terminal, 65536)
        return got

    def wait(self) -> int:
        """Read to the end; the exit code."""
        self.wait_for(lambda: self.process.poll() is not None)
        while self._read(0.1):
            pass
        return self.process.wait()

    def wait_undrawn(self) -> int:
        """The exit code of a command that is cut off: `pyte` fails at half a sequence."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "timed out waiting for the end"
            self._take(0.1)
        return self.process.wait()

    def dump(self) -> str:
        return "\n".join(self.lines)

    def _read(self, seconds: float) -> bool:
        """Feed what has come to the screen; whether anything had."""
        data = self._take(seconds)
        self._stream.feed(data)
        return bool(data)

    def _take(self, seconds: float) -> bytes:
        """What has come; empty if nothing has, or at the end."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # Linux's end of file on a pty whose other side is closed
            return b""
        self.bytes += data
        return data

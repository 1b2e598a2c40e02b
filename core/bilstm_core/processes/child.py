"""A process of ours that answers questions, for a process with an event loop."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from threading import Thread

from .worker_client import answer_pipe, no_process_error


class Child:
    """A module of this package in a process of its own; it reads questions from its input.

    The last of its arguments is the descriptor to answer on. A cancelled task leaves no process:
    `close` does not wait.

    Attributes:
        answers: What the process writes.
    """

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        answers: asyncio.StreamReader,
        pipe: asyncio.ReadTransport,
    ) -> None:
        self._process = process
        self._pipe = pipe
        self.answers = answers

    @classmethod
    async def start(cls, module: str, *arguments: str, longest_line: int = 1 << 16) -> "Child":
        """Start `bilstm_core.processes.MODULE`.

        Raises:
            InstallationError: The system cannot start a process.
        """
        answers = asyncio.StreamReader(longest_line)
        with answer_pipe() as (readable, writable):
            pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(answers), readable
            )
            name = f"bilstm_core.processes.{module}"
            try:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", name, *arguments, str(writable)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,  # a library may print; that is not an answer
                    stderr=subprocess.DEVNULL,
                    pass_fds=(writable,),
                    # one thread: a run may be training at the same time
                    env={**os.environ, "OMP_NUM_THREADS": "1"},
                )
            except BaseException as error:
                pipe.close()
                if isinstance(error, OSError):
                    raise no_process_error(error) from None
                raise
        return cls(process, answers, pipe)

    async def ask(self, question: str) -> None:
        """Send a question, a line of JSON; if the process has exited, no answer comes."""
        await asyncio.to_thread(self._write, question.encode() + b"\n")

    def _write(self, line: bytes) -> None:
        assert self._process.stdin  # noqa: S101 - for the type checker
        with suppress(OSError, ValueError):  # it has exited, or is closed
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def close(self) -> None:
        """Kill the process."""
        self._pipe.close()
        if self._process.returncode is None:
            self._process.kill()
            # a process on a network drive that does not answer cannot be waited for
            Thread(target=self._reap, daemon=True).start()

    def _reap(self) -> None:
        self._process.wait()
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()

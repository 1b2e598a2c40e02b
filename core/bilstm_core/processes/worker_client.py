"""Starts runs in processes of their own, which outlive the terminal."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any

from .. import events
from ..config.schema import RunConfig
from ..errors import (
    BilstmError,
    InstallationError,
    RelayedError,
    RunFolderMissingError,
    TrainingError,
)
from ..files import is_missing, open_inside
from ..runs.run import Run
from ..training.learning_rate_curve import LearningRateCurve

_LAST_LINES = 8
_TAIL_BYTES = 1 << 12
_SIGNAL_BASE = 128
"""A process that a signal ended exits with this and the signal's number."""


@contextmanager
def answer_pipe() -> Iterator[tuple[IO[bytes], int]]:
    """What a child's answers come from, and the descriptor that it is to write them to.

    Ours of the latter is closed in the end, so that the child's end is the end of the answers.
    """
    ours, theirs = os.pipe()
    answers = os.fdopen(ours, "rb")
    try:
        yield answers, theirs
    except BaseException:
        answers.close()
        raise
    finally:
        os.close(theirs)


class Worker:
    """A process that waits, PyTorch loaded, for the one order that it will carry out.

    Raises:
        InstallationError: The system starts no more processes.
    """

    def __init__(self) -> None:
        self._diagnostics = _file_for_diagnostics()
        try:
            self._start()
        except OSError as error:
            self._diagnostics.close()
            raise InstallationError(
                f"No process could be started: {error.strerror or error}.",
                "End some that are not needed, or ask for a higher limit: ulimit -a.",
                title="No process could be started",
            ) from None

    def _start(self) -> None:
        with answer_pipe() as (self._answers, to_us):
            self._process = subprocess.Popen(
                # -P: a file of the user's that is called torch.py is none of our business
                [sys.executable, "-P", "-m", "bilstm_core.processes.worker", str(to_us)],
                stdin=subprocess.PIPE,
                stdout=self._diagnostics,  # whatever a library prints is no answer
                stderr=self._diagnostics,
                pass_fds=(to_us,),
                start_new_session=True,
            )

    def expect(self, config: RunConfig) -> None:
        """Have it make ready for an order to train this."""
        self._say({"command": "expect", "config": config.model_dump()})

    def order(self, order: dict[str, Any]) -> Run:
        """Have it begin or resume a run; returns once the run is on its way.

        Args:
            order: As `bilstm_core.worker` takes it.

        Raises:
            RelayedError: It refused the order.
            InstallationError: It did not get as far as answering.
        """
        run = Run(Path(json.loads(self._answer(order))["run"]))
        # the run goes on without us; whether it ended is told by its folder, not its exit code
        self._process.returncode = 0
        Thread(target=_wait_for_end, args=(self._process.pid,), daemon=True).start()
        return run

    def find_learning_rate(self, config: RunConfig, data_dir: str | None) -> LearningRateCurve:
        """Have it try learning rates.

        Raises:
            RelayedError: It could not.
            InstallationError: It did not get as far as answering.
        """
        order = {
            "command": "find_learning_rate",
            "config": config.model_dump(),
            "data_dir": data_dir,
        }
        answer = self._answer(order)
        self._process.wait()
        return LearningRateCurve.model_validate_json(answer)

    def _answer(self, order: dict[str, Any]) -> bytes:
        process = self._process
        assert process.stdin  # noqa: S101 - for the type checker
        with self._diagnostics, self._answers:
            try:
                self._say(order)
                with suppress(BrokenPipeError):
                    process.stdin.close()
                answer = self._answers.readline()
            except KeyboardInterrupt:
                process.terminate()
                raise
            if not answer:
                raise self._no_answer(process.wait())
        if json.loads(answer).get("type") == "failed":
            raise relayed(answer)
        return answer

    def _say(self, order: dict[str, Any]) -> None:
        assert self._process.stdin  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError):  # it has ended already; why is told where it has no answer
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()

    def cancel(self) -> None:
        """End it while it works on an answer."""
        self._process.kill()

    def dismiss(self) -> None:
        """Let it go without an order."""
        self._process.kill()  # it holds nothing yet, and an import may outlast a milder word
        self._process.communicate()
        self._diagnostics.close()
        self._answers.close()

    def _no_answer(self, code: int) -> BilstmError:
        if code < 0 or code > _SIGNAL_BASE:
            return RelayedError(
                "The worker was stopped by a signal before it could begin; no run was made.",
                "Start it again.",
                title="Stopped",
                exit_code=_SIGNAL_BASE + abs(code) % _SIGNAL_BASE,
            )
        self._diagnostics.seek(0)
        last = self._diagnostics.read().decode(errors="replace").strip().splitlines()[-3:]
        return InstallationError(
            "The worker ended before it could begin.\n" + "\n".join(last),
            "`bilstm-tui doctor` looks for the reason.",
        )


def _file_for_diagnostics() -> IO[bytes]:
    """A file, not a pipe: nobody reads it once we are gone. On a full disk they are lost."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return Path(os.devnull).open("w+b")


def _wait_for_end(pid: int) -> None:
    """The system keeps a trace of a child that has ended until somebody asks for it."""
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def relayed(line: bytes | events.Failed) -> RelayedError:
    """A `failed` event as the error that it was."""
    failed = line if isinstance(line, events.Failed) else events.from_json(line)
    assert isinstance(failed, events.Failed)  # noqa: S101 - the worker says nothing else
    message = "\n".join(filter(None, (failed.message, failed.details)))
    return RelayedError(message, failed.advice, title=failed.title, exit_code=failed.exit_code)


def lost(run: Run) -> BilstmError:
    """What to say of a run whose process left no word."""
    if is_missing(run.path):
        return RunFolderMissingError(run.path)
    return TrainingError(
        f"The process of {run.name} is gone and left no word: it was killed, or the machine was "
        f"restarted.\n{_last_lines(run)}".strip(),
        f"Go on from its last checkpoint: bilstm-tui resume {run.name}\n"
        f"What it printed: {run.worker_log_file}",
        title="The run was lost",
    )


def _last_lines(run: Run) -> str:
    """The end of what a run's process printed, however much that is."""
    try:
        with open_inside(run.worker_log_file, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-_LAST_LINES:])
    except OSError:
        return ""

"""Starts runs in processes of their own, which outlive the terminal."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, TypeVar

from .. import errors, events
from ..config.schema import RunConfig
from ..files import is_missing, read_bytes, size_of
from ..runs.run import Run
from ..training.learning_rate_curve import LearningRateCurve
from . import protocol
from .protocol import FindLearningRate, ResumeRun, StartRun

_LAST_LINES = 8
_TAIL_BYTES = 1 << 12
_SIGNAL_BASE = 128
"""A process that a signal ended exits with this plus the signal's number."""

_A = TypeVar("_A", bound=protocol.Answer)


@contextmanager
def answer_pipe() -> Iterator[tuple[IO[bytes], int]]:
    """A file to read a child process's answers from, and the descriptor for it to write them to.

    This process closes the descriptor afterwards, so that the answers end when the child exits.
    """
    readable, writable = os.pipe()
    answers = os.fdopen(readable, "rb")
    try:
        yield answers, writable
    except BaseException:
        answers.close()
        raise
    finally:
        os.close(writable)


class WorkerClient:
    """Starts a worker, which carries out one order.

    Raises:
        InstallationError: The system cannot start a process.
    """

    def __init__(self) -> None:
        self._diagnostics = _file_for_diagnostics()
        try:
            with answer_pipe() as (self._answers, writable):
                self._process = subprocess.Popen(
                    # -P: a file torch.py in the working directory is not imported
                    [sys.executable, "-P", "-m", "bilstm_core.processes.worker", str(writable)],
                    stdin=subprocess.PIPE,
                    stdout=self._diagnostics,  # a library may print; that is not an answer
                    stderr=self._diagnostics,
                    pass_fds=(writable,),
                    start_new_session=True,
                )
        except OSError as error:
            self._diagnostics.close()
            raise no_process_error(error) from None

    def prepare(self, config: RunConfig) -> None:
        """Have it prepare for an order to train this."""
        self._send(protocol.Prepare(config=config))

    def open_run(self, order: StartRun | ResumeRun) -> Run:
        """Have it start or resume a run; returns once the run is open.

        Raises:
            RelayedError: It could not.
            InstallationError: It exited without an answer.
        """
        run = Run(self._ask(order, protocol.RunOpened).run)
        # the run outlives this process; its folder says how it ended, not the exit code
        self._process.returncode = 0
        Thread(target=_wait_for_end, args=(self._process.pid,), daemon=True).start()
        return run

    def find_learning_rate(self, order: FindLearningRate) -> LearningRateCurve:
        """Have it try learning rates.

        Raises:
            RelayedError: It could not.
            InstallationError: It exited without an answer.
        """
        curve = self._ask(order, protocol.LearningRateFound).curve
        self._process.wait()
        return curve

    def _ask(self, order: StartRun | ResumeRun | FindLearningRate, expected: type[_A]) -> _A:
        process = self._process
        assert process.stdin  # noqa: S101 - for the type checker
        with self._diagnostics, self._answers:
            try:
                self._send(order)
                with suppress(BrokenPipeError):
                    process.stdin.close()
                answer = self._answers.readline()
            except KeyboardInterrupt:
                process.terminate()
                raise
            if not answer:
                raise self._no_answer_error(process.wait())
        try:
            return parse_answer(answer, expected)
        except errors.RelayedError:
            process.wait()  # it could not, and ends
            raise

    def _send(self, order: protocol.Prepare | StartRun | ResumeRun | FindLearningRate) -> None:
        assert self._process.stdin  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError):  # it has exited; `_ask` reports why
            self._process.stdin.write(protocol.to_json(order).encode() + b"\n")
            self._process.stdin.flush()

    def cancel(self) -> None:
        """End the worker while it carries out an order."""
        self._process.kill()

    def close(self) -> None:
        """End a worker that was given no order."""
        self._process.kill()  # it has nothing to save; SIGTERM would wait for an import to end
        self._process.communicate()
        self._diagnostics.close()
        self._answers.close()

    def _no_answer_error(self, code: int) -> errors.BilstmError:
        if code < 0 or code > _SIGNAL_BASE:
            return errors.RelayedError(
                "A signal ended the worker before it answered; no run was created.",
                "Start it again; if memory had run out, lower batch_size or hidden_size first.",
                title="Stopped",
                exit_code=_SIGNAL_BASE + abs(code) % _SIGNAL_BASE,
            )
        self._diagnostics.seek(0)
        last = self._diagnostics.read().decode(errors="replace").strip().splitlines()[-3:]
        return errors.InstallationError(
            "The worker exited before it could start.\n" + "\n".join(last),
            errors.Remedy("Check the installation.", "doctor"),
        )


def _file_for_diagnostics() -> IO[bytes]:
    """A file, not a pipe: the worker may outlive its reader. Discards all if the disk is full."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return Path(os.devnull).open("w+b")


def _wait_for_end(pid: int) -> None:
    """Avoid a zombie: the system keeps an ended child until its parent waits for it."""
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def parse_answer(line: bytes, *expected: type[_A]) -> _A:
    """The answer in a line, of one of these types.

    Raises:
        RelayedError: It is a `failed` event.
        InstallationError: It is not such an answer.
    """
    try:
        answer = protocol.from_json(line, *expected, events.Failed)
    except ValueError as error:
        problem = f"The answer of a process was not understood: {error}."
        raise errors.InstallationError(problem) from None
    if isinstance(answer, events.Failed):
        raise error_from_event(answer)
    return answer


def no_process_error(error: OSError) -> errors.InstallationError:
    """The error for a process that the system does not start."""
    return errors.InstallationError(
        f"No process could be started: {error.strerror or error}.",
        "End some that are not needed, or raise a limit that `ulimit -a` lists.",
        title="No process could be started",
    )


def error_from_event(
    failed: events.Failed, problems: Mapping[str, str] | None = None
) -> errors.RelayedError:
    """A `failed` event as the error that it reports, with what is wrong with each setting."""
    message = "\n".join(filter(None, (failed.message, failed.details)))
    remedies = {remedy.text: remedy for remedy in failed.remedies}
    advice = (remedies.get(line, line) for line in failed.advice.splitlines())
    return errors.RelayedError(
        message, *advice, title=failed.title, exit_code=failed.exit_code, problems=problems
    )


def lost_run_error(run: Run) -> errors.BilstmError:
    """The error for a run whose process exited without reporting a result."""
    if is_missing(run.path):
        return errors.RunFolderMissingError(run.path)
    start = max(0, size_of(run.worker_log_file) - _TAIL_BYTES)
    printed = read_bytes(run.worker_log_file, start, _TAIL_BYTES).decode(errors="replace")
    last = "\n".join(printed.splitlines()[-_LAST_LINES:])
    return errors.TrainingError(
        f"The process of {run.name} exited without reporting a result: it was killed, or the "
        f"machine was restarted.\n{last}".strip(),
        errors.Remedy("Resume it from its last checkpoint.", "resume", run.name),
        f"What it printed: {run.worker_log_file}",
        title="The run was lost",
    )

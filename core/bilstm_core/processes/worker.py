"""`python -m bilstm_core.processes.worker ANSWERS`: trains one run, in a process of its own.

`protocol` describes its orders and answers. Once the run is open, the worker releases the streams
that it was started with and prints into the run's `worker.log`. It is started as a session leader,
so that it outlives the terminal.
"""

import os
import select
import sys
import traceback
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from ..compute.garbage import collect_rarely
from ..compute.openmp import limit_spinning
from ..config.schema import RunConfig
from ..errors import (
    INTERNAL_ERROR_EXIT_CODE,
    BilstmError,
    InstallationError,
    imports_in_words,
)
from ..events import Failed
from ..paths import require_working_directory
from ..runs.store import require_writable_runs_dir
from . import protocol
from .protocol import FindLearningRate, ResumeRun, StartRun
from .signals import StopRequest

if TYPE_CHECKING:
    from .session import Session


def main() -> int:
    """Carry out the order; the result is the process's exit code."""
    answers = int(sys.argv[1])  # before any run is made
    limit_spinning()
    collect_rarely()
    stop = StopRequest()
    stop.listen()
    try:
        require_working_directory()
        order = _read_order()
        if not order:  # the parent process has ended
            return 0
        if isinstance(order, StartRun):
            require_writable_runs_dir(order.runs_dir)
        with imports_in_words(), stop.before_training():
            if isinstance(order, FindLearningRate):
                from ..training.learning_rate_finder import find_learning_rate

                curve = find_learning_rate(order.config, data_dir=order.data_dir)
                _answer(answers, protocol.LearningRateFound(curve=curve))
                return 0
            from .session import open_session  # imports torch: seconds

            session = open_session(order)
    except BilstmError as error:
        _answer(answers, Failed.from_error(error))
        return error.exit_code
    _redirect_stderr(session)
    _answer(answers, protocol.RunOpened(run=session.run.path))
    _release_streams()
    try:
        return session.train(lambda _: None, stop)
    except BilstmError as error:
        traceback.print_exc()
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return INTERNAL_ERROR_EXIT_CODE


def _read_order() -> StartRun | ResumeRun | FindLearningRate | None:
    """The order to carry out, or None if stdin ended; prepares for what is expected meanwhile.

    Raises:
        InstallationError: A line cannot be understood, or PyTorch cannot be imported.
    """
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as lines:  # see `_has_input`
        while line := lines.readline():
            try:
                order = protocol.from_json(
                    line, protocol.Prepare, StartRun, ResumeRun, FindLearningRate
                )
            except ValueError as error:
                raise InstallationError(
                    f"The worker does not understand its order: {error}.",
                    "If bilstm-tui was updated while it was running, start it again.",
                    title="The order was not understood",
                ) from None
            if not isinstance(order, protocol.Prepare):
                return order
            if not _has_input():
                _prepare(order.config)
    return None


def _has_input() -> bool:
    """Whether another line waits on stdin; one that was read into a buffer would be missed."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _prepare(config: RunConfig) -> None:
    """Load and measure in advance what takes seconds; allocates no GPU memory.

    Raises:
        InstallationError: PyTorch cannot be imported; a second attempt would fail otherwise.
    """
    with imports_in_words():
        from ..training.lane_tuning import measure_in_advance
    with suppress(Exception):  # reported when an order needs it
        _load_libraries()
        if not _has_input():
            measure_in_advance(config)


@cache
def _load_libraries() -> None:
    """Train a tiny network: PyTorch loads much of itself at the first use."""
    from ..training.trainer import train

    tiny = RunConfig(dataset="digits", hidden_size=2, num_epochs=1, device="cpu", threads=1)
    train(tiny, lambda _: None, should_stop=_has_input)
    from . import session  # noqa: F401


def _redirect_stderr(session: "Session") -> None:
    """Send stderr to the run's file; if it cannot be opened, training continues without one."""
    path = session.run.worker_log_file
    try:
        with session.lock.folder.open(path.name, "ab") as file:
            os.dup2(file.fileno(), sys.stderr.fileno())
    except OSError as error:
        sys.stderr.write(f"{path} cannot be written: {error}\n")


def _answer(answers: int, answer: protocol.Answer) -> None:
    # the parent process may have ended; the run continues
    with suppress(OSError), os.fdopen(answers, "w", encoding="utf-8") as file:
        file.write(protocol.to_json(answer) + "\n")


def _release_streams() -> None:
    """Close the streams of the parent process: neither process waits for the other's to end."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main())

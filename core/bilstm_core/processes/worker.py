"""`python -m bilstm_core.processes.worker ANSWERS`: one run in a process of its own.

It reads one order, a line of JSON, from stdin: `{"command": "start", "config": {…}, "runs_dir":
"…", "name": …, "data_dir": …}` or `{"command": "resume", "run": "…", "changes": {…},
"data_dir": …}`. It answers with one line into the file descriptor ANSWERS, `{"run": "…"}` with the
run's folder, or a `failed` event where no run could be begun; then it lets go of the streams that
it was given and prints into the run's `worker.log`. Started as a session leader, it outlives the
terminal.

Before the order, any number of lines `{"command": "expect", "config": {…}}` may say what will
probably be ordered: it makes ready for the last of them, so that the order is begun at once.

A third order, `{"command": "find_learning_rate", "config": {…}, "data_dir": …}`, makes no run: a line with
a `LearningRateCurve` answers it, and that is all.
"""

import json
import os
import select
import sys
import traceback
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from ..compute.openmp import limit_spinning
from ..config.schema import RunConfig
from ..errors import INTERNAL_ERROR_EXIT_CODE, BilstmError
from ..events import to_json
from ..files import open_inside
from ..runs.run import Run
from .signals import StopRequest


def main() -> int:
    """Carry out the order; the result is the process's exit code."""
    answers = int(sys.argv[1])  # before any run is made
    limit_spinning()
    stop = StopRequest()
    stop.listen()
    order = _await_order()
    if not order:  # whoever started us has gone
        return 0
    try:
        with stop.beginning():
            if order["command"] == "find_learning_rate":
                _answer(answers, _rate_curve(order))
                return 0
            session = _open(order)
    except BilstmError as error:
        from ..training.failures import failed_event  # imports torch: seconds

        _answer(answers, to_json(failed_event(error)))
        return error.exit_code
    _print_into(session.run.worker_log_file)
    _answer(answers, json.dumps({"run": str(session.run.path)}))
    _let_go_of_streams()
    try:
        return session.train(lambda _: None, stop)
    except BilstmError as error:
        traceback.print_exc()
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return INTERNAL_ERROR_EXIT_CODE


def _await_order() -> dict[str, Any] | None:
    """The order, or None if none will come; makes ready for what is expected meanwhile."""
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as lines:  # see `_is_told_more`
        while line := lines.readline():
            order = json.loads(line)
            if order["command"] != "expect":
                return order
            if not _is_told_more():
                _make_ready(order["config"])
    return None


def _is_told_more() -> bool:
    """Whether a line waits to be read; one that is in a buffer would not be seen."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _make_ready(settings: dict[str, Any]) -> None:
    """Load and measure what takes seconds while nobody waits; no memory of a GPU is taken."""
    with suppress(Exception):  # told when an order needs it
        _load_libraries()
        if _is_told_more():
            return
        from ..training.thread_tuning import measure_in_advance

        measure_in_advance(RunConfig.model_validate(settings))


@cache
def _load_libraries() -> None:
    """PyTorch loads much of itself at the first use: so a little is trained."""
    from ..training.trainer import train

    little = RunConfig(dataset="digits", hidden_size=2, num_epochs=1, device="cpu", threads=1)
    train(little, lambda _: None, should_stop=_is_told_more)
    from . import session  # noqa: F401


def _open(order: dict[str, Any]) -> Any:
    from .session import resume_run, start_run

    data_dir = _data_dir(order)
    if order["command"] == "start":
        config = RunConfig.model_validate(order["config"])
        return start_run(config, Path(order["runs_dir"]), order.get("name"), data_dir)
    return resume_run(Run(Path(order["run"])), order.get("changes", {}), data_dir)


def _rate_curve(order: dict[str, Any]) -> str:
    from ..training.learning_rate_finder import find_learning_rate

    config = RunConfig.model_validate(order["config"])
    return find_learning_rate(config, data_dir=_data_dir(order)).model_dump_json()


def _data_dir(order: dict[str, Any]) -> Path | None:
    return Path(order["data_dir"]) if order.get("data_dir") else None


def _print_into(path: Path) -> None:
    """From now on, what goes to stderr goes to a file; a run goes on without one, too."""
    try:
        with open_inside(path, "ab") as file:
            os.dup2(file.fileno(), sys.stderr.fileno())
    except OSError as error:
        sys.stderr.write(f"{path} cannot be written: {error}\n")


def _answer(answers: int, line: str) -> None:
    # whoever asked may have gone; the run goes on
    with suppress(OSError), os.fdopen(answers, "w", encoding="utf-8") as file:
        file.write(line + "\n")


def _let_go_of_streams() -> None:
    """Whoever started us shall not wait for our streams to close, nor we for theirs."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main())

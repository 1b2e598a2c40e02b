"""Starts runs in processes of their own, which outlive the terminal."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bilstm_core import events
from bilstm_core.errors import InstallationError, RelayedError
from bilstm_core.runs import Run

_SIGNAL_BASE = 128
"""A process that a signal ended exits with this and the signal's number."""


def launch(order: dict[str, Any]) -> Run:
    """Have a worker carry out an order; returns once its run is on its way.

    Args:
        order: As `bilstm_core.worker` takes it.

    Raises:
        RelayedError: The worker refused the order.
        InstallationError: It did not get as far as answering.
    """
    # a file, not a pipe: nobody reads it once we are gone
    with tempfile.TemporaryFile() as diagnostics:
        worker = subprocess.Popen(
            # -P: a file of the user's that is called torch.py is none of our business
            [sys.executable, "-P", "-m", "bilstm_core.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=diagnostics,
            start_new_session=True,
        )
        try:
            assert worker.stdin  # noqa: S101 - for the type checker
            assert worker.stdout  # noqa: S101
            worker.stdin.write(json.dumps(order).encode() + b"\n")
            worker.stdin.close()
            answer = worker.stdout.readline()
            worker.stdout.close()
        except KeyboardInterrupt:
            worker.terminate()
            raise
        if not answer:
            code = worker.wait()
            if code < 0 or code > _SIGNAL_BASE:
                raise RelayedError(
                    "The worker was stopped by a signal before it could begin; no run was made.",
                    "Start it again.",
                    title="Stopped",
                    exit_code=_SIGNAL_BASE + abs(code) % _SIGNAL_BASE,
                )
            diagnostics.seek(0)
            last = diagnostics.read().decode(errors="replace").strip().splitlines()[-3:]
            raise InstallationError(
                "The worker ended before it could begin.\n" + "\n".join(last),
                "`bilstm-tui doctor` looks for the reason.",
            )
    # the run goes on without us; whether it ended is told by its folder, not by its exit code
    worker.returncode = 0
    content = json.loads(answer)
    if "run" in content:
        return Run(Path(content["run"]))
    raise relayed(answer)


def relayed(line: bytes | events.Failed) -> RelayedError:
    """A `failed` event as the error that it was."""
    failed = line if isinstance(line, events.Failed) else events.from_json(line)
    assert isinstance(failed, events.Failed)  # noqa: S101 - the worker says nothing else
    message = "\n".join(filter(None, (failed.message, failed.details)))
    return RelayedError(message, failed.advice, title=failed.title, exit_code=failed.exit_code)

"""Asks about a trained network; the answers come from a process of their own."""

import asyncio
import json
import os
import sys
from pathlib import Path

from .. import events
from ..errors import InstallationError
from ..inference.report import ExaminationReport, StepwisePrediction
from ..runs.run import Run
from .worker_client import answer_pipe, relayed

_LONGEST_LINE_BYTES = 1 << 26


class ExaminerClient:
    """One run's network, to be asked.

    Args:
        run: The run.
        data_dir: The folder of the data sets.
    """

    def __init__(self, run: Run, data_dir: Path) -> None:
        self._arguments = [str(run.path), str(data_dir)]
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def examine(self) -> ExaminationReport:
        """Start, and wait for what there is to see.

        Raises:
            RelayedError: There is no model, or no data.
            InstallationError: The process ended without an answer.
        """
        self._answers = asyncio.StreamReader(_LONGEST_LINE_BYTES)
        with answer_pipe() as (answers, to_us):
            self._pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(self._answers), answers
            )
            command = (sys.executable, "-P", "-m", "bilstm_core.processes.examiner")
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *(*command, *self._arguments, str(to_us)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.DEVNULL,  # whatever a library prints is no answer
                    stderr=asyncio.subprocess.DEVNULL,
                    pass_fds=(to_us,),
                    env={**os.environ, "OMP_NUM_THREADS": "1"},  # a run may be training beside it
                )
            except BaseException:  # cancelled, too: whoever asked may have left
                self._pipe.close()
                raise
        answer = await self._line()
        if answer.startswith(b'{"type":"failed"'):
            failed = events.from_json(answer)
            assert isinstance(failed, events.Failed)  # noqa: S101 - for the type checker
            raise relayed(failed)
        return ExaminationReport.model_validate_json(answer)

    async def read(self, pixels: list[list[float]]) -> StepwisePrediction:
        """How the network takes an image, rows of brightness from 0 to 1.

        Raises:
            InstallationError: The process has ended.
        """
        # whoever asks may lose interest; an answer left unread would be taken for the next one
        return await asyncio.shield(self._ask(pixels))

    async def _ask(self, pixels: list[list[float]]) -> StepwisePrediction:
        async with self._turn:
            assert self._process and self._process.stdin  # noqa: S101, PT018
            self._process.stdin.write(json.dumps({"pixels": pixels}).encode() + b"\n")
            return StepwisePrediction.model_validate_json(await self._line())

    async def close(self) -> None:
        """Let it end."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
            self._pipe.close()

    async def _line(self) -> bytes:
        line = await self._answers.readline()
        if not line:
            raise InstallationError(
                "The process that looks into networks has ended.",
                "`bilstm-tui doctor` looks for the reason.",
            )
        return line

"""Examines a trained network in a process of its own."""

import asyncio
import os
import sys
from pathlib import Path

from ..errors import DataError, InstallationError, Remedy
from ..inference.report import Drawing, ExaminationReport, StepwisePrediction
from ..runs.run import Run
from .protocol import (
    Examined,
    Question,
    ReadSequence,
    ReadTestSequence,
    SequenceRead,
    to_json,
)
from .worker_client import answer_pipe, parse_answer

_MAX_LINE_BYTES = 1 << 26


class ExaminerClient:
    """Asks about the network of one run."""

    def __init__(self, run: Run, data_dir: Path) -> None:
        module = "bilstm_core.processes.examiner"
        self._command = [sys.executable, "-P", "-m", module, str(run.path), str(data_dir)]
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def examine(self) -> ExaminationReport:
        """Start the process, and wait for its report.

        Raises:
            RelayedError: There is no model, or it cannot be read.
            DataError: The report has more classes than can be handed over.
            InstallationError: The process exited without an answer.
        """
        self._answers = asyncio.StreamReader(_MAX_LINE_BYTES)
        with answer_pipe() as (answers, writable):
            self._pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(self._answers), answers
            )
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *(*self._command, str(writable)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.DEVNULL,  # a library may print; that is not an answer
                    stderr=asyncio.subprocess.DEVNULL,
                    pass_fds=(writable,),
                    # one thread: a run may be training at the same time
                    env={**os.environ, "OMP_NUM_THREADS": "1"},
                )
            except BaseException:  # also when the task is cancelled
                self._pipe.close()
                raise
        return parse_answer(await self._read_line(), Examined).report

    async def read(self, inputs: list[list[float]]) -> StepwisePrediction:
        """Predict one sequence, of shape (T, num_features), step by step.

        Raises:
            RelayedError: The process did not understand the question.
            InstallationError: The process has exited.
        """
        # the answer is read even if the caller is cancelled: the next call would get it otherwise
        question = ReadSequence(inputs=inputs)
        return (await asyncio.shield(self._ask(question))).prediction

    async def read_test_sequence(self, index: int) -> tuple[StepwisePrediction, Drawing]:
        """Predict a sequence of the test data step by step, and get it reduced for drawing.

        Args:
            index: Its position in the test data, as in a mistake of the report.

        Raises:
            RelayedError: The process did not understand the question.
            InstallationError: The process has exited.
        """
        answer = await asyncio.shield(self._ask(ReadTestSequence(index=index)))
        assert answer.drawing  # noqa: S101 - which that question is answered with
        return answer.prediction, answer.drawing

    async def _ask(self, question: Question) -> SequenceRead:
        async with self._one_at_a_time:
            assert self._process and self._process.stdin  # noqa: S101, PT018
            self._process.stdin.write(to_json(question).encode() + b"\n")
            return parse_answer(await self._read_line(), SequenceRead)

    async def close(self) -> None:
        """End the process."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
            self._pipe.close()

    async def _read_line(self) -> bytes:
        try:
            line = await self._answers.readline()
        except ValueError:  # hundreds of thousands of classes
            raise DataError(
                "The network has too many classes for a report on all of them.",
                title="The network cannot be examined",
            ) from None
        if not line:
            raise InstallationError(
                "The process that examines the network has exited.",
                Remedy("Check the installation.", "doctor"),
            )
        return line

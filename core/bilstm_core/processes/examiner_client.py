"""Examines a trained network in a process of its own."""

import asyncio
from pathlib import Path
from typing import TypeVar

from ..errors import DataError, InstallationError, Remedy
from ..inference.report import Drawing, ExaminationReport, StepwisePrediction
from ..runs.run import Run
from .child import Child
from .protocol import (
    DrawingsRead,
    Examined,
    Question,
    ReadDrawings,
    ReadSequence,
    ReadTestSequence,
    SequenceRead,
    to_json,
)
from .worker_client import parse_answer

_MAX_LINE_BYTES = 1 << 26
_Answer = TypeVar("_Answer", SequenceRead, DrawingsRead)


class ExaminerClient:
    """Asks about the network of one run."""

    def __init__(self, run: Run, data_dir: Path) -> None:
        self._arguments = (str(run.path), str(data_dir))
        self._child: Child | None = None
        self._one_at_a_time = asyncio.Lock()

    async def examine(self) -> ExaminationReport:
        """Start the process, and wait for its report.

        Raises:
            RelayedError: There is no model, or it cannot be read.
            DataError: The report has more classes than can be handed over.
            InstallationError: No process can be started, or it exited without an answer.
        """
        self._child = await Child.start("examiner", *self._arguments, longest_line=_MAX_LINE_BYTES)
        return parse_answer(await self._read_line(self._child), Examined).report

    async def read(self, inputs: list[list[float]]) -> StepwisePrediction:
        """Predict one sequence, of shape (T, num_features), step by step.

        Raises:
            RelayedError: The process did not understand the question.
            InstallationError: The process has exited.
        """
        # the answer is read even if the caller is cancelled: the next call would get it otherwise
        question = ReadSequence(inputs=inputs)
        return (await asyncio.shield(self._ask(question, SequenceRead))).prediction

    async def read_test_sequence(self, index: int) -> tuple[StepwisePrediction, Drawing]:
        """Predict a sequence of the test data step by step, and get it reduced for drawing.

        Args:
            index: Its position in the test data, as in a mistake of the report.

        Raises:
            RelayedError: The process did not understand the question.
            InstallationError: The process has exited.
        """
        answer = await asyncio.shield(self._ask(ReadTestSequence(index=index), SequenceRead))
        assert answer.drawing  # noqa: S101 - which that question is answered with
        return answer.prediction, answer.drawing

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        """Get small drawings of sequences of the test data; what is raised is the same.

        Args:
            indices: Their positions in the test data.
        """
        return (
            await asyncio.shield(self._ask(ReadDrawings(indices=indices), DrawingsRead))
        ).drawings

    async def _ask(self, question: Question, expected: type[_Answer]) -> _Answer:
        async with self._one_at_a_time:
            assert self._child  # noqa: S101 - which `examine` has started
            await self._child.ask(to_json(question))
            return parse_answer(await self._read_line(self._child), expected)

    def close(self) -> None:
        """End the process."""
        if self._child:
            self._child.close()

    async def _read_line(self, child: Child) -> bytes:
        try:
            line = await child.answers.readline()
        except ValueError:  # hundreds of thousands of classes
            child.close()  # the rest of the line would be the next answer
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

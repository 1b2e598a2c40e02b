"""Examines a trained network in a process of its own."""

import asyncio
from pathlib import Path
from typing import Any, TypeVar

from ..config.schema import RunConfig
from ..errors import DataError, InstallationError, Remedy
from ..inference.explanation import Explanation, RunComparison
from ..inference.report import Drawing, ExaminationReport, StepwisePrediction
from ..runs.run import Run
from .child import Child
from .protocol import (
    Answer,
    CompareRuns,
    DrawingsRead,
    Examined,
    Explain,
    Explained,
    Question,
    ReadDrawings,
    ReadSequence,
    ReadTestSequence,
    RunsCompared,
    SequenceRead,
    to_json,
)
from .worker_client import parse_answer

_MAX_LINE_BYTES = 1 << 26
_NO_RUN = "-"

_A = TypeVar("_A", bound=Answer)


class ExaminerClient:
    """Asks about the network of one run, or without one about networks that each question names."""

    def __init__(self, run: Run | None, data_dir: Path) -> None:
        self._arguments = (str(run.path) if run else _NO_RUN, str(data_dir))
        self._child: Child | None = None
        self._one_at_a_time = asyncio.Lock()
        self._is_closed = False

    async def examine(self) -> ExaminationReport:
        """Start the process, and wait for its report; only where there is a run.

        Raises:
            RelayedError: There is no model, or it cannot be read.
            DataError: The report has more classes than can be handed over.
            InstallationError: No process can be started, or it exited without an answer.
        """
        child = self._child = await self._start()
        return parse_answer(await self._read_line(child), Examined).report

    async def read(self, inputs: list[list[float]]) -> StepwisePrediction:
        """Predict one sequence, of shape (T, num_features), step by step.

        Raises:
            RelayedError: The process did not understand the question.
            InstallationError: The process has exited.
        """
        return (await self._ask(ReadSequence(inputs=inputs), SequenceRead)).prediction

    async def read_test_sequence(self, index: int) -> tuple[StepwisePrediction, Drawing]:
        """Predict a sequence of the test data step by step, and get it reduced for drawing.

        Args:
            index: Its position in the test data, as in a mistake of the report.

        Raises:
            RelayedError: The process did not understand the question.
            InstallationError: The process has exited.
        """
        answer = await self._ask(ReadTestSequence(index=index), SequenceRead)
        assert answer.drawing  # noqa: S101 - which that question is answered with
        return answer.prediction, answer.drawing

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        """Get small drawings of sequences of the test data; what is raised is the same.

        Args:
            indices: Their positions in the test data.
        """
        return (await self._ask(ReadDrawings(indices=indices), DrawingsRead)).drawings

    async def explain(
        self, index: int, config: RunConfig | None = None, run: Run | None = None
    ) -> Explanation:
        """Explain how a network reads a test sequence; see `protocol.Explain`.

        Raises:
            RelayedError: There are no data, or no model of the run.
            InstallationError: No process can be started, or it has exited.
        """
        question = Explain(index=index, config=config, run=run and run.path)
        return (await self._ask(question, Explained)).explanation

    async def compare(self, first: Run, second: Run) -> RunComparison:
        """Compare the networks of two runs on the same data; see `protocol.CompareRuns`.

        Raises:
            RelayedError: There are no data, or no model of a run.
            InstallationError: No process can be started, or it has exited.
        """
        question = CompareRuns(first=first.path, second=second.path)
        return (await self._ask(question, RunsCompared)).comparison

    async def _ask(self, question: Question, expected: type[_A]) -> _A:
        # the answer is read even if the caller is cancelled: the next call would get it otherwise
        answer = asyncio.ensure_future(self._answer_to(question, expected))
        answer.add_done_callback(_note_failure)
        return await asyncio.shield(answer)

    async def _answer_to(self, question: Question, expected: type[_A]) -> _A:
        async with self._one_at_a_time:
            child = self._child = self._child or await self._start()
            await child.ask(to_json(question))
            return parse_answer(await self._read_line(child), expected)

    async def _start(self) -> Child:
        if self._is_closed:
            raise InstallationError("The process that examines the network was ended.")
        child = await Child.start("examiner", *self._arguments, longest_line=_MAX_LINE_BYTES)
        if self._is_closed:  # meanwhile
            child.close()
        return child

    def close(self) -> None:
        """End the process."""
        self._is_closed = True
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
            if self._arguments[0] == _NO_RUN:  # the next question starts another one
                child.close()
                self._child = None
            raise InstallationError(
                "The process that examines the network has exited.",
                Remedy("Check the installation.", "doctor"),
            )
        return line


def _note_failure(answer: "asyncio.Task[Any]") -> None:
    """Look at a failure that nobody waits for any more, which asyncio would report."""
    if not answer.cancelled():
        answer.exception()

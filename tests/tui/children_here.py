"""Child processes as threads of this one: tests of keys and layout wait for none to start.

They read the same questions and write the same answers, line by line.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from bilstm_core.errors import BilstmError
from bilstm_core.events import Failed
from bilstm_core.processes import data_reader, examiner
from bilstm_core.processes.child import Child
from bilstm_core.processes.protocol import Answer, to_json
from bilstm_core.runs.run import Run

Write = Callable[[Answer], None]


class ChildHere(Child):
    """Starts and ends as a process does."""

    def __init__(self, module: str, arguments: tuple[str, ...]) -> None:
        self.answers = asyncio.StreamReader(1 << 26)
        self._loop = asyncio.get_running_loop()
        self._questions: queue.SimpleQueue[str] = queue.SimpleQueue()
        work = {"examiner": _examine, "data_reader": _read_data}[module]
        threading.Thread(target=self._answer, args=(work, arguments), daemon=True).start()

    @classmethod
    async def start(cls, module: str, *arguments: str, longest_line: int = 0) -> Self:
        return cls(module, arguments)

    async def ask(self, question: str) -> None:
        self._questions.put(question)

    def close(self) -> None:
        self._questions.put("")

    def _answer(self, work: Callable[..., None], arguments: tuple[str, ...]) -> None:
        with suppress(RuntimeError):  # the app has ended, and its loop with it
            work(iter(self._questions.get, ""), self._tell, *arguments)
            self._loop.call_soon_threadsafe(self.answers.feed_eof)

    def _tell(self, answer: Answer) -> None:
        line = to_json(answer).encode() + b"\n"
        self._loop.call_soon_threadsafe(self.answers.feed_data, line)


def _examine(questions: Iterator[str], write: Write, run: str, data_dir: str) -> None:
    examined = None if run == "-" else Run(Path(run))
    try:
        examiner.answer_all(examined, Path(data_dir), questions, write)
    except BilstmError as error:
        write(Failed.from_error(error))


def _read_data(questions: Iterator[str], write: Write) -> None:
    for question in questions:
        write(data_reader.answer_to(question))
        return

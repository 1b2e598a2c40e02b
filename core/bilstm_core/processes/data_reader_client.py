"""Reads data in a process of its own, for the process that paints."""

import asyncio
import os
import sys
from pathlib import Path

from ..config.schema import RunConfig
from ..data.data_overview import DataOverview
from ..data.sources.file_state import data_key
from ..errors import DataError
from .protocol import DataRead, ReadData, to_json
from .worker_client import answer_pipe, no_process_error, parse_answer

_TYPING_SECONDS = 0.2
"""Before a process is started: what is typed further within that time supersedes it."""
_MOST_KEPT = 8
"""Overviews of other data, or of the same data with other settings."""


class DataReader:
    """Reads data sets; what was read is kept as long as settings and files stay the same.

    Args:
        data_dir: Folder of the data sets; the user's own where None.
    """

    def __init__(self, data_dir: Path | None = None) -> None:
        self._data_dir = data_dir
        self._known: dict[object, DataOverview] = {}

    async def read(self, config: RunConfig) -> DataOverview:
        """Read the data of a configuration; when the task is cancelled, the process ends.

        Raises:
            DataError: There are no data, or the process was killed.
            RelayedError: They cannot be read, or nothing can be trained with them.
            InstallationError: No process can be started, or its answer was not understood.
        """
        key = await asyncio.to_thread(data_key, config)  # on a network drive this may take long
        if key not in self._known:
            await asyncio.sleep(_TYPING_SECONDS)
            overview = await _read(ReadData(config=config, data_dir=self._data_dir))
            self._known[key] = overview
            for oldest in list(self._known)[:-_MOST_KEPT]:
                del self._known[oldest]
        return self._known[key]


async def _read(question: ReadData) -> DataOverview:
    reader = asyncio.StreamReader()
    with answer_pipe() as (answers, writable):
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), answers
        )
        try:
            process = await _start(writable)
        except BaseException:  # also when the task is cancelled
            pipe.close()
            raise
    try:
        assert process.stdin  # noqa: S101 - for the type checker
        process.stdin.write(to_json(question).encode() + b"\n")
        process.stdin.close()
        answer = await reader.read()  # however long the line is
    finally:
        pipe.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
    if not answer:
        raise DataError(
            "The process that reads the data was killed: memory may have run out.",
            "Close other programs, or choose a part of the data.",
            title="The data were not read",
        )
    return parse_answer(answer, DataRead).overview


async def _start(answers: int) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bilstm_core.processes.data_reader", str(answers)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,  # a library may print; that is not an answer
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(answers,),
            # one thread: a run may be training at the same time
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    except OSError as error:
        raise no_process_error(error) from None

"""Reads data in a process of its own, for the process that paints."""

import asyncio
from pathlib import Path

from ..config.schema import RunConfig
from ..data.data_overview import DataOverview
from ..data.sources.file_state import data_key
from ..errors import DataError
from .child import Child
from .protocol import DataNotRead, DataRead, ReadData, to_json
from .worker_client import error_from_event, parse_answer

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
    child = await Child.start("data_reader")
    try:
        await child.ask(to_json(question))
        answer = await child.answers.read()  # however long the line is
    finally:
        child.close()
    if not answer:
        raise DataError(
            "The process that reads the data was killed: memory may have run out.",
            "Close other programs, or choose a part of the data.",
            title="The data were not read",
        )
    match parse_answer(answer, DataRead, DataNotRead):
        case DataRead(overview=overview):
            return overview
        case DataNotRead(failure=failure, problems=problems):
            raise error_from_event(failure, problems)

"""`python -m bilstm_core.processes.data_reader ANSWERS`: reads data, and says what is in them.

`protocol` describes its question and answer.
"""

import os
import sys

from .. import paths
from ..errors import BilstmError, DataError, InstallationError, imports_in_words
from ..events import Failed
from .protocol import DataNotRead, DataRead, ReadData, from_json, to_json


def main() -> int:
    """Answer one question; the result is the process's exit code."""
    answer = answer_to(sys.stdin.readline())
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as answers:
        answers.write(to_json(answer) + "\n")
    return answer.failure.exit_code if isinstance(answer, DataNotRead) else 0


def answer_to(question: str) -> DataRead | DataNotRead:
    """Read the data that a line of JSON asks about."""
    try:
        paths.require_working_directory()
        with imports_in_words():
            return _read(question)
    except BilstmError as error:
        failure = Failed.from_error(error)
        return DataNotRead(failure=failure, problems=dict(error.problems))


def _read(line: str) -> DataRead:
    from ..data.look import look_at  # imports NumPy
    from ..data.sources.registry import read_present

    try:
        question = from_json(line, ReadData)
    except ValueError as error:
        raise InstallationError(
            f"The data reader does not understand a question: {error}."
        ) from None
    try:
        data = read_present(question.config, paths.data_dir(question.data_dir))
        return DataRead(overview=look_at(data))
    except MemoryError:
        raise DataError(
            "There is too little memory to read the data.",
            "Close other programs, or choose a part of the data.",
            title="Out of memory",
        ) from None


if __name__ == "__main__":
    sys.exit(main())

"""`python -m bilstm_core.processes.examiner RUN DATA_DIR ANSWERS`: examines a run's network.

`protocol` describes its questions and answers.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from ..errors import BilstmError, InstallationError, imports_in_words
from ..events import Failed, RunStarted
from ..paths import require_working_directory
from ..runs.event_log import open_log
from ..runs.run import Run
from .protocol import (
    Answer,
    DrawingsRead,
    Examined,
    Question,
    ReadDrawings,
    ReadSequence,
    ReadTestSequence,
    SequenceRead,
    from_json,
    to_json,
)


def main() -> int:
    """Answer until stdin ends; the result is the process's exit code."""
    with os.fdopen(int(sys.argv[3]), "w", buffering=1, encoding="utf-8") as answers:

        def answer(message: Answer) -> None:
            answers.write(to_json(message) + "\n")

        try:
            require_working_directory()
            with imports_in_words():
                _answer_all(Run(Path(sys.argv[1])), Path(sys.argv[2]), answer)
        except BilstmError as error:
            answer(Failed.from_error(error))
            return error.exit_code
    return 0


def _answer_all(run: Run, data_dir: Path, answer: Callable[[Answer], None]) -> None:
    import torch  # may fail, which is an answer, too

    from ..inference.examine import Examination, predict_stepwise
    from ..network.weights import load

    model, used = load(run.model_file), _precision_of(run)
    examination = Examination(model, data_dir, used)
    answer(Examined(report=examination.report))
    for line in sys.stdin:
        match _parse(line):
            case ReadTestSequence(index=index):
                prediction, drawing = examination.read(index)
                answer(SequenceRead(prediction=prediction, drawing=drawing))
            case ReadDrawings(indices=indices):
                answer(DrawingsRead(drawings=examination.draw(indices)))
            case ReadSequence(inputs=inputs):
                sequence = torch.tensor(inputs, dtype=torch.float32)
                answer(SequenceRead(prediction=predict_stepwise(model, sequence, used)))


def _precision_of(run: Run) -> str:
    """The precision that a run last computed in; empty if its log does not say."""
    started = [event for event in open_log(run.log_file)[0] if isinstance(event, RunStarted)]
    return started[-1].device.precision if started else ""


def _parse(line: str) -> Question:
    try:
        return from_json(line, ReadSequence, ReadTestSequence, ReadDrawings)
    except ValueError as error:
        raise InstallationError(f"The examiner does not understand a question: {error}.") from None


if __name__ == "__main__":
    sys.exit(main())

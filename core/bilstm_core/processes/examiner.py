"""`python -m bilstm_core.processes.examiner RUN DATA_DIR ANSWERS`: examines a run's network.

`protocol` describes its questions and answers.
"""

import os
import sys
from pathlib import Path

import torch

from ..errors import BilstmError, InstallationError
from ..events import Failed
from ..inference.examine import examine, predict_stepwise
from ..network.weights import load
from ..runs.run import Run
from .protocol import Answer, Examined, ReadSequence, SequenceRead, from_json, to_json


def main() -> int:
    """Answer until stdin ends; the result is the process's exit code."""
    with os.fdopen(int(sys.argv[3]), "w", buffering=1, encoding="utf-8") as answers:

        def answer(message: Answer) -> None:
            answers.write(to_json(message) + "\n")

        try:
            model = load(Run(Path(sys.argv[1])).model_file)
            answer(Examined(report=examine(model, Path(sys.argv[2]))))
            for line in sys.stdin:
                inputs = torch.tensor(_parse(line).inputs, dtype=torch.float32)
                answer(SequenceRead(prediction=predict_stepwise(model, inputs)))
        except BilstmError as error:
            answer(Failed.from_error(error))
            return error.exit_code
    return 0


def _parse(line: str) -> ReadSequence:
    try:
        return from_json(line, ReadSequence)
    except ValueError as error:
        raise InstallationError(f"The examiner does not understand a question: {error}.") from None


if __name__ == "__main__":
    sys.exit(main())

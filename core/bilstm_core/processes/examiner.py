"""`python -m bilstm_core.processes.examiner RUN DATA_DIR ANSWERS`: tells of a run's network.

Its first line into the file descriptor ANSWERS is its `ExaminationReport`, or a `failed` event. Then it
answers each line of stdin, `{"pixels": [[…], …]}`, with a `StepwisePrediction`, until stdin ends.
"""

import json
import os
import sys
from pathlib import Path

import torch

from ..errors import BilstmError
from ..events import to_json
from ..inference.examine import examine, read
from ..network.weights import load_weights
from ..runs.run import Run
from ..training.failures import failed_event


def main() -> int:
    """Answer until nobody asks; the result is the process's exit code."""
    answers = os.fdopen(int(sys.argv[3]), "w", buffering=1, encoding="utf-8")
    try:
        model = load_weights(Run(Path(sys.argv[1])).model_file)
        answers.write(examine(model, Path(sys.argv[2])).model_dump_json() + "\n")
    except BilstmError as error:
        answers.write(to_json(failed_event(error)) + "\n")
        return error.exit_code
    for line in sys.stdin:
        rows = torch.tensor(json.loads(line)["pixels"], dtype=torch.float32)
        answers.write(read(model, rows).model_dump_json() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

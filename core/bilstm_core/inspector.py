"""`python -m bilstm_core.inspector RUN DATA_DIR`: answers questions about a run's network.

Its first line on stdout is its `Findings`, or a `failed` event. Then it answers each line of
stdin, `{"pixels": [[…], …]}`, with a `Reading`, until stdin ends.
"""

import json
import sys
from pathlib import Path

import torch

from .errors import BilstmError
from .events import to_json
from .failures import failed
from .inspection import examine, read
from .runs import Run
from .weights import load_weights


def main() -> int:
    """Answer until nobody asks; the result is the process's exit code."""
    try:
        model = load_weights(Run(Path(sys.argv[1])).model_file)
        _answer(examine(model, Path(sys.argv[2])).model_dump_json())
    except BilstmError as error:
        _answer(to_json(failed(error)))
        return error.exit_code
    for line in sys.stdin:
        rows = torch.tensor(json.loads(line)["pixels"], dtype=torch.float32)
        _answer(read(model, rows).model_dump_json())
    return 0


def _answer(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

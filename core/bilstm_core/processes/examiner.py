"""`python -m bilstm_core.processes.examiner RUN DATA_DIR ANSWERS`: examines a run's network.

With `-` instead of a run it only explains and compares networks, which the questions name.
`protocol` describes its questions and answers.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..compute.garbage import collect_rarely
from ..errors import BilstmError, InstallationError, imports_in_words
from ..events import Failed, RunStarted
from ..paths import require_working_directory
from ..runs.event_log import open_log
from ..runs.run import Run
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
    from_json,
    to_json,
)

if TYPE_CHECKING:
    from torch import Tensor

    from ..inference.explain import Explainer

_NO_RUN = "-"


def main() -> int:
    """Answer until stdin ends; the result is the process's exit code."""
    collect_rarely()
    with os.fdopen(int(sys.argv[3]), "w", buffering=1, encoding="utf-8") as answers:

        def answer(message: Answer) -> None:
            answers.write(to_json(message) + "\n")

        try:
            require_working_directory()
            with imports_in_words():
                run = None if sys.argv[1] == _NO_RUN else Run(Path(sys.argv[1]))
                answer_all(run, Path(sys.argv[2]), sys.stdin, answer)
        except BilstmError as error:
            answer(Failed.from_error(error))
            return error.exit_code
    return 0


def answer_all(
    run: Run | None, data_dir: Path, questions: Iterable[str], answer: Callable[[Answer], None]
) -> None:
    """Examine a run if there is one, then answer each question, a line of JSON."""
    import torch  # may fail, which is an answer, too

    from ..inference.explain import Explainer

    explainer = Explainer(data_dir)
    if not run:
        for line in questions:
            answer(_explain_or_fail(_parse(line), None, explainer))
        return

    from ..inference.examine import Examination, predict_stepwise
    from ..network.weights import load

    model, used = load(run.model_file), _precision_of(run)
    examination = Examination(model, data_dir, used)
    answer(Examined(report=examination.report))
    for line in questions:
        question = _parse(line)
        match question:
            case ReadTestSequence(index=index):
                prediction, drawing = examination.read(index)
                answer(SequenceRead(prediction=prediction, drawing=drawing))
            case ReadDrawings(indices=indices):
                answer(DrawingsRead(drawings=examination.draw(indices)))
            case ReadSequence(inputs=inputs):
                sequence = torch.tensor(inputs, dtype=torch.float32)
                answer(SequenceRead(prediction=predict_stepwise(model, sequence, used)))
            case Explain(config=None, run=None):
                answer(_explain_or_fail(question, run, explainer, examination.shares))
            case _:
                answer(_explain_or_fail(question, run, explainer))


def _explain_or_fail(
    question: Question,
    own: Run | None,
    explainer: "Explainer",
    known: "Mapping[int, Tensor]" = MappingProxyType({}),
) -> Answer:
    """The answer to a question that names its networks; a failure is one, too."""
    from ..inference.comparison import compare_runs

    try:
        match question:
            case Explain():
                run = Run(question.run) if question.run else own
                used = _precision_of(run) if run else ""
                explanation = explainer.explain(question.config, run, question.index, used, known)
                return Explained(explanation=explanation)
            case CompareRuns():
                first, second = Run(question.first), Run(question.second)
                used_by = _precision_of(first), _precision_of(second)
                return RunsCompared(comparison=compare_runs(first, second, explainer, used_by))
            case _:
                raise InstallationError("The examiner was started without a run.")
    except BilstmError as error:
        return Failed.from_error(error)


def _precision_of(run: Run) -> str:
    """The precision that a run last computed in; empty if its log does not say."""
    started = [event for event in open_log(run.log_file)[0] if isinstance(event, RunStarted)]
    return started[-1].device.precision if started else ""


def _parse(line: str) -> Question:
    try:
        return from_json(line, ReadSequence, ReadTestSequence, ReadDrawings, Explain, CompareRuns)
    except ValueError as error:
        raise InstallationError(f"The examiner does not understand a question: {error}.") from None


if __name__ == "__main__":
    sys.exit(main())

"""The messages between processes: dataclasses <-> one JSON line each.

A **worker** (`python -m bilstm_core.processes.worker ANSWERS`) reads orders from stdin: any number
of `Prepare`, then one `StartRun`, `ResumeRun` or `FindLearningRate`. It answers that one with one
line on the file descriptor ANSWERS: `RunOpened`, `LearningRateFound`, or the event `Failed`. After
`RunOpened` it trains; what it reports from then on is in the run's folder.

An **examiner** (`python -m bilstm_core.processes.examiner RUN DATA_DIR ANSWERS`) first answers with
`Examined`, then answers each `ReadSequence` or `ReadTestSequence` on stdin with `SequenceRead`, and
`ReadDrawings` with `DrawingsRead`. After `Failed` it exits. Without a run (`-`) it evaluates
nothing. In any case it answers `Explain` with `Explained` and `CompareRuns` with `RunsCompared`, or
one of these with `Failed`, after which it continues.

A **data reader** (`python -m bilstm_core.processes.data_reader ANSWERS`) reads one `ReadData` from
stdin, answers with `DataRead` or `DataNotRead`, and exits.

Folders are absolute; `data_dir`, that of the data sets, is None for the default. Neither this
module nor the clients import torch or NumPy. Orders to a run that is already training go through
its folder; see `runs.orders`.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from ..cleaning import Name, Text
from ..config.schema import RunConfig
from ..data.data_overview import DataOverview
from ..events import Failed
from ..inference.explanation import Explanation, RunComparison
from ..inference.report import Drawing, ExaminationReport, StepwisePrediction
from ..training.learning_rate_curve import LearningRateCurve


@dataclass(frozen=True, kw_only=True)
class Prepare:
    """Load PyTorch and measure thread counts for a configuration that is likely to be trained."""

    type: Literal["prepare"] = "prepare"
    config: RunConfig


@dataclass(frozen=True, kw_only=True)
class StartRun:
    """Create a run in `runs_dir` and train it.

    Attributes:
        name: The readable part of its name; None for the default.
    """

    type: Literal["start_run"] = "start_run"
    config: RunConfig
    runs_dir: Path
    name: str | None = None
    data_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ResumeRun:
    """Resume a run from its last checkpoint.

    Attributes:
        run: Its folder.
        changes: Settings to change, by name; unchecked.
    """

    type: Literal["resume_run"] = "resume_run"
    run: Path
    changes: dict[str, Any] = field(default_factory=dict)
    data_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class FindLearningRate:
    """Try learning rates on a new network; creates no run."""

    type: Literal["find_learning_rate"] = "find_learning_rate"
    config: RunConfig
    data_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ReadSequence:
    """Predict one sequence, of shape (T, num_features), step by step."""

    type: Literal["read_sequence"] = "read_sequence"
    inputs: list[list[float]]


@dataclass(frozen=True, kw_only=True)
class ReadTestSequence:
    """Predict a sequence of the test data step by step; its position is that of a mistake."""

    type: Literal["read_test_sequence"] = "read_test_sequence"
    index: int


@dataclass(frozen=True, kw_only=True)
class ReadDrawings:
    """Draw sequences of the test data as small pictures."""

    type: Literal["read_drawings"] = "read_drawings"
    indices: list[int]


@dataclass(frozen=True, kw_only=True)
class Explain:
    """Explain how a network reads a test sequence.

    Attributes:
        index: Position of the sequence in the test data.
        config: The network and its data; None for those of the run.
        run: Folder of the run whose weights are used where they fit; None for that of the examiner.
    """

    type: Literal["explain"] = "explain"
    index: int = 0
    config: RunConfig | None = None
    run: Path | None = None


@dataclass(frozen=True, kw_only=True)
class CompareRuns:
    """Find a test sequence that one run's network misclassifies and the other's does not.

    Attributes:
        first: Folder of the first run; so is `second`.
    """

    type: Literal["compare_runs"] = "compare_runs"
    first: Path
    second: Path


@dataclass(frozen=True, kw_only=True)
class ReadData:
    """Read the data of a configuration, and say what is in them; nothing is downloaded."""

    type: Literal["read_data"] = "read_data"
    config: RunConfig
    data_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class RunOpened:
    """The run in this folder was created or resumed, and is about to train."""

    type: Literal["run_opened"] = "run_opened"
    run: Path


@dataclass(frozen=True, kw_only=True)
class LearningRateFound:
    """The answer to `FindLearningRate`."""

    type: Literal["learning_rate_found"] = "learning_rate_found"
    curve: LearningRateCurve


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The network was evaluated on the test data."""

    type: Literal["examined"] = "examined"
    report: ExaminationReport


@dataclass(frozen=True, kw_only=True)
class SequenceRead:
    """The answer to `ReadSequence`, and with a drawing to `ReadTestSequence`."""

    type: Literal["sequence_read"] = "sequence_read"
    prediction: StepwisePrediction
    drawing: Drawing | None = None


@dataclass(frozen=True, kw_only=True)
class DrawingsRead:
    """The answer to `ReadDrawings`."""

    type: Literal["drawings_read"] = "drawings_read"
    drawings: list[Drawing]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """The answer to `Explain`."""

    type: Literal["explained"] = "explained"
    explanation: Explanation


@dataclass(frozen=True, kw_only=True)
class RunsCompared:
    """The answer to `CompareRuns`."""

    type: Literal["runs_compared"] = "runs_compared"
    comparison: RunComparison


@dataclass(frozen=True, kw_only=True)
class DataRead:
    """The answer to `ReadData`."""

    type: Literal["data_read"] = "data_read"
    overview: DataOverview


@dataclass(frozen=True, kw_only=True)
class DataNotRead:
    """The answer to `ReadData` where the data cannot be read, or a setting does not fit them.

    Attributes:
        problems: What is wrong with each setting, for messages beside them.
    """

    type: Literal["data_not_read"] = "data_not_read"
    failure: Failed
    problems: dict[Name, Text] = field(default_factory=dict)


Answer = (
    RunOpened
    | LearningRateFound
    | Examined
    | SequenceRead
    | DrawingsRead
    | Explained
    | RunsCompared
    | DataRead
    | DataNotRead
    | Failed
)
Question = ReadSequence | ReadTestSequence | ReadDrawings | Explain | CompareRuns
Message = Prepare | StartRun | ResumeRun | FindLearningRate | Question | ReadData | Answer

_M = TypeVar("_M", bound=Message)
_ADAPTER: TypeAdapter[Message] = TypeAdapter(
    Annotated[Message, Field(discriminator="type")],
    config=ConfigDict(defer_build=True),  # the app's first paint needs no message
)


def to_json(message: Message) -> str:
    """The message as one line of JSON, without the newline."""
    # pydantic's own JSON cannot hold a path that is not valid UTF-8
    return json.dumps(_ADAPTER.dump_python(message, mode="json"))


def from_json(line: str | bytes, *expected: type[_M]) -> _M:
    """The message in one line of JSON; unknown keys are ignored.

    Raises:
        ValueError: The line is not a message of one of the expected types.
    """
    try:
        message = _ADAPTER.validate_python(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(": ".join((*map(str, first["loc"]), first["msg"]))) from None
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if not isinstance(message, expected):
        raise ValueError(f"a message of type '{message.type}' is not expected here")  # noqa: TRY004
    return message

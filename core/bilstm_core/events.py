"""What a run tells the world: small frozen dataclasses <-> one JSON line each.

Every number that a screen or a script shows comes from an event. The keys are listed in the
README and frozen by a test. Numbers that JSON cannot hold (nan, infinity) are written as null.
"""

import re
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import ConfigDict, Field, OnErrorOmit, TypeAdapter, ValidationError

from .config.schema import Settings
from .data.spec import Count, DataSpec, Split
from .errors import BilstmError, Remedy
from .network.summary import ModelSummary

# what a log claims is data from anywhere: bounds keep absurd numbers out of the read-out
Seconds = Annotated[float, Ge(0), Le(1e11)]
Rate = Annotated[float, Ge(0), Le(1e15)]
Fraction = Annotated[float, Ge(0), Le(1)]
Loss = Annotated[float, Ge(-3.5e38), Le(3.5e38)]
"""As large as a float32."""


@dataclass(frozen=True, kw_only=True)
class _Event:
    """What all events have.

    Attributes:
        type: Which event it is.
        time: When it happened, in seconds since 1970 (UTC).
    """

    type: str
    time: Seconds = field(default_factory=clock.time)


@dataclass(frozen=True, kw_only=True)
class Download(_Event):
    """A data file is arriving; sent a few times a second, and once when it is complete.

    Attributes:
        dataset: Name of the data set.
        title: The same as people write it.
        file: Name of the file.
        received: Bytes of this file so far.
        total: Bytes of this file in all; 0 while the server has not said.
    """

    type: Literal["download"] = "download"
    dataset: str
    title: str
    file: str
    received: Count
    total: Count


@dataclass(frozen=True, kw_only=True)
class DeviceInfo:
    """Where a run trains.

    Attributes:
        name: PyTorch's name, such as 'cuda:0'.
        description: The processor's or GPU's own name.
        precision: 'float32', 'tf32' or 'bfloat16', as resolved.
        threads: Processor threads that PyTorch uses.
    """

    name: str
    description: str
    precision: str
    threads: Count


@dataclass(frozen=True, kw_only=True)
class RunStarted(_Event):
    """Data and model are ready; the first step follows.

    A run that was resumed tells it again, with the step of the checkpoint it goes on from: what
    the log holds of later steps was trained in vain, and comes again.

    Attributes:
        run: Name of the run's folder; empty where it has none.
        epoch: Where it begins: the epoch in progress, from 1.
        step: Steps taken before; 0 for a new run.
        config: The whole configuration, by setting name.
        model: Layers, shapes and parameter counts.
        device: Where it trains.
        data: What it learns from.
        steps_per_epoch: Optimiser steps in an epoch.
        total_steps: Optimiser steps in the run, should it not stop early.
        versions: Of bilstm-tui, Python and PyTorch.
    """

    type: Literal["run_started"] = "run_started"
    run: str = ""
    epoch: Count = 1
    step: Count = 0
    config: Settings
    model: ModelSummary
    device: DeviceInfo
    data: DataSpec
    steps_per_epoch: Count
    total_steps: Count
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Progress(_Event):
    """A batch of steps was taken.

    Attributes:
        epoch: Of the last step, from 1.
        step: The last step, counted from 1 over the whole run.
        losses: One per step, the last belonging to `step`; null where it was not finite.
        learning_rate: Of the last step.
        samples_per_second: Images trained per second since the previous `progress`.
    """

    type: Literal["progress"] = "progress"
    epoch: Count
    step: Count
    losses: list[Loss | None]
    learning_rate: Rate
    samples_per_second: Rate


@dataclass(frozen=True, kw_only=True)
class EpochEnded(_Event):
    """Every training image was seen once more.

    Attributes:
        epoch: From 1.
        step: Last step of the epoch.
        loss: Mean training loss over the epoch's images, as each was met.
        correct: Images classified rightly when met.
        total: Images trained on.
        accuracy: correct / total, as a fraction.
        seconds: Duration of the epoch's training.
    """

    type: Literal["epoch_ended"] = "epoch_ended"
    epoch: Count
    step: Count
    loss: Loss
    correct: Count
    total: Count
    accuracy: Fraction
    seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class StoppedEarly(_Event):
    """Training ended before its last epoch; the final evaluations follow.

    The validation loss had not fallen for `patience` epochs.

    Attributes:
        epoch: Epochs trained.
        step: Steps trained.
        kept_epoch: The epoch with the lowest validation loss, whose weights are kept.
    """

    type: Literal["stopped_early"] = "stopped_early"
    epoch: Count
    step: Count
    kept_epoch: Count


@dataclass(frozen=True, kw_only=True)
class EvaluationStarted(_Event):
    """The final check on a whole split begins; it may take a while.

    Attributes:
        split: train, validation or test.
        epoch: The epoch whose weights are checked.
        step: Its last step.
        total: Images in the split.
    """

    type: Literal["evaluation_started"] = "evaluation_started"
    split: Split
    epoch: Count
    step: Count
    total: Count


@dataclass(frozen=True, kw_only=True)
class Evaluation(_Event):
    """The model was checked on a whole split.

    Attributes:
        split: train, validation or test.
        final: Whether training is over: the notebook's two lines come from these.
        epoch: The epoch whose weights were checked.
        step: Its last step.
        loss: Mean cross-entropy, without label smoothing.
        correct: Images classified rightly.
        total: Images in the split.
        accuracy: correct / total, as a fraction.
    """

    type: Literal["evaluation"] = "evaluation"
    split: Split
    final: bool
    epoch: Count
    step: Count
    loss: Loss
    correct: Count
    total: Count
    accuracy: Fraction


@dataclass(frozen=True, kw_only=True)
class RunWarning(_Event):
    """Something that the user should know; training goes on."""

    type: Literal["warning"] = "warning"
    message: str


@dataclass(frozen=True, kw_only=True)
class Finished(_Event):
    """The run is complete.

    Attributes:
        epoch: Epochs trained.
        step: Steps trained.
        kept_epoch: The epoch whose weights were kept; an earlier one after early stopping.
        seconds: From the first step to the end, evaluation included.
        training_seconds: Of that, spent on training steps.
    """

    type: Literal["finished"] = "finished"
    epoch: Count
    step: Count
    kept_epoch: Count
    seconds: Seconds
    training_seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class _AtStep(_Event):
    """What somebody asked for, and where in the run; epoch and step are 0 before the first."""

    epoch: Count
    step: Count


@dataclass(frozen=True, kw_only=True)
class Paused(_AtStep):
    """Somebody asked the run to wait; its process keeps everything as it is."""

    type: Literal["paused"] = "paused"


@dataclass(frozen=True, kw_only=True)
class Resumed(_AtStep):
    """The run waits no longer: somebody asked it to go on."""

    type: Literal["resumed"] = "resumed"


@dataclass(frozen=True, kw_only=True)
class LearningRateChanged(_AtStep):
    """Somebody changed the setting `learning_rate` of the running run, from the next step on.

    Attributes:
        learning_rate: What it is now; the peak where the schedule has one.
    """

    type: Literal["learning_rate_changed"] = "learning_rate_changed"
    learning_rate: Rate


@dataclass(frozen=True, kw_only=True)
class Stopping(_AtStep):
    """Somebody asked the run to stop; the accuracy of what there is is checked before it does."""

    type: Literal["stopping"] = "stopping"


@dataclass(frozen=True, kw_only=True)
class Stopped(_AtStep):
    """Somebody asked the run to stop before its end."""

    type: Literal["stopped"] = "stopped"


@dataclass(frozen=True, kw_only=True)
class Failed(_Event):
    """The run ended with an error: a `BilstmError` as an event.

    Attributes:
        title: A short name for the failure.
        message: What happened.
        advice: What to do next, a line each.
        remedies: Those lines of the advice that an interface can offer in its own way.
        exit_code: Of the process.
        details: The last lines of the traceback of an internal error.
    """

    type: Literal["failed"] = "failed"
    title: str
    message: str
    advice: str
    remedies: tuple[OnErrorOmit[Remedy], ...] = ()  # those of a later version are left out
    exit_code: Count
    details: str = ""

    @classmethod
    def from_error(cls, error: BilstmError, details: str = "") -> "Failed":
        """The event for an error."""
        return cls(
            title=error.title,
            message=error.message,
            advice=error.advice,
            remedies=error.remedies,
            exit_code=error.exit_code,
            details=details,
        )


Event = (
    Download
    | RunStarted
    | Progress
    | EpochEnded
    | StoppedEarly
    | EvaluationStarted
    | Evaluation
    | RunWarning
    | Finished
    | Paused
    | Resumed
    | LearningRateChanged
    | Stopping
    | Stopped
    | Failed
)

Emit = Callable[[Event], None]
"""What takes a run's events."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(
    Annotated[Event, Field(discriminator="type")], config=ConfigDict(ser_json_inf_nan="null")
)


_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What JSON allows in a string and a terminal obeys."""


def to_json(event: Event) -> str:
    """The event as one line of JSON, without the line's end."""
    line = _ADAPTER.dump_json(event).decode()
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", line)


def from_json(line: str | bytes) -> Event:
    """The event in one line of JSON; keys it does not know are passed over.

    Raises:
        ValueError: The line holds no event.
    """
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        raise ValueError(f"no event: {error.errors()[0]['msg']}") from None

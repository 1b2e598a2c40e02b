"""The events of a run: frozen dataclasses <-> one line of JSON each.

Every number that a screen or a script shows comes from an event. The keys are listed in the
README and fixed by a test. Numbers that JSON cannot represent (nan, infinity) become null.
"""

import json
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen
from pydantic import ConfigDict, Field, OnErrorOmit, TypeAdapter, ValidationError

from .cleaning import Line, Name, Text
from .config.settings import Settings
from .data.example import MOST_EXAMPLES, Example, Shares
from .data.spec import Count, DataSpec, Fraction, Split
from .errors import BilstmError, Remedy
from .network.summary import ModelSummary

# a log file is untrusted input: the bounds reject numbers that could not be displayed
Seconds = Annotated[float, Ge(0), Le(1e11)]
Timestamp = Annotated[float, Ge(-1e11), Le(1e11)]
"""Seconds since 1970 (UTC); negative where a machine's clock is set before that."""
Rate = Annotated[float, Ge(0), Le(1e15)]
Loss = Annotated[float, Ge(-3.5e38), Le(3.5e38)]
"""Within the range of a float32."""
Norm = Annotated[float, Ge(0), Le(3.5e38)]
ExitCode = Annotated[int, Ge(1), Le(255)]
"""Of a process that failed; the system would take 256 for 0, which is success."""


MOST_CLASSES = 100
"""Classes of which an evaluation has the counts."""


@dataclass(frozen=True, kw_only=True)
class _Event:
    """The fields of every event; `time` is in seconds since 1970 (UTC)."""

    type: str
    time: Timestamp = field(default_factory=clock.time)


@dataclass(frozen=True, kw_only=True)
class _AtStep(_Event):
    """Where training was at an event; both are 0 before the first step.

    Attributes:
        epoch: The epoch, from 1, that is in progress or has just ended.
        step: Steps trained, over the whole run.
    """

    epoch: Count
    step: Count


@dataclass(frozen=True, kw_only=True)
class Download(_Event):
    """Progress of a download; emitted a few times a second, and once when the file is complete.

    Attributes:
        title: Name of the data set for display.
        received: Bytes received so far.
        total: Size of the file in bytes; 0 while it is unknown.
    """

    type: Literal["download"] = "download"
    dataset: Name
    title: Name
    file: Name
    received: Count
    total: Count


@dataclass(frozen=True, kw_only=True)
class DeviceInfo:
    """The device of a run.

    Attributes:
        name: PyTorch's name, such as 'cuda:0'.
        description: Model name of the processor or GPU.
        precision: The precision in use: 'float32', 'tf32' or 'bfloat16'.
        threads: Processor threads that compute at once.
        lanes: Parts of a step that are computed side by side.
        ranks: Processes that train together, each on such a device.
    """

    name: Name
    description: Name
    precision: Name
    threads: Count
    lanes: Count = 1
    ranks: Count = 1


@dataclass(frozen=True, kw_only=True)
class RunStarted(_Event):
    """Data and model are ready; the first step follows.

    A resumed run emits it again, with the step of its checkpoint. Later steps that the log
    already contains were lost, and are trained again.

    Attributes:
        run: Name of the run's folder; empty if it has none.
        epoch: The epoch of the first step, from 1.
        step: Steps already trained; 0 for a new run.
        config: The whole configuration, by setting name.
        model: Layers, shapes and parameter counts.
        steps_per_epoch: Optimiser steps in an epoch.
        total_steps: Optimiser steps in the run, unless it stops early.
        versions: Versions of bilstm-tui, Python and PyTorch.
    """

    type: Literal["run_started"] = "run_started"
    run: Name = ""
    epoch: Count = 1
    step: Count = 0
    config: Settings
    model: ModelSummary
    device: DeviceInfo
    data: DataSpec
    steps_per_epoch: Count
    total_steps: Count
    versions: dict[Name, Name]


@dataclass(frozen=True, kw_only=True)
class Progress(_AtStep):
    """Losses and speed of the steps since the previous `progress`.

    Attributes:
        losses: One loss per step, the last belonging to `step`; null if it is not finite.
        learning_rate: Learning rate of the last step.
        samples_per_second: Sequences trained per second since the previous `progress`.
        gradient_norm: That of the whole gradient of the last step, before clipping.
        device_usage: How busy the device is, a CPU with all its cores; None if not known.
    """

    type: Literal["progress"] = "progress"
    losses: Annotated[list[Loss | None], Field(fail_fast=True)]
    learning_rate: Rate
    samples_per_second: Rate
    gradient_norm: Norm | None = None
    device_usage: Fraction | None = None


@dataclass(frozen=True, kw_only=True)
class EpochEnded(_AtStep):
    """An epoch, one pass over the training set, is complete.

    Loss and accuracy are those of each sequence when it was trained on, before the step's update.

    Attributes:
        loss: Mean training loss.
        correct: Sequences classified correctly.
        total: Sequences trained on.
        accuracy: correct / total, as a fraction.
        seconds: Duration of the epoch's training.
    """

    type: Literal["epoch_ended"] = "epoch_ended"
    loss: Loss
    correct: Count
    total: Count
    accuracy: Fraction
    seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class StoppedEarly(_AtStep):
    """Training ended early: the validation loss did not fall for `patience` epochs.

    The final evaluations follow.

    Attributes:
        kept_epoch: The epoch with the lowest validation loss, whose weights are kept.
    """

    type: Literal["stopped_early"] = "stopped_early"
    kept_epoch: Count


@dataclass(frozen=True, kw_only=True)
class EvaluationStarted(_Event):
    """The final evaluation on a split starts; it may take a while.

    Attributes:
        epoch: The epoch whose weights are evaluated.
        step: Last step of that epoch.
        total: Sequences in the split.
    """

    type: Literal["evaluation_started"] = "evaluation_started"
    split: Split
    epoch: Count
    step: Count
    total: Count


@dataclass(frozen=True, kw_only=True)
class Evaluation(_Event):
    """The model was evaluated on a split.

    Attributes:
        final: Whether training is over; the notebook's two accuracy lines show these.
        epoch: The epoch whose weights were evaluated.
        step: Last step of that epoch.
        loss: Mean cross-entropy, without label smoothing.
        correct: Sequences classified correctly.
        total: Sequences in the split.
        accuracy: correct / total, as a fraction.
        balanced_accuracy: Mean over the classes of the part that is classified correctly; None
            where a log does not say.
        macro_f1: Mean F1 over the classes.
        class_correct: Of each class, sequences classified correctly; of very many the first ones.
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
    balanced_accuracy: Fraction | None = None
    macro_f1: Fraction | None = None
    class_correct: Annotated[tuple[Count, ...], MaxLen(MOST_CLASSES)] = ()


@dataclass(frozen=True, kw_only=True)
class Examples(_Event):
    """The sequences of a split whose predictions are reported while the run trains."""

    type: Literal["examples"] = "examples"
    split: Split
    examples: Annotated[tuple[Example, ...], MaxLen(MOST_EXAMPLES), Field(fail_fast=True)]


@dataclass(frozen=True, kw_only=True)
class Predictions(_AtStep):
    """What the network predicts for the examples: at the start, and after evaluations.

    Attributes:
        predictions: For each example, the most probable classes, and its own.
    """

    type: Literal["predictions"] = "predictions"
    predictions: Annotated[tuple[Shares, ...], MaxLen(MOST_EXAMPLES), Field(fail_fast=True)]


@dataclass(frozen=True, kw_only=True)
class RunWarning(_Event):
    """A warning for the user; training continues."""

    type: Literal["warning"] = "warning"
    message: Line


@dataclass(frozen=True, kw_only=True)
class Finished(_AtStep):
    """The run is complete.

    Attributes:
        kept_epoch: The epoch whose weights were kept; with `patience`, the best one.
        seconds: Time from the first step to the end, including evaluation.
        training_seconds: The part of it spent on training steps.
    """

    type: Literal["finished"] = "finished"
    kept_epoch: Count
    seconds: Seconds
    training_seconds: Seconds


@dataclass(frozen=True, kw_only=True)
class Paused(_AtStep):
    """The run was paused on request; its process keeps its state in memory."""

    type: Literal["paused"] = "paused"


@dataclass(frozen=True, kw_only=True)
class Resumed(_AtStep):
    """The paused run was continued on request."""

    type: Literal["resumed"] = "resumed"


@dataclass(frozen=True, kw_only=True)
class LearningRateChanged(_AtStep):
    """The setting `learning_rate` was changed on request, from the next step on.

    Attributes:
        learning_rate: The new value; the peak if the schedule has one.
    """

    type: Literal["learning_rate_changed"] = "learning_rate_changed"
    learning_rate: Rate


@dataclass(frozen=True, kw_only=True)
class Stopping(_AtStep):
    """The run was asked to stop; the final evaluation of the current weights comes first."""

    type: Literal["stopping"] = "stopping"


@dataclass(frozen=True, kw_only=True)
class Stopped(_AtStep):
    """The run was stopped on request before its end."""

    type: Literal["stopped"] = "stopped"


@dataclass(frozen=True, kw_only=True)
class Failed(_Event):
    """The run ended with an error: a `BilstmError` as an event.

    Attributes:
        title: A short name for the failure.
        message: What happened.
        advice: What to do next, one piece of advice per line.
        remedies: The advice that an interface can offer as a command, an option or a button.
        exit_code: Exit code of the process.
        details: The last lines of the traceback of an internal error.
    """

    type: Literal["failed"] = "failed"
    title: Name
    message: Text
    advice: Text
    # unknown actions of a later version are omitted
    remedies: Annotated[tuple[OnErrorOmit[Remedy], ...], MaxLen(100)] = ()
    exit_code: ExitCode
    details: Text = ""

    @classmethod
    def from_error(cls, error: BilstmError, details: str = "") -> "Failed":
        """Create the event for an error."""
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
    | Examples
    | Predictions
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
"""A function that receives the events of a run."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(
    Annotated[Event, Field(discriminator="type")], config=ConfigDict(ser_json_inf_nan="null")
)


def to_json(event: Event) -> str:
    """Convert an event to one line of JSON, without a newline."""
    line = _ADAPTER.dump_json(event).decode()
    # a setting of a later version may hold characters that JSON allows and a terminal obeys
    return line if line.isprintable() else json.dumps(json.loads(line), separators=(",", ":"))


def from_json(line: str | bytes) -> Event:
    """Read an event from one line of JSON; unknown keys are ignored.

    Raises:
        ValueError: The line is not an event.
    """
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        raise ValueError(f"not an event: {error.errors()[0]['msg']}") from None

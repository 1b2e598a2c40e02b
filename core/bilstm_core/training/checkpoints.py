"""A run's complete state on disk: saved whole or not at all, checked when loaded."""

import io
import math
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ..config.schema import RunConfig, Settings
from ..errors import CheckpointError, NewerCheckpointError
from ..events import Emit, RunWarning
from ..files import open_inside, write_atomically
from ..runs.run import Run

VERSION = 2
_KEPT = {"epoch": int, "step": int, "loss": float, "weights": dict}
"""The fields of `Kept`, as a checkpoint holds them."""
CHANGEABLE = frozenset(
    {"num_epochs", "patience", "device", "cuda_graph", "threads", "checkpoint_seconds"}
)
"""Settings that a run may go on with otherwise than it began."""
_EPOCHS_APART_SECONDS = 1.0
"""Epochs that are shorter share a checkpoint: a sync of the disk takes longer than they do."""


class Checkpoint(BaseModel):
    """The state between two steps; everything else follows from it and the configuration.

    Attributes:
        version: Of this layout.
        config: The configuration it belongs to.
        epoch: The epoch in progress, from 1; one past the last when training is over.
        batch: Batches of that epoch already trained.
        step: Steps trained in all.
        learning_rate: The setting as it is now; it can be changed while a run trains.
        threads: Of the processor, 0 on a GPU; sums depend on them, in their last bits.
        model: The network's weights.
        optimizer: The update rule's state.
        average: The averaged weights' state, where there are any.
        generators: States of PyTorch's generators: 'cpu', and the device's own.
        meter: What the epoch in progress has counted.
        kept: The epoch whose weights count in the end, with early stopping their values.
        seconds: Time spent so far: 'run', 'training', 'epoch'.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    version: int = VERSION
    config: Settings
    epoch: int = Field(ge=1)
    batch: int = Field(ge=0)
    step: int = Field(ge=0)
    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    threads: int = Field(ge=0)
    model: dict[str, Any]
    optimizer: dict[str, Any]
    average: dict[str, Any] | None
    generators: dict[str, torch.Tensor]
    meter: dict[str, Any]
    kept: dict[str, Any]
    seconds: dict[str, float]

    @field_validator("kept")
    @classmethod
    def _is_an_epoch(cls, kept: dict[str, Any]) -> dict[str, Any]:
        if kept.keys() != _KEPT.keys() or not all(
            isinstance(kept[name], kind) for name, kind in _KEPT.items()
        ):
            raise ValueError("kept is no epoch")
        return kept


@dataclass(frozen=True)
class Kept:
    """The epoch whose weights count in the end, and with early stopping the weights."""

    epoch: int = 0
    step: int = 0
    loss: float = math.inf
    weights: dict[str, torch.Tensor] = field(default_factory=dict)


class Checkpoints:
    """Where a run keeps its state: the newest, and the one before it.

    A disk that is full, or any other trouble in saving, is a warning: training goes on, and the
    state on the disk stays as it was.

    Args:
        run: The run, whose lock is held.
        interval: Seconds between two states while an epoch lasts.
        warn: Takes what could not be done.
    """

    def __init__(self, run: Run, interval: float, warn: Emit = lambda _: None) -> None:
        self._run = run
        self._interval = interval
        self.warn = warn
        self._saved_at = time.monotonic()
        self._is_failing = False
        self._keep_as = run.previous_checkpoint_file
        self.step: int | None = None
        """The step of the newest state on the disk."""

    def is_due(self) -> bool:
        """Whether it is time for another one in the middle of an epoch."""
        return time.monotonic() - self._saved_at >= self._interval

    def is_worthwhile_after_epoch(self) -> bool:
        """Whether the last one is old enough for another at an epoch's end."""
        return time.monotonic() - self._saved_at >= min(_EPOCHS_APART_SECONDS, self._interval)

    def save(self, state: Checkpoint) -> None:
        """Put a state on the disk; the newest until now becomes the previous one."""
        content = io.BytesIO()
        torch.save(dict(state), content)
        self._saved_at = time.monotonic()
        try:
            write_atomically(
                self._run.checkpoint_file,
                content.getbuffer(),
                keep=self._keep_as,
            )
        except OSError as error:
            self._tell_failure(error)
        else:
            self.step, self._is_failing = state.step, False
            self._keep_as = self._run.previous_checkpoint_file

    def load(self) -> Checkpoint | None:
        """The newest state that is whole, or None where the run left none yet.

        Raises:
            CheckpointError: There are states, but none is whole.
            NewerCheckpointError: A later version of the program wrote one.
        """
        problems = []
        for path in (self._run.checkpoint_file, self._run.previous_checkpoint_file):
            try:
                state = load_checkpoint(path)
            except FileNotFoundError:
                continue
            except NewerCheckpointError:  # an older state would be gone on with in its place
                raise
            except CheckpointError as error:
                problems.append(error.message)
                continue
            if problems:  # the good one stays the previous one until there is a newer one
                self._keep_as = self._run.damaged_checkpoint_file
            for problem in problems:
                self.warn(
                    RunWarning(
                        message=f"{problem} It is kept as checkpoint.damaged.pt; the previous "
                        f"checkpoint, of step {state.step:,}, is taken."
                    )
                )
            self.step = state.step
            return state
        if problems:
            raise CheckpointError(
                "\n".join(problems),
                f"Begin the same run anew: bilstm-tui --no-ui --config {self._run.config_file}",
                title="No checkpoint is whole",
            )
        return None

    def _tell_failure(self, error: OSError) -> None:
        if self._is_failing:  # once is enough, until it works again
            return
        self._is_failing = True
        rest = "none is saved yet" if self.step is None else f"that of step {self.step:,} is kept"
        self.warn(
            RunWarning(
                message=f"The checkpoint could not be saved: {error.strerror or error}; {rest}. "
                "Training goes on."
            )
        )


def load_checkpoint(path: Path) -> Checkpoint:
    """A state from a file that may be anything.

    Nothing in the file is executed: PyTorch is told to load tensors and plain values alone.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It is damaged, or no checkpoint of ours.
        NewerCheckpointError: A later version of the program wrote it.
    """
    try:
        with open_inside(path, "rb") as file:
            content = io.BytesIO(file.read())
        # PyTorch's own reader does not look at the checksums that its writer stores
        damaged_part = zipfile.ZipFile(content).testzip()
        if damaged_part:
            raise _damaged(path, f"the checksum of {damaged_part} is wrong")  # noqa: TRY301
        content.seek(0)
        state = torch.load(content, map_location="cpu", weights_only=True)
    except (FileNotFoundError, CheckpointError):
        raise
    except Exception as error:  # whatever a hostile file provokes in zip, pickle and PyTorch
        raise _damaged(path, _first_line(error)) from None
    version = state.get("version") if isinstance(state, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise NewerCheckpointError(
            f"{path} was written by a newer bilstm-tui: its layout is number {version}, and this "
            f"one reads number {VERSION}. Nothing was changed.",
            "Go on with it there, or update bilstm-tui here.",
        )
    if isinstance(version, int) and version < VERSION:
        raise _damaged(path, "an older bilstm-tui wrote it, in a layout that this one cannot read")
    try:
        return Checkpoint.model_validate(state)
    except ValidationError as error:
        raise _damaged(path, f"it is no state of a run ({error.error_count()} errors)") from None


def differences(config: RunConfig, state: Checkpoint) -> list[str]:
    """What a state's configuration has otherwise, beyond what a run may change, in words."""
    now = config.model_dump()
    return [
        f"{name} = {now.get(name)} here, {state.config.get(name)!s:.100} in the checkpoint"
        for name in sorted(now.keys() | state.config.keys())
        if name not in CHANGEABLE and now.get(name) != state.config.get(name)
    ]


def _damaged(path: Path, how: str) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {how}.")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{lines[0]:.200}" if lines else type(error).__name__

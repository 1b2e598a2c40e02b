"""A run's complete state on disk: saved whole or not at all, checked when loaded."""

import io
import math
import time
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from ..config.schema import RunConfig
from ..config.settings import RESUMABLE, Settings
from ..data.spec import DataSpec
from ..errors import CheckpointError, NewerCheckpointError, Remedy
from ..files import open_regular_file, write_atomically
from ..runs.run import Run

VERSION = 3
_LEAST_INTERVAL_SECONDS = 1.0
"""Epochs that are shorter share a checkpoint: a sync of the disk takes longer than they do."""


class Kept(BaseModel):
    """The epoch whose weights count in the end: the last, or with `patience` the best.

    Epoch 0 is before the first; without `patience` there is no loss, and weights are the newest.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", frozen=True)

    epoch: NonNegativeInt = 0
    step: NonNegativeInt = 0
    loss: float = math.inf
    weights: dict[str, torch.Tensor] = {}


class Elapsed(BaseModel):
    """Seconds so far: of the run, of its training, of the training in the epoch in progress.

    Training is batches and steps, without pauses, evaluations and checkpoints.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    run: float = Field(default=0.0, ge=0)
    training: float = Field(default=0.0, ge=0)
    epoch: float = Field(default=0.0, ge=0)

    def add_training(self, seconds: float) -> None:
        """Count time that was spent on training."""
        self.training += seconds
        self.epoch += seconds


class Checkpoint(BaseModel):
    """The state between two steps; everything else follows from it and the configuration.

    Attributes:
        version: Of this layout.
        epoch: The epoch in progress, from 1; one past the last when training is over.
        batch: Batches of that epoch already trained.
        step: Steps trained in all.
        learning_rate: The setting as it is now; it can be changed while a run trains.
        threads: Of the processor, 0 on a GPU; the last bits of sums depend on them.
        generators: States of PyTorch's generators: 'cpu', and the device's own.
        meter: What the epoch in progress has counted.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    version: int = VERSION
    config: Settings
    data: DataSpec
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
    kept: Kept
    elapsed: Elapsed

    def as_plain_values(self) -> dict[str, Any]:
        """Tensors and Python's own types only, all that `weights_only` loads."""
        return {
            **dict(self),
            "data": asdict(self.data),
            "kept": dict(self.kept),
            "elapsed": dict(self.elapsed),
        }


class Checkpoints:
    """Where a run keeps its state: the newest, and the one before it.

    Args:
        run: The run, whose lock is held.
        interval: Seconds between two states while an epoch lasts.
    """

    def __init__(self, run: Run, interval: float) -> None:
        self.run = run
        self._interval = interval
        self._saved_at = time.monotonic()
        self._is_failing = False
        self._keep_as = run.previous_checkpoint_file
        self.step: int | None = None
        """The step of the newest state on the disk."""

    def is_due(self) -> bool:
        """Whether it is time for another one in the middle of an epoch."""
        return time.monotonic() - self._saved_at >= self._interval

    def is_due_after_epoch(self) -> bool:
        """Whether the last one is old enough for another at an epoch's end."""
        return time.monotonic() - self._saved_at >= min(_LEAST_INTERVAL_SECONDS, self._interval)

    def save(self, state: Checkpoint) -> str:
        """Put a state on the disk; the newest until now becomes the previous one.

        If that fails, the states on the disk are unchanged, and training can continue.

        Returns:
            A warning, the first time that it fails; otherwise an empty string.
        """
        content = io.BytesIO()
        torch.save(state.as_plain_values(), content)
        self._saved_at = time.monotonic()
        try:
            write_atomically(self.run.checkpoint_file, content.getbuffer(), self._keep_as)
        except OSError as error:
            is_new, self._is_failing = not self._is_failing, True
            return self._failure(error) if is_new else ""
        self.step, self._is_failing = state.step, False
        self._keep_as = self.run.previous_checkpoint_file
        return ""

    def load(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest state that is whole, or None where the run has none yet; and warnings.

        Raises:
            CheckpointError: There are states, but none is whole.
            NewerCheckpointError: A later version of the program wrote one.
        """
        problems = []
        for path in (self.run.checkpoint_file, self.run.previous_checkpoint_file):
            try:
                state = load_checkpoint(path)
            except FileNotFoundError:
                continue
            except NewerCheckpointError:  # an older state must not be resumed in its place
                raise
            except CheckpointError as error:
                problems.append(error.message)
                continue
            if problems:  # the good one stays the previous one until there is a newer one
                self._keep_as = self.run.damaged_checkpoint_file
            self.step = state.step
            return state, [
                f"{problem} It is kept as checkpoint.damaged.pt; the previous checkpoint, of "
                f"step {state.step:,}, is used."
                for problem in problems
            ]
        if problems:
            raise CheckpointError(
                "\n".join(problems),
                restart_remedy(self.run.config_file),
                title="Every checkpoint is damaged",
            )
        return None, []

    def _failure(self, error: OSError) -> str:
        rest = "none is saved yet" if self.step is None else f"that of step {self.step:,} is kept"
        return (
            f"The checkpoint could not be saved: {error.strerror or error}; {rest}. "
            "Training continues."
        )


def load_checkpoint(path: Path) -> Checkpoint:
    """A state from a file that may be anything.

    Nothing in the file is executed: PyTorch loads tensors and plain values only.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It is damaged, or no checkpoint of this program.
        NewerCheckpointError: A later version of the program wrote it.
    """
    try:
        with open_regular_file(path, "rb") as file:
            content = io.BytesIO(file.read())
        # PyTorch's own reader ignores the checksums that its writer stores
        if damaged_part := zipfile.ZipFile(content).testzip():
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
            "Resume it with that version, or update bilstm-tui here.",
        )
    if isinstance(version, int) and version < VERSION:
        raise _damaged(path, "an older bilstm-tui wrote it, in a layout that this one cannot read")
    try:
        return Checkpoint.model_validate(state)
    except ValidationError as error:
        raise _damaged(path, f"it is no state of a run ({error.error_count()} errors)") from None


def differences(config: RunConfig, state: Checkpoint) -> list[str]:
    """Settings that differ in a state's configuration and may not, in words."""
    now = config.model_dump()
    return [
        f"{name} = {now.get(name)} here, {state.config.get(name)!s:.100} in the checkpoint"
        for name in sorted(now.keys() | state.config.keys())
        if name not in RESUMABLE and now.get(name) != state.config.get(name)
    ]


def restart_remedy(config_file: Path) -> Remedy:
    """The advice to train a run's configuration as a new run."""
    return Remedy("Start a new run with the same configuration.", "restart", str(config_file))


def _damaged(path: Path, how: str) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {how}.")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{lines[0]:.200}" if lines else type(error).__name__

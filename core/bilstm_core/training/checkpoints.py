"""A run's complete state on disk: saved whole or not at all, checked when loaded."""

import errno
import math
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError
from torch import Tensor

from ..compute.seeding import generator_states
from ..config.schema import RunConfig
from ..config.settings import RESUMABLE, Settings
from ..data.spec import DataSpec
from ..errors import (
    CheckpointError,
    NewerCheckpointError,
    Remedy,
    UnreadableCheckpointError,
)
from ..files import Folder, open_regular_file
from ..network.classifier import SequenceClassifier
from ..network.tensor_file import Kind, TensorFile, to_bytes
from ..runs.run import Run
from .lanes import Layout
from .optimisers import state_names

VERSION = 5
_KEY = "bilstm-tui checkpoint"
_LEAST_INTERVAL_SECONDS = 1.0
"""Epochs that are shorter share a checkpoint: a sync of the disk takes longer than they do."""
_GENERATOR_BYTES = 1 << 12
"""Longest state of a GPU's generator."""


class Kept(BaseModel):
    """The epoch whose weights count in the end: the last, or with `patience` the best.

    Epoch 0 is before the first; without `patience` there is no loss, and weights are the newest.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", frozen=True, ser_json_inf_nan="strings"
    )

    epoch: NonNegativeInt = 0
    step: NonNegativeInt = 0
    loss: Annotated[float, Field(ge=-math.inf)] = math.inf
    weights: dict[str, Tensor] = Field(default={}, exclude=True)


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
        version: Of this format.
        epoch: The epoch in progress, from 1; one past the last when training is over.
        batch: Batches of that epoch already trained.
        step: Steps trained in all.
        learning_rate: The setting as it is now; it can be changed while a run trains.
        layout: Of the lanes on a processor, None on a GPU; the last bits of sums depend on it.
        trained: Sequences of the epoch in progress already trained.
        tensors: By group and name: 'model.', 'average.', 'kept.' and 'optimizer.', weights and what
            belongs to them; 'generator.', states of PyTorch's generators: 'cpu', and the device's
            own; 'meter.', what the epoch in progress has counted.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", ser_json_inf_nan="strings"
    )

    version: int = VERSION
    config: Settings
    data: DataSpec
    epoch: Annotated[int, Field(ge=1, le=2**53)]
    batch: Annotated[int, Field(ge=0, le=2**53)]
    step: Annotated[int, Field(ge=0, le=2**53)]
    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    layout: Layout | None
    trained: Annotated[int, Field(ge=0, le=2**53)]
    kept: Kept
    elapsed: Elapsed
    tensors: dict[str, Tensor] = Field(default={}, exclude=True)

    def group(self, name: str) -> dict[str, Tensor]:
        """The tensors of a group, by their names in it."""
        prefix = f"{name}."
        return {
            full.removeprefix(prefix): tensor
            for full, tensor in self.tensors.items()
            if full.startswith(prefix)
        }


class _Stored(BaseModel):
    """A file's description: the state without tensors, as JSON, and checksums of everything."""

    state: str
    state_checksum: int
    checksums: dict[str, int]


class Checkpoints:
    """Where a run keeps its state: the newest, and the one before it.

    Args:
        run: The run.
        folder: Its directory; the run's lock is held.
        interval: Seconds between two states while an epoch lasts.
    """

    def __init__(self, run: Run, folder: Folder, interval: float) -> None:
        self.run = run
        self._folder = folder
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
        content = _to_bytes(state)
        self._saved_at = time.monotonic()
        try:
            self._folder.replace(self.run.checkpoint_file.name, content, self._keep_as.name)
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
            UnreadableCheckpointError: One cannot be read at present.
        """
        problems = []
        for path in (self.run.checkpoint_file, self.run.previous_checkpoint_file):
            try:
                state = load_checkpoint(path, self._folder)
            except FileNotFoundError:
                continue
            except (NewerCheckpointError, UnreadableCheckpointError):
                raise  # an older state must not be resumed in its place
            except CheckpointError as error:
                problems.append(error.message)
                continue
            if problems:  # the good one stays the previous one until there is a newer one
                self._keep_as = self.run.damaged_checkpoint_file
            self.step = state.step
            kept_as = self.run.damaged_checkpoint_file.name
            return state, [
                f"{problem} It is kept as {kept_as}; the previous checkpoint, of "
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


def load_checkpoint(path: Path, folder: Folder | None = None) -> Checkpoint:
    """A state from a file that may be anything.

    Its tensors are contiguous copies, exactly those that its configuration has; nothing in the
    file is executed.

    Args:
        path: The file.
        folder: Its directory, where that is held open.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It is damaged, or no checkpoint of this program.
        NewerCheckpointError: A later version of the program wrote it.
    """
    try:
        with folder.open(path.name, "rb") if folder else open_regular_file(path, "rb") as file:
            stored = TensorFile(file, _KEY)
            described = _Stored.model_validate_json(stored.description)
            state = _described_state(described, path)
            tensors = stored.read(_expected_kinds(state, stored.kinds))
    except (FileNotFoundError, NewerCheckpointError):
        raise
    except ValidationError as error:
        raise _damaged(path, f"it is no state of a run ({error.error_count()} errors)") from None
    except OSError as error:
        if error.errno in {None, errno.ELOOP, errno.ENXIO}:  # a link, a pipe
            raise _damaged(path, str(error)) from None
        raise UnreadableCheckpointError(
            f"{path} cannot be read: {error.strerror}.", "Nothing was changed; try again."
        ) from None
    except (ValueError, KeyError, RuntimeError, OverflowError) as error:
        raise _damaged(path, f"{error!s:.200}") from None
    for name, tensor in tensors.items():
        if described.checksums.get(name) != _checksum(tensor):
            raise _damaged(path, f"the checksum of {name} is wrong")
    return state.model_copy(update={"tensors": tensors})


def _to_bytes(state: Checkpoint) -> bytes:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
    text = state.model_dump_json()
    stored = _Stored(
        state=text,
        state_checksum=zlib.crc32(text.encode()),
        checksums={name: _checksum(tensor) for name, tensor in tensors.items()},
    )
    return to_bytes(tensors, _KEY, stored.model_dump_json())


def _checksum(tensor: Tensor) -> int:
    return zlib.crc32(tensor.flatten().view(torch.uint8).numpy().data)


def _described_state(stored: _Stored, path: Path) -> Checkpoint:
    if zlib.crc32(stored.state.encode()) != stored.state_checksum:
        raise ValueError("the checksum of its description is wrong")
    version = _Version.model_validate_json(stored.state).version
    if version > VERSION:
        raise NewerCheckpointError(
            f"{path} was written by a newer bilstm-tui: its format is number {version}, and this "
            f"one reads number {VERSION}. Nothing was changed.",
            "Resume it with that version, or update bilstm-tui here.",
        )
    if version < VERSION:
        raise ValueError("an older bilstm-tui wrote it, in a format that this one cannot read")
    return Checkpoint.model_validate_json(stored.state)


class _Version(BaseModel):
    version: int


def _expected_kinds(state: Checkpoint, found: Mapping[str, Kind]) -> dict[str, Kind]:
    """The tensors that a state has, by its configuration; only its generators are a device's."""
    known = {name: state.config[name] for name in RunConfig.model_fields}
    config = RunConfig.model_validate(known)
    with torch.device("meta"):
        model = SequenceClassifier.from_config(config, state.data)
    weights = {name: Kind.of(weight) for name, weight in model.state_dict().items()}
    expected = {f"model.{name}": kind for name, kind in weights.items()}
    if config.ema_decay:
        expected |= {f"average.{name}": kind for name, kind in weights.items()}
    if config.patience and state.kept.epoch:
        expected |= {f"kept.{name}": kind for name, kind in weights.items()}
    if state.step:
        for number, parameter in enumerate(model.parameters()):
            for name in state_names(config):
                kind = Kind("F32", ()) if name == "step" else Kind.of(parameter)
                expected[f"optimizer.{number}.{name}"] = kind
    expected["meter.correct"], expected["meter.loss_sum"] = Kind("I64", ()), Kind("F32", ())
    for name, generator in generator_states(torch.device("cpu")).items():
        expected[f"generator.{name}"] = Kind.of(generator)
    for name in ("generator.cuda", "generator.mps"):
        kind = found.get(name)
        if kind and kind.type == "U8" and kind.num_bytes <= _GENERATOR_BYTES:
            expected[name] = kind
    return expected


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

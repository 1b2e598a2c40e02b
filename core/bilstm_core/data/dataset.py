"""A data set in memory, for one device."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config.schema import Normalize
from .normalise import standard
from .spec import DataSpec, Split
from .split import held_out

_CPU = torch.device("cpu")
_LARGEST_PART = 0.5
"""Of a GPU's free memory, for the data: the rest is for the network."""


@dataclass(frozen=True)
class Sequences:
    """Labelled sequences as they are stored.

    Attributes:
        values: Shape (N, T, features), bytes for images; where lengths differ, the sequences stand
            one after the other without padding: shape (sum of lengths, features), float32.
        labels: Shape (N,), int64: positions in the classes.
        lengths: Steps of each sequence, shape (N,), int64; None where all have T.
    """

    values: Tensor
    labels: Tensor
    lengths: Tensor | None = None

    @classmethod
    def from_arrays(cls, values: NDArray[np.uint8], labels: NDArray[np.uint8]) -> "Sequences":
        """Copies of arrays as sequences."""
        return cls(torch.from_numpy(values.copy()), torch.from_numpy(labels.astype(np.int64)))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor | slice) -> "Sequences":
        """The sequences at some positions, in that order."""
        if self.lengths is None:
            return Sequences(self.values[index], self.labels[index])
        lengths, starts = self.lengths[index], self._starts[index]
        offsets = torch.arange(int(lengths.sum()), device=lengths.device)
        own_starts = lengths.cumsum(0) - lengths
        steps = offsets + (starts - own_starts).repeat_interleave(lengths)
        return Sequences(self.values[steps], self.labels[index], lengths)

    def padded(self, num_steps: int | None = None) -> Tensor:
        """The values in the shape (N, num_steps, features), padded with zeros.

        Args:
            num_steps: At least the longest length; that where None, which asks the device for it.
        """
        if self.lengths is None:
            return self.values
        steps = torch.arange(num_steps or int(self.lengths.max()), device=self.lengths.device)
        is_own = steps < self.lengths[:, None]
        rows = (self._starts[:, None] + steps).where(is_own, 0)
        return self.values[rows].masked_fill_(~is_own[:, :, None], 0)

    def to(self, device: torch.device) -> "Sequences":
        """The same sequences on a device."""
        lengths = None if self.lengths is None else self.lengths.to(device)
        return Sequences(self.values.to(device), self.labels.to(device), lengths)

    @cached_property
    def _starts(self) -> Tensor:
        """The first step of each sequence in `values`, shape (N,)."""
        lengths = cast(Tensor, self.lengths)
        return lengths.cumsum(0) - lengths


@dataclass(frozen=True)
class Dataset:
    """A data set in memory, for one device; the validation set may be empty.

    Attributes:
        device: Where batches go: also where the sequences are, unless they are too large for it.
        test_ids: What the data call each test sequence; empty where they name none.
    """

    spec: DataSpec
    train: Sequences
    test: Sequences
    validation: Sequences
    device: torch.device = _CPU
    test_ids: Sequence[str] = ()

    @classmethod
    def from_splits(cls, spec: DataSpec, train: Sequences, test: Sequences) -> "Dataset":
        """A whole data set; sizes and fingerprint of its description are filled in."""
        spec = replace(spec, train_size=len(train), test_size=len(test))
        spec = replace(spec, fingerprint=_fingerprint(train, test))
        return cls(spec, train, test, validation=train[:0])._with_class_sizes()

    @cached_property
    def train_lengths(self) -> Tensor:
        """Steps of each training sequence, on the CPU, where batches are planned."""
        return cast(Tensor, self.train.lengths).cpu()

    def split(self, name: Split) -> Sequences:
        """The sequences of a split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    @property
    def evaluated_split(self) -> Split:
        """The split on which a network is evaluated after each epoch."""
        return "validation" if len(self.validation) else "test"

    def to(self, device: torch.device) -> "Dataset":
        """The same data for a device: in its memory, or else in main memory."""
        if self.num_bytes > _LARGEST_PART * _free_bytes(device):
            return replace(self, device=device)
        return replace(
            self,
            train=self.train.to(device),
            test=self.test.to(device),
            validation=self.validation.to(device),
            device=device,
        )

    @property
    def num_bytes(self) -> int:
        """Size of all values."""
        return sum(part.values.nbytes for part in (self.train, self.test, self.validation))

    def hold_out(self, fraction: float, seed: int) -> "Dataset":
        """The same data with a fraction of each class's training sequences for validation."""
        if not fraction:
            return self
        spec = self.spec.held_out(fraction)
        chosen = torch.from_numpy(held_out(self.train.labels.numpy(), fraction, seed))
        kept, others = (~chosen).nonzero().flatten(), chosen.nonzero().flatten()
        data = replace(self, spec=spec, train=self.train[kept], validation=self.train[others])
        return data._with_class_sizes()

    def normalised(self, how: Normalize) -> "Dataset":
        """The same data with another normalisation; statistics are of the training part alone.

        The bytes of images are numbers from 0 to 1 in any case.
        """
        own = self.spec.normalisation
        match how:
            case "none":
                return self
            case "auto" if self.spec.kind == "images":
                return self
            case "auto" | "standard":
                steps = self.train.values.reshape(-1, self.spec.num_features)
                chosen = standard(steps, own)
            case "sequence":
                chosen = replace(own, per_sequence=True)
        return replace(self, spec=replace(self.spec, normalisation=chosen))

    def _with_class_sizes(self) -> "Dataset":
        splits: tuple[Split, ...] = ("train", "validation", "test")
        sizes = {
            name: tuple(self.split(name).labels.bincount(minlength=self.spec.num_classes).tolist())
            for name in splits
        }
        return replace(self, spec=replace(self.spec, class_sizes=sizes))


def _free_bytes(device: torch.device) -> float:
    """Free memory of a GPU; without bound where the sequences are in the same memory already."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else math.inf


def _fingerprint(*splits: Sequences) -> str:
    digest = hashlib.sha256()
    for split in splits:
        for tensor in (split.values, split.labels, split.lengths):
            if tensor is None:
                continue
            digest.update(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()

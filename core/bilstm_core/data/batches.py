"""Batches: what a network, a training step and an evaluation are given."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..compute.seeding import Stream, generator
from ..config.schema import RunConfig
from .augment import apply_transforms, draw_transforms
from .dataset import Dataset, Sequences
from .normalise import normalise
from .spec import DataSpec


@dataclass(frozen=True)
class Batch:
    """Some sequences, ready to be read by a network.

    Attributes:
        inputs: Shape (N, T, features), float32, normalised.
        lengths: Steps of each sequence, shape (N,); None where all are equally long.
        labels: Shape (N,), int64: positions in the classes.
    """

    inputs: Tensor
    lengths: Tensor | None
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def make_batch(sequences: Sequences, spec: DataSpec) -> Batch:
    """Stored sequences as a batch."""
    return Batch(normalise(sequences.values, spec.normalisation), None, sequences.labels)


def in_order(sequences: Sequences, spec: DataSpec, batch_size: int) -> Iterator[Batch]:
    """All sequences of a split, in batches, in the order in which they are stored."""
    for start in range(0, len(sequences), batch_size):
        yield make_batch(sequences[start : start + batch_size], spec)


def training_batches(
    data: Dataset, config: RunConfig, epoch: int, skip: int = 0
) -> Iterator[Batch]:
    """An epoch's batches, shuffled and augmented.

    Order and augmentation follow from (seed, epoch) alone, so that a run resumes in the middle
    of an epoch without any saved state.

    Args:
        data: The data, on their device.
        config: Its batch_size, augment and seed count.
        epoch: From 1.
        skip: Batches at the start that are left out.
    """
    train, spec, size = data.train, data.spec, config.batch_size
    device = train.labels.device
    order = torch.randperm(len(train), generator=generator(config.seed, Stream.ORDER, epoch))
    transforms = draw_transforms(
        config.augment,
        len(train),
        (spec.height, spec.width),
        generator(config.seed, Stream.AUGMENT, epoch),
    )
    order = order.to(device)
    if transforms is not None:
        transforms = transforms.to(device)
    for start in range(skip * size, len(train), size):
        batch = make_batch(train[order[start : start + size]], spec)
        if transforms is not None:
            inputs = apply_transforms(batch.inputs, transforms[start : start + size])
            batch = Batch(inputs, batch.lengths, batch.labels)
        yield batch

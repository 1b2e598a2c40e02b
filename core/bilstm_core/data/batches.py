"""Batches: what a network, a training step and an evaluation are given."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..compute.seeding import generator
from ..compute.streams import Stream
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

    def __getitem__(self, rows: slice) -> "Batch":
        """Some of the sequences, as views."""
        lengths = None if self.lengths is None else self.lengths[rows]
        return Batch(self.inputs[rows], lengths, self.labels[rows])

    def to(self, device: torch.device) -> "Batch":
        """A copy on a GPU, for which this process does not wait, or the batch if it is there."""
        if self.labels.device == device:
            return self

        def copy(tensor: Tensor) -> Tensor:
            return tensor.pin_memory().to(device, non_blocking=True)

        lengths = None if self.lengths is None else copy(self.lengths)
        return Batch(copy(self.inputs), lengths, copy(self.labels))


def make_batch(sequences: Sequences, spec: DataSpec, num_steps: int | None = None) -> Batch:
    """Stored sequences as a batch, padded to `num_steps` or their longest length."""
    values = sequences.padded(num_steps)
    inputs = normalise(values, spec.normalisation, sequences.lengths)
    return Batch(inputs, sequences.lengths, sequences.labels)


def in_order(sequences: Sequences, spec: DataSpec, batch_size: int) -> Iterator[Batch]:
    """All sequences of a split, in batches, in the order in which they are stored."""
    for start in range(0, len(sequences), batch_size):
        yield make_batch(sequences[start : start + batch_size], spec)


def by_length(sequences: Sequences, spec: DataSpec, batch_size: int) -> Iterator[Batch]:
    """All sequences of a split, in batches of similar lengths, so that there is little padding."""
    if sequences.lengths is None:
        yield from in_order(sequences, spec, batch_size)
        return
    yield from in_order(sequences[sequences.lengths.argsort(stable=True)], spec, batch_size)


def on_device(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """The same batches on a device: each is copied there while the one before it is used."""
    before = None
    for batch in batches:
        copied = batch.to(device)
        if before:
            yield before
        before = copied
    if before:
        yield before


def training_batches(
    data: Dataset, config: RunConfig, epoch: int, skip: int = 0
) -> Iterator[Batch]:
    """An epoch's batches on their device, shuffled and augmented.

    Sequences of similar lengths are in a batch, so that there is little padding.
    Order and augmentation follow from (seed, epoch) alone, so that a run resumes in the middle
    of an epoch without any saved state.

    Args:
        data: The data.
        config: Its batch_size, augment and seed count.
        epoch: From 1.
        skip: Batches at the start that are left out.
    """
    batches = _shuffled(data, config, epoch, skip)
    is_there = data.train.labels.device == data.device
    yield from batches if is_there else on_device(batches, data.device)


def _shuffled(data: Dataset, config: RunConfig, epoch: int, skip: int) -> Iterator[Batch]:
    """An epoch's batches, where the sequences are."""
    train, spec, size = data.train, data.spec, config.batch_size
    device = train.labels.device
    random = generator(config.seed, Stream.ORDER, epoch)
    order = torch.randperm(len(train), generator=random)
    if train.lengths is not None:
        yield from _batches_of_similar_lengths(data, order, size, random, skip)
        return
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


_SORTED_BATCHES = 64
"""Batches whose sequences are sorted by length together: fewer would need more padding, more would
leave less to chance."""


def _batches_of_similar_lengths(
    data: Dataset, order: Tensor, size: int, random: torch.Generator, skip: int
) -> Iterator[Batch]:
    lengths = data.train_lengths[order]
    device = data.train.labels.device
    batches: list[Tensor] = []
    for start in range(0, len(order), size * _SORTED_BATCHES):
        window = slice(start, start + size * _SORTED_BATCHES)
        by_length = lengths[window].argsort(stable=True)
        batches += order[window][by_length].split(size)
    for number in torch.randperm(len(batches), generator=random).tolist()[skip:]:
        chosen = batches[number]
        num_steps = int(data.train_lengths[chosen].max())
        if data.device.type == "cuda":
            num_steps = rounded_up(num_steps)
        yield make_batch(data.train[chosen.to(device)], data.spec, num_steps)


def rounded_up(num_steps: int) -> int:
    """A number of steps for which a CUDA graph is captured: 8 in each doubling.

    Without rounding there would be a graph for each length; this adds 4 % of padding on average.
    """
    multiple = max(4, 2 ** (num_steps.bit_length() - 4))
    return -(-num_steps // multiple) * multiple

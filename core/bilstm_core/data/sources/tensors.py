"""Assembled data as tensors."""

import numpy as np
import torch

from ..dataset import Dataset, Sequences
from ..spec import DataSpec
from .assemble import Assembled, Part


def as_dataset(assembled: Assembled) -> Dataset:
    """The data on the CPU; where lengths differ, the sequences stand one after the other."""
    spec, parts = assembled.spec, assembled.parts
    return Dataset(
        spec,
        train=_sequences(parts["train"], spec),
        test=_sequences(parts["test"], spec),
        validation=_sequences(parts["validation"], spec),
        test_ids=parts["test"].ids,
    )


def _sequences(part: Part, spec: DataSpec) -> Sequences:
    labels = torch.from_numpy(part.labels)
    if spec.has_lengths:
        values = np.concatenate([np.empty((0, spec.num_features), np.float32), *part.values])
        lengths = torch.tensor([len(sequence) for sequence in part.values], dtype=torch.int64)
        return Sequences(torch.from_numpy(values), labels, lengths)
    if not part.values:
        return Sequences(torch.empty(0, spec.longest, spec.num_features), labels)
    return Sequences(torch.from_numpy(np.stack(part.values)), labels)

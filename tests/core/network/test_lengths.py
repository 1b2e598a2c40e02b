"""The laws of sequences of different lengths: padding changes nothing, nor do the others."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.network.classifier import SequenceClassifier
from tests.core.hardware import needs_bfloat16

FEATURES, HIDDEN, CLASSES, LONGEST = 3, 5, 4, 9
LENGTHS = torch.tensor([9, 1, 4, 2, 7])
DIRECTIONS = [(False, "concat"), *((True, merge) for merge in MERGES)]
NETWORKS = [
    pytest.param(cell, both, merge, readout, layers, id=f"{cell}-{merge * both}-{readout}-{layers}")
    for cell, (both, merge), readout, layers in itertools.product(
        CELLS, DIRECTIONS, READOUTS, (1, 2)
    )
    if not READOUTS[readout].reads_every_step
]


def make_network(cell: Any, both: bool, merge: Any, readout: Any, layers: int) -> Any:
    torch.manual_seed(0)
    return SequenceClassifier(
        num_features=FEATURES,
        num_steps=LONGEST,
        num_classes=CLASSES,
        cell=cell,
        bidirectional=both,
        num_layers=layers,
        hidden_size=HIDDEN,
        merge=merge,
        readout=readout,
        has_lengths=True,
    )


def sequences() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(length, FEATURES, generator=generator) for length in LENGTHS.tolist()]


def padded(values: list[Tensor], steps: int, filler: float) -> Tensor:
    whole = torch.full((len(values), steps, FEATURES), filler)
    for row, sequence in zip(whole, values, strict=True):
        row[: len(sequence)] = sequence
    return whole


def outcome(model: nn.Module, inputs: Tensor, lengths: Tensor | None) -> list[Tensor]:
    """Class scores, and the gradients of the weights."""
    model.zero_grad()
    scores = model(inputs, lengths)
    (scores.square() * torch.arange(1.0, CLASSES + 1)).sum().backward()
    return [
        scores,
        *(weight.grad.clone() for weight in model.parameters() if weight.grad is not None),
    ]


def packed_scores(model: Any, inputs: Tensor, lengths: Tensor) -> Tensor:
    """The same network as PyTorch's documentation writes it."""
    states = inputs
    for layer in model.layers:
        packed = pack_padded_sequence(states, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(layer(packed)[0], batch_first=True)
    rows = []
    for row, length in zip(states, lengths.tolist(), strict=True):
        own = row[None, :length]
        readout, sizes = READOUTS[model.readout], model.hidden_size
        if model.bidirectional and readout.is_per_direction:
            forward, backward = own.split(sizes, dim=-1)
            read = MERGES[model.merge].combine(
                readout.read(forward, False, None), readout.read(backward, True, None)
            )
        else:
            merged = own
            if model.bidirectional:
                merged = MERGES[model.merge].combine(*own.split(sizes, dim=-1))
            read = readout.read(merged, False, None)
        rows.append(read)
    return model.classifier(torch.cat(rows))


@pytest.mark.parametrize(("cell", "both", "merge", "readout", "layers"), NETWORKS)
def test_the_laws(cell: str, both: bool, merge: str, readout: str, layers: int) -> None:
    model, own = make_network(cell, both, merge, readout, layers), sequences()
    mixed = outcome(model, padded(own, LONGEST, 0.0), LENGTHS)
    for one, other in zip(
        mixed, outcome(model, padded(own, LONGEST + 6, 1e3), LENGTHS), strict=True
    ):
        torch.testing.assert_close(one, other)  # more padding, of other values
    alone = [model(sequence[None], None) for sequence in own]
    torch.testing.assert_close(mixed[0], torch.cat(alone))
    torch.testing.assert_close(mixed[0], packed_scores(model, padded(own, LONGEST, 0.0), LENGTHS))


@needs_bfloat16
@pytest.mark.parametrize("readout", [it for it in READOUTS if it != "all"])
def test_the_laws_in_bfloat16(readout: str) -> None:
    model, own = make_network("lstm", True, "concat", readout, 2), sequences()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(padded(own, LONGEST, 0.0), LENGTHS).float()
        more = model(padded(own, LONGEST + 6, 1e3), LENGTHS).float()
    torch.testing.assert_close(mixed, more, rtol=0.02, atol=0.02)
    torch.testing.assert_close(
        mixed, model(padded(own, LONGEST, 0.0), LENGTHS), rtol=0.05, atol=0.05
    )

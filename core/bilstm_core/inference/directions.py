"""What the directions of a network know of one sequence, when they have read a part of it."""

import torch
from torch import Tensor

from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..network.classifier import SequenceClassifier


def top_states(network: SequenceClassifier, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The states of the top layer for a sequence (T, features): forward and backward, each (T, H).

    With one direction there are no backward states: shape (T, 0).
    """
    states = inputs[None]
    for layer in network.layers:
        states, _ = layer(states)
    return states[0, :, : network.hidden_size], states[0, :, network.hidden_size :]


def probabilities(scores: list[Tensor]) -> Tensor:
    """Class scores, one tensor for each row, as probabilities."""
    return torch.stack(scores).float().softmax(dim=1)


def scores_of_one(
    network: SequenceClassifier, states: Tensor, first: int, *, is_backward: bool = False
) -> Tensor:
    """Class scores of one direction alone, from the states that it has reached.

    They are in the order of the sequence; `first` is the position of the first one.
    """
    if network.bidirectional and MERGES[network.merge].width > 1:
        other = torch.zeros_like(states)
        states = torch.cat((other, states) if is_backward else (states, other), dim=1)
    readout = READOUTS[network.readout]
    if readout.reads_every_step:
        states = _amid_zeros(network, states, first)
    return network.classifier(readout.read(states[None], is_backward, None)[0])


def scores_of_both(
    network: SequenceClassifier, forward: Tensor, backward: Tensor, end: int, start: int
) -> Tensor:
    """Class scores of both directions, from the states that each has reached.

    Where both have reached a step, their states are merged there; elsewhere the state of the one
    that has been there stands alone. When both have read the whole sequence, the scores are those
    of the network.

    Args:
        network: With two directions.
        forward: All forward states, shape (T, H); those before step `end` have been reached.
        backward: All backward states; those from step `start` on have been reached.
        end: Steps that the forward direction has read.
        start: The step up to which the backward direction has come.
    """
    merge, readout = MERGES[network.merge], READOUTS[network.readout]
    if readout.reads_every_step and merge.width > 1:
        ahead, behind = forward.clone(), backward.clone()
        ahead[end:], behind[:start] = 0, 0
        states = torch.cat((ahead, behind), dim=1)
    elif merge.width > 1 or readout.is_per_direction or network.readout == "last":
        # unit by unit: to read both directions and to merge then is the same
        read = merge.combine(
            readout.read(forward[None, :end], False, None),
            readout.read(backward[None, start:], readout.is_per_direction, None),
        )
        return network.classifier(read[0])
    else:
        states = torch.cat((forward[: min(end, start)], backward[max(end, start) :]))
        both = slice(start, end)
        if start < end:
            shared = merge.combine(forward[both], backward[both])
            states = torch.cat((forward[:start], shared, backward[end:]))
        elif readout.reads_every_step:
            gap = forward.new_zeros(start - end, forward.shape[1])
            states = torch.cat((forward[:end], gap, backward[start:]))
    return network.classifier(readout.read(states[None], False, None)[0])


def _amid_zeros(network: SequenceClassifier, states: Tensor, first: int) -> Tensor:
    """States in their places in a whole sequence, for a readout of every step."""
    width = states.shape[1]
    whole = states.new_zeros(network.classifier.in_features // width, width)
    whole[first : first + len(states)] = states
    return whole

"""Readouts: what the classifier sees of the hidden states; to add one, add an entry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Read = Callable[["Tensor", bool, "Tensor | None"], "Tensor"]


@dataclass(frozen=True)
class Readout:
    """A way to reduce the hidden states h_1 … h_T of the top layer.

    Attributes:
        title: What follows "Using" at the start of a run, as in the notebook.
        label: The same in a few words, for the sketch of the network.
        help: What it is, in a line.
        read: Takes hidden states of shape (N, T, D), whether they are those of the backward
            direction alone, and the lengths of the sequences, of shape (N,), or None where all
            have T steps; what comes after a sequence's end is not read. Returns what the
            classifier sees, of shape (N, D), or (N, T · D) where every step is read.
        is_per_direction: Whether each direction is read before they are merged; otherwise the
            merged states are read.
        reads_every_step: Whether the output grows with the number of steps; all sequences must
            then be equally long.
    """

    title: str
    label: str
    help: str
    read: Read
    is_per_direction: bool = False
    reads_every_step: bool = False


def _last(states: "Tensor", lengths: "Tensor | None") -> "Tensor":
    """Each sequence's state at its own last step."""
    if lengths is None:
        return states[:, -1]
    index = (lengths - 1)[:, None, None].expand(-1, 1, states.shape[-1])
    return states.gather(1, index).squeeze(1)


def _mean(states: "Tensor", lengths: "Tensor | None") -> "Tensor":
    if lengths is None:
        return states.mean(dim=1)
    return states.masked_fill(_is_padding(states, lengths), 0).sum(dim=1) / lengths[:, None]


def _max(states: "Tensor", lengths: "Tensor | None") -> "Tensor":
    if lengths is not None:
        states = states.masked_fill(_is_padding(states, lengths), float("-inf"))
    return states.amax(dim=1)


def _is_padding(states: "Tensor", lengths: "Tensor") -> "Tensor":
    """Which steps come after a sequence's end, of shape (N, T, 1)."""
    import torch  # not needed to read the help

    steps = torch.arange(states.shape[1], device=states.device)
    return (steps >= lengths[:, None])[:, :, None]


READOUTS = {
    "all": Readout(
        "all hidden states",
        "all states",
        "every step's state, one after the other; for equal lengths that start at the same moment",
        lambda states, *_: states.flatten(start_dim=1),
        reads_every_step=True,
    ),
    "last": Readout(
        "the last hidden state",
        "last state",
        "the output at the last step, where the backward direction has read one step only; for one "
        "direction, as in the notebook",
        lambda states, _, lengths: _last(states, lengths),
    ),
    "final": Readout(
        "each direction's final hidden state",
        "final states",
        "each direction's own last state, after it has read every step; if the order matters",
        lambda states, is_backward, lengths: (
            states[:, 0] if is_backward else _last(states, lengths)
        ),
        is_per_direction=True,
    ),
    "mean": Readout(
        "the mean of the hidden states over time",
        "mean over steps",
        "the mean over the steps; if the evidence is spread over the sequence",
        lambda states, _, lengths: _mean(states, lengths),
    ),
    "max": Readout(
        "the maximum of the hidden states over time",
        "max over steps",
        "the maximum over the steps, unit by unit; finds a pattern anywhere, the usual choice",
        lambda states, _, lengths: _max(states, lengths),
    ),
}
"""Every readout by its name in the configuration."""

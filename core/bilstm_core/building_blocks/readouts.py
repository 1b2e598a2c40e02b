"""Readouts: what the classifier sees of the hidden states; to add one, add an entry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Readout:
    """A way to reduce the hidden states h_1 … h_T of the top layer.

    Attributes:
        title: What follows "Using" at the start of a run, as in the notebook.
        label: The same in a few words, for the sketch of the network.
        help: What it is, in a line.
        read: Takes hidden states of shape (N, T, D), and whether they are those of the backward
            direction alone. Returns what the classifier sees, of shape (N, D), or (N, T · D)
            where every step is read.
        is_per_direction: Whether each direction is read before they are merged; otherwise the
            merged states are read.
        reads_every_step: Whether the output grows with the number of steps.
    """

    title: str
    label: str
    help: str
    read: Callable[["Tensor", bool], "Tensor"]
    is_per_direction: bool = False
    reads_every_step: bool = False


READOUTS = {
    "all": Readout(
        "all hidden states",
        "all states",
        "every step's state, one after the other",
        lambda states, _: states.flatten(start_dim=1),
        reads_every_step=True,
    ),
    "last": Readout(
        "the last hidden state",
        "last state",
        "the output at the last step, where the backward direction has read one step only (as in "
        "the notebook)",
        lambda states, _: states[:, -1],
    ),
    "final": Readout(
        "each direction's final hidden state",
        "final states",
        "each direction's own last state, after it has read every step",
        lambda states, is_backward: states[:, 0] if is_backward else states[:, -1],
        is_per_direction=True,
    ),
    "mean": Readout(
        "the mean of the hidden states over time",
        "mean over steps",
        "the mean over the steps",
        lambda states, _: states.mean(dim=1),
    ),
    "max": Readout(
        "the maximum of the hidden states over time",
        "max over steps",
        "the maximum over the steps, unit by unit",
        lambda states, _: states.amax(dim=1),
    ),
}
"""Every readout by its name in the configuration."""

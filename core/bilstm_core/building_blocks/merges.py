"""Merges: how the two directions of the top layer become one output; to add one, add an entry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Merge:
    """A way to combine two directions.

    Attributes:
        title: What it computes, in a word or two.
        help: What it is, in a line.
        combine: Takes the forward and the backward states, each of shape (…, H), and returns
            the merged states, of shape (…, width · H).
        width: Size of the output, in hidden sizes.
    """

    title: str
    help: str
    combine: Callable[["Tensor", "Tensor"], "Tensor"]
    width: int = 1


def _concat(forward: "Tensor", backward: "Tensor") -> "Tensor":
    import torch  # not needed to read the help

    return torch.cat((forward, backward), dim=-1)


MERGES = {
    "concat": Merge(
        "concatenation",
        "one after the other, twice as wide; loses nothing, the usual choice",
        _concat,
        width=2,
    ),
    "sum": Merge(
        "sum",
        "forward + backward; half as wide, for a smaller classifier",
        lambda forward, backward: forward + backward,
    ),
    "mean": Merge(
        "mean",
        "(forward + backward) / 2; half as wide, values as large as one direction's",
        lambda forward, backward: (forward + backward) / 2,
    ),
    "max": Merge(
        "maximum",
        "the larger of the two, unit by unit; if either direction alone may see it",
        lambda forward, backward: forward.maximum(backward),
    ),
    "product": Merge(
        "product",
        "forward × backward, unit by unit; if both directions have to agree",
        lambda forward, backward: forward * backward,
    ),
}
"""Every merge by its name in the configuration."""

"""Choosing the sequences of a split: by seed, in proportion to the classes, never across groups."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def choose(
    labels: NDArray[np.int64],
    fraction: float,
    random: np.random.Generator,
    groups: Sequence[str] | None = None,
) -> NDArray[np.bool_]:
    """Choose about a fraction of the sequences.

    Without groups, each class gives its share, and one sequence at least if it has two. With
    groups, whole groups are chosen, in random order, while that comes nearer to the fraction.

    Args:
        labels: The class of each sequence, shape (N,).
        fraction: Between 0 and 1.
        random: Makes the choice; the same one makes the same choice.
        groups: What must stay together, such as the person recorded, for each sequence.

    Returns:
        Whether each sequence is chosen, shape (N,).
    """
    if groups is not None:
        return _choose_groups(np.asarray(groups), fraction, random)
    chosen = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        count = min(len(members) - 1, max(1, math.floor(fraction * len(members) + 0.5)))
        chosen[members[:count]] = True
    return chosen


def _choose_groups(
    groups: NDArray[np.str_], fraction: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    names, counts = np.unique(groups, return_counts=True)
    goal, size, chosen = fraction * len(groups), 0, []
    for number in random.permutation(len(names))[: len(names) - 1]:  # one is left for training
        if abs(size + counts[number] - goal) < abs(size - goal):
            chosen.append(names[number])
            size += int(counts[number])
    return np.isin(groups, chosen)

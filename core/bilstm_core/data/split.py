"""Choosing the sequences of a split: by seed, in proportion to the classes, never across groups."""

import numpy as np
from numpy.typing import NDArray

from ..compute.streams import Stream, numpy_generator


def choose(
    labels: NDArray[np.int64],
    fraction: float,
    random: np.random.Generator,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Choose about a fraction of the sequences.

    Without groups, the number is the rounded fraction, and each class gives its share: at least
    one sequence if there are as many as classes, and never its last one. With groups, whole groups
    are chosen, in random order, while that comes nearer to the fraction; at least the smallest one
    if there are two.

    Args:
        labels: The class of each sequence, shape (N,).
        fraction: Between 0 and 1.
        random: Makes the choice; the same one makes the same choice.
        groups: What must stay together, such as the person recorded, for each sequence.

    Returns:
        Whether each sequence is chosen, shape (N,).
    """
    if groups is not None:
        return _choose_groups(groups, fraction, random)
    _, sizes = np.unique(labels, return_counts=True)
    chosen = np.zeros(len(labels), dtype=np.bool_)
    by_class = np.split(labels.argsort(kind="stable"), sizes.cumsum()[:-1])
    for members, count in zip(by_class, _shares(sizes, fraction), strict=True):
        chosen[random.permutation(members)[:count]] = True
    return chosen


def held_out(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Which training sequences are the validation part, shape (N,); none for a fraction of 0."""
    if not fraction:
        return np.zeros(len(labels), np.bool_)
    return choose(labels, fraction, numpy_generator(seed, Stream.VALIDATION))


def chosen_size(size: int, fraction: float) -> int:
    """How many sequences a fraction is: at least one."""
    return max(1, round(fraction * size))


def _shares(sizes: NDArray[np.int64], fraction: float) -> NDArray[np.int64]:
    """How many sequences each class gives, by the largest remainders."""
    total = chosen_size(int(sizes.sum()), fraction)
    least = np.minimum(sizes - 1, 1 if total >= len(sizes) else 0)
    quotas = fraction * sizes
    counts = np.clip(np.floor(quotas).astype(np.int64), least, sizes - 1)
    while counts.sum() < total and (counts < sizes - 1).any():
        counts[np.where(counts < sizes - 1, quotas - counts, -np.inf).argmax()] += 1
    while counts.sum() > total and (counts > least).any():
        counts[np.where(counts > least, quotas - counts, np.inf).argmin()] -= 1
    return counts


def _choose_groups(
    groups: NDArray[np.int64], fraction: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    names, counts = np.unique(groups, return_counts=True)
    goal, size, chosen = fraction * len(groups), 0, []
    for number in random.permutation(len(names))[: len(names) - 1]:  # one is left for training
        if abs(size + counts[number] - goal) < abs(size - goal):
            chosen.append(names[number])
            size += int(counts[number])
    if not chosen and len(names) > 1:
        chosen = [names[counts.argmin()]]
    return np.isin(groups, chosen)

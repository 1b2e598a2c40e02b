"""Splits by seed: each class in proportion, no group in two of them."""

import numpy as np
import pytest

from bilstm_core.data.split import choose


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_each_class_gives_its_share(fraction: float) -> None:
    labels = np.repeat([0, 1, 2, 3], [500, 100, 7, 2])
    chosen = choose(labels, fraction, np.random.default_rng(0))
    for label, size in enumerate(np.bincount(labels)):
        share = chosen[labels == label].sum()
        assert abs(share - fraction * size) <= 1
        assert 0 < share < size


def test_the_seed_decides() -> None:
    labels = np.arange(1000) % 3
    one, again, other = (choose(labels, 0.2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_a_class_of_one_stays_in_training() -> None:
    labels = np.array([0, 0, 0, 0, 1])
    assert not choose(labels, 0.5, np.random.default_rng(0))[4]


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_in_two_splits(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.integers(0, 12, 600)
    chosen = choose(random.integers(0, 3, 600), 0.25, random, groups)
    parts = [
        {g for g, is_in in zip(groups, chosen, strict=True) if is_in == side} for side in (0, 1)
    ]
    assert not parts[0] & parts[1]
    assert 0.15 < chosen.mean() < 0.35


def test_one_group_cannot_be_split() -> None:
    one = np.zeros(9, np.int64)
    assert not choose(one, 0.2, np.random.default_rng(0), one).any()


def test_of_a_few_large_groups_the_smallest_is_chosen() -> None:
    groups = np.array([0] * 5 + [1] * 4)
    for fraction in (0.05, 0.2):
        chosen = choose(np.zeros(9, np.int64), fraction, np.random.default_rng(0), groups)
        assert chosen.tolist() == (groups == 1).tolist()


def test_many_classes_take_no_time() -> None:
    labels = np.arange(200_000) % 100_000
    assert choose(labels, 0.5, np.random.default_rng(0)).sum() == 100_000

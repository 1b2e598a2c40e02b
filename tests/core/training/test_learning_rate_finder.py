"""The learning-rate finder: its rule, and what it says of real networks."""

import math

import pytest

from bilstm_core.training.learning_rate_finder import find_learning_rate
from tests.samples import small_config


def test_on_digits_it_finds_a_rate_that_trains() -> None:
    curve = find_learning_rate(small_config())
    assert curve == find_learning_rate(small_config())  # the same seed, the same rate
    assert curve.rates == sorted(curve.rates)
    assert curve.rates[0] == pytest.approx(1e-5)
    assert all(map(math.isfinite, curve.losses))
    assert curve.losses[0] == pytest.approx(math.log(10), abs=0.2)
    assert curve.suggestion is not None
    assert 1e-4 < curve.suggestion < 0.3


def test_a_run_that_diverges_ends_early() -> None:
    curve = find_learning_rate(small_config(optimizer="sgd", cell="rnn", clip_norm=0))
    assert len(curve.rates) < 100
    assert curve.rates[-1] < 10

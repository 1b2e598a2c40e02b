"""The duration of a run, estimated from earlier ones."""

import pytest

from bilstm_core.data.catalog import CATALOG
from bilstm_core.network.cost import operations_per_step
from bilstm_core.runs.duration import StepTiming, estimate_seconds
from tests.samples import small_config

DIGITS = CATALOG["digits"]
CONFIG = small_config(num_epochs=10)
OPERATIONS = operations_per_step(CONFIG, DIGITS)


def timing(seconds: float, cell: str = "lstm", times: float = 1, device: str = "cpu") -> StepTiming:
    return StepTiming(device, cell, times * OPERATIONS, seconds)


def seconds_from(*observed: StepTiming) -> float:
    estimate = estimate_seconds(CONFIG, DIGITS, "cpu", observed)
    assert estimate
    return estimate.seconds


def test_without_a_run_on_the_device_there_is_none() -> None:
    assert estimate_seconds(CONFIG, DIGITS, "cpu", []) is None
    assert estimate_seconds(CONFIG, DIGITS, "cpu", [timing(1, device="cuda:0")]) is None


def test_runs_of_the_same_size_count_alike_and_others_do_not() -> None:
    others = [timing(9, times=1.1), timing(9, cell="gru"), timing(9, device="cuda:0")]
    expected = seconds_from(timing(2))
    assert seconds_from(timing(1), timing(3), *others) == pytest.approx(expected)
    estimate = estimate_seconds(CONFIG, DIGITS, "cpu", [timing(1), *others])
    assert estimate
    assert estimate.is_of_same_size


def test_of_other_sizes_the_nearest_counts_of_the_same_cell_if_there_is_one() -> None:
    near, far, other = timing(1, times=1.2), timing(9, times=3), timing(9, cell="gru")
    assert seconds_from(near, far, other) == seconds_from(near)
    estimate = estimate_seconds(CONFIG, DIGITS, "cpu", [near, far, other])
    assert estimate
    assert not estimate.is_of_same_size
    assert seconds_from(other) > 0

"""Missing values are filled from the past of their own sequence, or from training means."""

import numpy as np
import pytest

from bilstm_core.data.missing import count_missing, feature_means, fill

NAN = np.nan
VALUES = np.array([[NAN, 1], [2, NAN], [NAN, NAN], [4, 5]], np.float32)
MEANS = np.array([10, 20], np.float32)


def test_forward_is_the_last_value_and_before_the_first_the_mean() -> None:
    filled = fill(VALUES, "forward", MEANS)
    assert filled.tolist() == [[10, 1], [2, 1], [2, 1], [4, 5]]
    assert filled.dtype == np.float32
    assert count_missing([VALUES, filled], VALUES.shape[1]).tolist() == [2, 2]


def test_the_mean() -> None:
    assert fill(VALUES, "mean", MEANS).tolist() == [[10, 1], [2, 20], [10, 20], [4, 5]]


@pytest.mark.parametrize("method", ["forward", "mean"])
def test_a_feature_that_is_never_there(method: str) -> None:
    never = np.full((3, 2), NAN, np.float32)
    assert fill(never, method, feature_means([never])).tolist() == [[0, 0]] * 3  # pyright: ignore


def test_means_are_of_present_values() -> None:
    assert feature_means([VALUES, np.array([[0, 3]], np.float32)]).tolist() == [2, 3]

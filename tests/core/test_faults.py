"""Calls of the operating system that fail during a run or its resume lose nothing."""

import pytest

from tests.fault_injection import CALLS, ERRORS, Scenario


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario()


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_fails_loses_nothing(call: str, error: int, scenario: Scenario) -> None:
    """At two of its moments; `make soak` tries many more."""
    for seed in (0, 1):
        scenario.play_once(call, error, seed)

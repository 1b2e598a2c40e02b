"""The description of data: what it says in words, and what no description may say."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bilstm_core import events
from bilstm_core.data.catalog import CATALOG
from tests.samples import MOONS, moons_config, run_started


def test_it_says_what_there_is_in_words() -> None:
    assert CATALOG["mnist"].words() == "60,000 training and 10,000 test images of 28 rows × 28"
    assert MOONS.words() == "90 training and 30 test sequences of 9 steps × 2"
    held_out = replace(MOONS, shortest=3).held_out(0.1)
    assert (held_out.train_size, held_out.validation_size) == (81, 9)
    assert held_out.words() == (
        "81 training, 9 validation and 30 test sequences of 3 to 9 steps × 2"
    )


def test_at_least_one_sequence_is_held_out() -> None:
    assert MOONS.held_out(1e-9).validation_size == 1
    assert MOONS.held_out(0) is MOONS


@pytest.mark.parametrize(
    "change",
    [
        {"classes": []},
        {"classes": ["a", "a"]},
        {"shortest": 10},
        {"longest": 0, "shortest": 0},
        {"longest": 2**60},
        {"num_features": 0},
        {"train_size": -1},
        {"kind": "pictures"},
        {"normalisation": {"divisor": 0}},
        {"class_sizes": {"holiday": [1]}},
    ],
)
def test_a_description_that_cannot_be_is_not_read(change: dict[str, Any]) -> None:
    content = json.loads(events.to_json(run_started(moons_config(), MOONS)))
    content["data"] |= change
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(json.dumps(content))

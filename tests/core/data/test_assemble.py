"""From what a file has to a data set."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bilstm_core.data.sources.assemble import Assembly, assemble
from bilstm_core.data.sources.recordings import Read, Recordings
from bilstm_core.errors import DataError


def recordings(count: int = 20, **changes: Any) -> Recordings:
    """Sequence n has n % 3 + 2 steps; each value is its number."""
    made = Recordings(
        values=[np.full((number % 3 + 2, 2), number, np.float32) for number in range(count)],
        labels=[f"class {number % 2}" for number in range(count)],
        ids=[str(number) for number in range(count)],
    )
    return replace(made, **changes)


def read(train: Recordings, test: Recordings | None = None) -> Read:
    return Read(format="test", kind="series", train=train, test=test)


def test_data_without_a_test_part_are_split_and_say_so() -> None:
    data, (note,) = assemble(read(recordings()), "name", "title", "here")
    assert (data.spec.train_size, data.spec.test_size) == (16, 4)
    assert data.spec.classes == ("class 0", "class 1")
    assert data.spec.class_sizes["test"] == (2, 2)
    assert "4 of 20 sequences" in note
    assert data.train.lengths is not None
    numbers = {float(value) for part in (data.train, data.test) for value in part.values[:, 0]}
    assert numbers == set(map(float, range(20)))


def test_a_test_part_of_the_data_s_own_is_kept() -> None:
    data, notes = assemble(read(recordings(6), recordings(4)), "name", "title", "here")
    assert (data.spec.train_size, data.spec.test_size, notes) == (6, 4, [])


def test_groups_stay_together() -> None:
    groups = [f"person {number // 5}" for number in range(20)]
    everything = recordings(groups=groups)
    data, _ = assemble(read(everything), "n", "t", "h", Assembly(test_fraction=0.25))
    assert data.spec.test_size == 5
    tested = {int(value) // 5 for value in data.test.values[:, 0].tolist()}
    assert len(tested) == 1


def test_equal_lengths_have_no_lengths() -> None:
    equal = recordings(values=[np.zeros((4, 2), np.float32)] * 20)
    data, _ = assemble(read(equal), "n", "t", "h")
    assert data.train.lengths is None
    assert data.train.values.shape == (16, 4, 2)
    assert not data.spec.has_lengths


def test_classes_that_are_numbers_are_in_their_order() -> None:
    labels = [str(number % 11) for number in range(20)]
    data, _ = assemble(read(recordings(labels=labels), recordings(1, labels=["3"])), "n", "t", "h")
    assert data.spec.classes == tuple(map(str, range(11)))


@pytest.mark.parametrize(("keep_end", "expected"), [(False, [0, 1]), (True, [2, 3])])
def test_long_sequences_are_cut(keep_end: bool, expected: list[int]) -> None:
    steps = [np.arange(4, dtype=np.float32)[:, None]] * 20
    decided = Assembly(max_length=2, keep_end=keep_end)
    data, _ = assemble(read(recordings(values=steps)), "n", "t", "h", decided)
    assert data.spec.longest == 2
    assert data.train.values[0, :, 0].tolist() == expected


def test_missing_values_are_filled_from_training_data_alone() -> None:
    train = recordings(2, values=[np.array([[np.nan, 1], [3, 1]], np.float32)] * 2)
    test = recordings(2, values=[np.array([[np.nan, 9], [900, 9]], np.float32)] * 2)
    data, (note,) = assemble(read(train, test), "n", "t", "h")
    assert data.test.values[0].tolist() == [[3, 9], [900, 9]]
    assert note.startswith("4 missing values")
    with pytest.raises(DataError, match="4 values are missing"):
        assemble(read(train, test), "n", "t", "h", Assembly(missing="error"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"labels": None}, "no labels"), ({"labels": ["one"] * 20}, "one class only: one")],
)
def test_what_cannot_be_trained_on(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        assemble(read(recordings(**changes)), "n", "t", "h")

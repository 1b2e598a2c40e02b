"""From what a file has to the splits of a data set."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.assemble import Assembled, assemble
from bilstm_core.data.sources.recordings import Read, Recordings
from bilstm_core.data.sources.tensors import as_dataset
from bilstm_core.data.spec import Split
from bilstm_core.errors import DataError


def recordings(count: int = 20, **changes: Any) -> Recordings:
    """Sequence n has n % 3 + 2 steps; each value is its number."""
    made = Recordings(
        values=[np.full((number % 3 + 2, 2), number, np.float32) for number in range(count)],
        labels=[f"class {number % 2}" for number in range(count)],
        ids=[str(number) for number in range(count)],
    )
    return replace(made, **changes)


def assembled(train: Recordings, test: Recordings | None = None, **settings: Any) -> Assembled:
    read = Read(format="test", kind="series", train=train, test=test)
    return assemble(read, "title", "here", RunConfig(dataset="/name", **settings))


def numbers(data: Assembled, split: Split) -> set[float]:
    return {float(values[0, 0]) for values in data.parts[split].values}


def test_data_without_a_test_part_are_split_and_say_so() -> None:
    data = assembled(recordings())
    spec, (note,) = data.spec, data.spec.notes
    assert (spec.train_size, spec.validation_size, spec.test_size) == (16, 0, 4)
    assert spec.classes == ("class 0", "class 1")
    assert spec.class_sizes == {"train": (8, 8), "validation": (0, 0), "test": (2, 2)}
    assert "4 of 20 sequences were chosen (test_fraction = 0.2, seed = 0)" in note
    assert numbers(data, "train") | numbers(data, "test") == set(map(float, range(20)))


def test_the_seed_chooses() -> None:
    first, again, other = (numbers(assembled(recordings(), seed=it), "test") for it in (1, 1, 2))
    assert first == again != other


def test_a_test_part_of_the_data_s_own_is_kept() -> None:
    spec = assembled(recordings(6), recordings(4)).spec
    assert (spec.train_size, spec.test_size, spec.notes) == (6, 4, ())


def test_a_part_is_held_out_in_proportion_to_the_classes() -> None:
    data = assembled(recordings(40), validation_fraction=0.25)
    assert data.spec.class_sizes == {"train": (12, 12), "validation": (4, 4), "test": (4, 4)}
    parts = [numbers(data, split) for split in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 40


def test_groups_stay_together() -> None:
    groups = [f"person {number // 5}" for number in range(40)]
    data = assembled(recordings(40, groups=groups), test_fraction=0.25, validation_fraction=0.3)
    people = [
        {int(number) // 5 for number in numbers(data, split)}
        for split in ("train", "validation", "test")
    ]
    assert [len(it) for it in people] == [4, 2, 2]
    assert len(set().union(*people)) == 8
    assert all("by group" in note for note in data.spec.notes)


def test_equal_lengths_have_no_lengths() -> None:
    equal = recordings(values=[np.zeros((4, 2), np.float32)] * 20)
    data = as_dataset(assembled(equal))
    assert data.train.lengths is None
    assert data.train.values.shape == (16, 4, 2)
    assert len(data.validation) == 0
    assert not data.spec.has_lengths


def test_different_lengths_stand_one_after_the_other() -> None:
    data = as_dataset(assembled(recordings(), validation_fraction=0.25))
    for part in (data.train, data.validation, data.test):
        assert part.lengths is not None
        whole = part.padded()
        for row, length in zip(whole, part.lengths.tolist(), strict=True):
            number = int(row[0, 0])
            assert length == number % 3 + 2
            assert (row[:length] == number).all()
            assert not row[length:].any()


def test_classes_that_are_numbers_are_in_their_order() -> None:
    labels = [str(number % 11) for number in range(20)]
    data = assembled(recordings(labels=labels), recordings(1, labels=["3"]))
    assert data.spec.classes == tuple(map(str, range(11)))


@pytest.mark.parametrize(("keep", "expected"), [("start", [0, 1]), ("end", [2, 3])])
def test_long_sequences_are_cut(keep: str, expected: list[int]) -> None:
    steps = [np.arange(4, dtype=np.float32)[:, None]] * 20
    data = assembled(recordings(values=steps), max_length=2, keep=keep)
    assert data.spec.longest == 2
    assert data.parts["train"].values[0][:, 0].tolist() == expected
    word = {"start": "first", "end": "last"}[keep]
    assert f"20 longer sequences were cut to their {word} 2 steps." in data.spec.notes


def test_missing_values_are_filled_from_training_data_alone() -> None:
    train = recordings(2, values=[np.array([[np.nan, 1], [3, 1]], np.float32)] * 2)
    test = recordings(2, values=[np.array([[np.nan, 9], [900, 9]], np.float32)] * 2)
    data = assembled(train, test)
    assert data.parts["test"].values[0].tolist() == [[3, 9], [900, 9]]
    assert "4 missing values were replaced by the value before." in data.warnings
    with pytest.raises(DataError, match="4 missing values, and missing = error"):
        assembled(train, test, missing="error")


def test_what_is_held_out_fills_nothing() -> None:
    values = [np.array([[number], [np.nan]], np.float32) for number in (1, 100) * 10]
    groups = ["kept", "held out"] * 10
    both = recordings(values=values, groups=groups)
    data = assembled(
        both, recordings(2, values=values[:2]), missing="mean", validation_fraction=0.5
    )
    (kept,) = numbers(data, "train")
    assert data.parts["test"].values[0][1].tolist() == [kept]


def test_bytes_become_numbers_up_to_one() -> None:
    for brightest, divisor in ((255, 255), (128, 255), (16, 16), (0, 1)):
        pixels = [np.full((2, 2), brightest, np.uint8)] * 20
        read = Read("pictures", "images", recordings(values=pixels))
        spec = assemble(read, "t", "h", RunConfig(dataset="/name")).spec
        assert (spec.kind, spec.normalisation.divisor) == ("images", divisor)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": None}, "no labels"),
        ({"labels": ["one"] * 20}, "one class only: one"),
        ({"groups": ["same"] * 20}, "No test part can be chosen: there is one group only"),
    ],
)
def test_what_cannot_be_trained_on(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        assembled(recordings(**changes))


class TestFingerprint:
    def test_it_is_that_of_the_file_whatever_is_made_of_it(self) -> None:
        once = assembled(recordings()).spec
        other = assembled(recordings(), validation_fraction=0.2, seed=3, max_length=2).spec
        assert once.fingerprint == other.fingerprint
        assert once.changes_to(other) == []

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"values": [np.ones((3, 2), np.float32)] * 20}, "3 instead of 2 steps in the short"),
            ({"labels": ["class 0", "class 2"] * 10}, "classes without class 1, with class 2"),
            ({"labels": ["class 1", "class 0"] * 10}, "other values or labels"),
            ({"feature_names": ("x", "y")}, "features with x, y"),
        ],
    )
    def test_it_changes_with_them(self, changes: dict[str, Any], words: str) -> None:
        before, after = assembled(recordings()).spec, assembled(recordings(**changes)).spec
        assert words in "; ".join(before.changes_to(after))

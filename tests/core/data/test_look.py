"""What is in a data set, and what may be wrong with it."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.data_overview import (
    MOST_BARS,
    MOST_EXAMPLES,
    MOST_POINTS,
    DataOverview,
    LengthBar,
)
from bilstm_core.data.look import look_at
from bilstm_core.data.sources.assemble import assemble
from bilstm_core.data.sources.recordings import Read, Recordings
from bilstm_core.data.sources.registry import load, read_present
from bilstm_core.errors import DataError
from tests.core.data.test_assemble import recordings

ADAPTER = TypeAdapter(DataOverview)


def look(train: Recordings, test: Recordings | None = None, **settings: Any) -> DataOverview:
    read = Read(format="test", kind="series", train=train, test=test)
    return look_at(assemble(read, "title", "here", RunConfig(dataset="/name", **settings)))


def different(count: int, first: int = 0) -> Recordings:
    """Sequences of which no two are the same, of two classes in turn."""
    made = recordings(count)
    values = [np.full((3, 2), [first + number, -number], np.float32) for number in range(count)]
    return replace(made, values=values)


def read(path: Path, **settings: Any) -> DataOverview:
    return look_at(read_present(RunConfig(dataset=str(path), **settings), path))


def test_nothing_is_wrong_with_good_data() -> None:
    overview = look(different(10), different(6, first=50))
    assert overview.problems == ()
    assert overview.lengths == (LengthBar(shortest=3, longest=3, sequences=16),)
    first, second = overview.features
    assert (first.name, first.minimum, first.maximum) == ("1", 0, 55)
    assert first.mean == pytest.approx((45 + 6 * 50 + 15) / 16)
    assert (second.minimum, second.maximum, second.missing) == (-9, 0, 0)


def test_what_is_missing_is_counted_before_it_is_filled_in() -> None:
    train = different(10)
    values = [sequence.copy() for sequence in train.values]
    values[0][1, 0] = values[3][2, 0] = np.nan
    overview = look(replace(train, values=values), different(6, first=50))
    assert overview.features[0].missing == pytest.approx(2 / 48)
    assert overview.features[1].missing == 0
    assert overview.problems == ("2 missing values were replaced by the value before.",)


def test_the_same_sequence_in_two_splits() -> None:
    train, test = different(10), different(6, first=50)
    test = replace(test, values=[*train.values[:2], *test.values[2:]])
    (problem,) = look(train, test).problems
    assert problem.startswith("2 test sequences are also in the training part: exact copies")
    twice = replace(train, values=[train.values[0]] * 2 + list(train.values[2:]))
    twice = replace(twice, labels=["class 0"] * 2 + list(train.labels or ())[2:])
    assert look(twice, different(6, first=50)).problems == ()  # twice in one split is no leak


def test_the_same_sequence_held_out_for_validation() -> None:
    train = replace(different(10), values=[np.ones((3, 2), np.float32)] * 10)
    problems = look(train, different(4, first=50), validation_fraction=0.2).problems
    assert problems[0].startswith("2 validation sequences are also in the training part")


def test_the_same_sequence_in_two_classes() -> None:
    train = different(10)
    train = replace(train, values=[train.values[1], *train.values[1:]])
    (problem,) = look(train, different(6, first=50)).problems
    assert problem == "1 sequence is in more than one class, value for value."


def test_constant_features_are_named() -> None:
    def still(part: Recordings, *features: int) -> Recordings:
        values = [sequence.copy() for sequence in part.values]
        for sequence in values:
            sequence[:, features] = 7
            sequence[0, 0] += len(values) if features == (0, 1) else 0
        return replace(part, values=values, feature_names=("heart rate", "noise"))

    overview = look(still(different(10), 1), still(different(6, first=50), 1))
    assert overview.problems == ("A feature is constant: noise.",)
    ones = [np.ones((length, 2), np.float32) for length in range(1, 9)]
    both, other = (replace(different(4), values=values) for values in (ones[:4], ones[4:]))
    assert look(both, other).problems == ("2 features are constant: 1, 2.",)


def test_classes_that_a_split_lacks_and_those_with_one_sequence() -> None:
    train = replace(different(6), labels=["a", "a", "b", "b", "c", "c"])
    test = replace(different(5, first=50), labels=["a", "a", "b", "d", "d"])
    assert look(train, test).problems == (
        "The class d has no training sequences.",
        "The class c has no test sequences.",
    )
    lonely = replace(train, labels=["a", "a", "b", "b", "c", "e"])
    assert look(lonely, replace(test, labels=["a", "a", "b", "b", "d"])).problems == (
        "The class d has no training sequences.",
        "3 classes (c, d, e) have one sequence only.",
    )


def test_lengths_are_counted_in_a_few_bars() -> None:
    train = different(10)
    values = [np.full((length**2, 2), length, np.float32) for length in range(1, 11)]
    bars = look(replace(train, values=values), different(6, first=50)).lengths
    assert len(bars) <= MOST_BARS
    assert (bars[0].shortest, bars[-1].longest) == (1, 100)
    assert sum(bar.sequences for bar in bars) == 16
    for bar, following in pairwise(bars):
        assert bar.longest + 1 == following.shortest


def test_an_example_of_a_long_series_loses_no_peak() -> None:
    values = np.zeros((5_000, 8), np.float32)
    values[1234, 0], values[1235, 0] = 9, -9
    train = different(4)
    long = replace(train, values=[values + 0, values + 1, values + 2, values + 3])
    example = look(long, replace(long, values=[values + n for n in range(4, 8)])).examples[0]
    assert (example.label, example.id, example.steps) == ("class 0", "0", 5_000)
    assert [len(curve) for curve in example.curves] == [MOST_POINTS] * 6
    assert (max(example.curves[0]), min(example.curves[0])) == (9, -9)


def test_large_data_make_a_small_answer() -> None:
    count = 3_000
    rng = np.random.default_rng(0)
    everything = Recordings(
        values=[*rng.normal(size=(count, 500, 9)).astype(np.float32)],
        labels=[str(number % 1_000) for number in range(count)],
        ids=[str(number) for number in range(count)],
    )
    overview = look(everything)
    assert len(overview.examples) == MOST_EXAMPLES
    assert len(ADAPTER.dump_json(overview)) < 500_000


def test_names_are_cleaned_and_json_is_json() -> None:
    train = replace(
        different(10),
        labels=["\x1b[31m", "b"] * 5,
        ids=["id\n"] * 10,
        feature_names=("[bold]x", "\u202ey"),
    )
    test = replace(different(6, first=50), labels=["\x1b[31m", "b"] * 3)
    overview = look(train, replace(test, feature_names=train.feature_names))
    text = ADAPTER.dump_json(overview)
    assert json.loads(text)["features"][1]["name"] == r"\u202ey"
    back = ADAPTER.validate_json(text)
    assert back.spec.classes[0] == r"\x1b[31m"
    assert back.examples[0].id == r"id\n"


class TestRealData:
    def test_series(self, series_dir: Path) -> None:
        overview = read(series_dir / "BasicMotions_TRAIN.ts")
        assert overview.spec.words() == "40 training and 40 test sequences of 100 steps × 6"
        assert overview.problems == ()
        assert [example.label for example in overview.examples] == [*overview.spec.classes]
        assert all(len(example.curves) == 6 for example in overview.examples)

    def test_series_of_different_lengths(self, series_dir: Path) -> None:
        overview = read(series_dir / "PickupGestureWiimoteZ_TRAIN.ts")
        assert (overview.lengths[0].shortest, overview.lengths[-1].longest) == (29, 361)
        assert sum(bar.sequences for bar in overview.lengths) == 100

    def test_series_cut(self, series_dir: Path) -> None:
        overview = read(series_dir / "PickupGestureWiimoteZ_TRAIN.ts", max_length=40)
        assert overview.lengths[-1].longest == 40

    @pytest.mark.parametrize("fraction", [0.0, 0.2])
    @pytest.mark.parametrize("name", ["digits", "japanese-vowels"])
    def test_built_in_data_are_described_as_runs_describe_them(
        self, name: str, fraction: float, tmp_path: Path
    ) -> None:
        config = RunConfig(dataset=name, validation_fraction=fraction, seed=3)
        data, loaded = read_present(config, tmp_path), load(config, tmp_path)
        assert data.spec.class_sizes == loaded.spec.class_sizes
        for split, part in data.parts.items():
            assert part.labels.tolist() == loaded.split(split).labels.tolist()
        overview = look_at(data)
        assert len(overview.examples) == data.spec.num_classes
        assert bool(overview.examples[0].picture) == (name == "digits")

    def test_images(self, mnist_dir: Path) -> None:
        overview = look_at(read_present(RunConfig(dataset="mnist"), mnist_dir))
        picture = overview.examples[1].picture
        assert (len(picture), len(picture[0])) == (14, 14)
        assert 100 < max(map(max, picture)) <= 255
        assert sum(overview.spec.class_sizes["train"]) == 60_000

    def test_images_that_are_not_there_are_not_downloaded(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="a run downloads it"):
            read_present(RunConfig(dataset="kmnist"), tmp_path)
        assert [*tmp_path.iterdir()] == []

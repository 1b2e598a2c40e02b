"""Predictions for files and folders: the same sequences as in training are the same inputs."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources import registry
from bilstm_core.errors import BilstmError, ConfigError, DataError, UsageError
from bilstm_core.inference import predict as prediction_module
from bilstm_core.inference.predict import Prediction, predict, predict_files
from bilstm_core.inference.tally import Tally
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel, load
from bilstm_core.training.trainer import train
from tests.conftest import Recorder

SMALL = {"hidden_size": 8, "num_epochs": 2, "batch_size": 8, "device": "cpu", "threads": 1}


def config_for(path: Path, **settings: Any) -> RunConfig:
    return resolve({**SMALL, "dataset": str(path), "precision": "float32", **settings})


def untrained(path: Path, **settings: Any) -> TrainedModel:
    """A network with random weights, and the description of its training data."""
    config = config_for(path, **settings)
    torch.manual_seed(1)
    data = registry.load(config, Path("unused")).normalised(config.normalize)
    return TrainedModel(SequenceClassifier.from_config(config, data.spec), config, data.spec)


def correct(model: TrainedModel, *paths: Path) -> tuple[int, int]:
    tally = Tally(model.spec)
    for prediction in predict(model, [*paths]):
        tally.add(prediction)
    score = tally.score()
    assert score
    return score.correct, score.total


def trained(config: RunConfig, folder: Path) -> tuple[TrainedModel, tuple[int, int]]:
    """A trained model, read from its file, and what its run reported for the test part."""
    recorder = Recorder()
    model = train(config, recorder).model
    assert model
    model.save(folder / "model.safetensors")
    (final,) = (it for it in recorder.of(events.Evaluation) if it.final and it.split == "test")
    return load(folder / "model.safetensors"), (final.correct, final.total)


def shares(predictions: Iterable[Prediction]) -> list[list[float]]:
    return [[*one.probabilities.values()] for one in predictions]


def assert_equal(found: list[Prediction], expected: list[Prediction]) -> None:
    assert len(found) == len(expected) > 0
    for one, other in zip(shares(found), shares(expected), strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-6)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def waves(seed: int, count: int = 24) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Sequences of 5 to 9 steps of x and y, which rise in one class and fall in the other."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        slope = 1 if number % 2 else -1
        steps = np.arange(random.integers(5, 10))
        x = slope * steps + random.normal(size=len(steps))
        found.append(("up" if number % 2 else "down", np.column_stack((x, 3 * x + 100)).round(3)))
    return found


def long_table(
    sequences: list[tuple[str, np.ndarray[Any, Any]]], *, has_labels: bool = True
) -> str:
    rows = ["name,t,x,y,label"] if has_labels else ["t,y,extra,x,name"]
    for number, (label, values) in enumerate(sequences):
        for step, (x, y) in enumerate(values):
            row = [f"s{number}", step, x, y, label] if has_labels else [step, y, 5, x, f"s{number}"]
            rows.append(",".join(map(str, row)))
    return "\n".join(rows) + "\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table for training and one for testing, a row a step."""
    write(tmp_path / "data" / "waves_test.csv", long_table(waves(2)))
    return write(tmp_path / "data" / "waves_train.csv", long_table(waves(1)))


class TestTheRunsOwnTestData:
    def test_a_file_of_the_uea_archive(self, series_dir: Path, tmp_path: Path) -> None:
        path = series_dir / "JapaneseVowels_TRAIN.ts"
        model, reported = trained(config_for(path, num_epochs=3), tmp_path)
        assert correct(model, series_dir / "JapaneseVowels_TEST.ts") == reported
        assert reported[1] == 370

    def test_the_training_file_is_predicted_without_the_test_file_beside_it(
        self, series_dir: Path
    ) -> None:
        model = untrained(series_dir / "JapaneseVowels_TRAIN.ts")
        assert len(predict(model, series_dir / "JapaneseVowels_TRAIN.ts")) == 270

    @pytest.mark.parametrize("missing", ["forward", "mean"])
    @pytest.mark.parametrize("keep", ["start", "end"])
    def test_missing_values_and_long_sequences_are_treated_as_in_training(
        self, missing: str, keep: str, tmp_path: Path
    ) -> None:
        for seed, part in ((1, "train"), (2, "test")):
            sequences = waves(seed)
            for _, values in sequences[::3]:
                values[:2, 0] = np.nan  # at the start, where there is no value before
                values[-1, 1] = np.nan
            write(tmp_path / f"w_{part}.csv", long_table(sequences).replace("nan", ""))
        config = config_for(
            tmp_path / "w_train.csv", id_column="name", missing=missing, keep=keep, max_length=6
        )
        model, reported = trained(config, tmp_path)
        assert len(model.spec.fill) == 2
        assert correct(model, tmp_path / "w_test.csv") == reported
        data = registry.load(config, tmp_path).normalised(config.normalize)
        with torch.inference_mode():
            expected = [
                model.network(
                    (values[None] - torch.tensor(model.spec.normalisation.means))
                    / torch.tensor(model.spec.normalisation.deviations)
                )[0].softmax(0).tolist()
                for values in data.test.values.split(_lengths(data.test))
            ]  # fmt: skip
        found = shares(predict(model, tmp_path / "w_test.csv"))
        assert np.allclose(found, expected, atol=1e-5)

    def test_missing_values_may_be_an_error(self, table: Path, tmp_path: Path) -> None:
        model = untrained(table, id_column="name", missing="error")
        path = write(tmp_path / "gap.csv", "name,t,x,y\na,0,,1\na,1,2,3\n")
        with pytest.raises(DataError, match="sequence 'a' has 1 missing value,"):
            predict(model, path)

    def test_pictures_in_a_folder_per_class(self, tmp_path: Path) -> None:
        random = np.random.default_rng(0)
        for part, count in (("train", 12), ("test", 6)):
            for number in range(count):
                for label, column in (("left", 3), ("right", 9)):
                    height, width = random.integers(8, 16, 2)
                    pixels = random.integers(0, 90, (height, width)).astype(np.uint8)
                    pixels[:, column * width // 12] = 220
                    path = tmp_path / "data" / part / label / f"{number}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(pixels).save(path)
        config = config_for(tmp_path / "data", normalize="auto")
        model, reported = trained(config, tmp_path)
        assert correct(model, tmp_path / "data" / "test") == reported
        data = registry.load(config, tmp_path)
        with torch.inference_mode():
            inputs = data.test.values / model.spec.normalisation.divisor
            expected = model.network(inputs).softmax(1).tolist()
        found = predict(model, tmp_path / "data" / "test")
        assert np.allclose(shares(found), expected, atol=1e-6)
        assert found[0].id == "left/0.png"
        assert "scaled to" in " ".join(one.scaling for one in found)
        (alone,) = predict(model, tmp_path / "data" / "test" / "right" / "2.png")
        assert alone.label is None
        assert_equal([alone], [one for one in found if one.id == "right/2.png"])
        assert_equal([alone], predict(model, alone.source, as_is=True))
        both = predict(model, tmp_path / "data")
        assert len(both) == 36
        assert both[-1].id == "test/right/5.png"
        np.savez(tmp_path / "x.npz", X=data.test.values.numpy(), y=np.array(["left"] * 12))
        assert_equal(predict(model, tmp_path / "x.npz"), found)
        np.savez(tmp_path / "other.npz", X=np.zeros((2, 9, 3), np.uint8))
        with pytest.raises(DataError, match="3 features a step, and the network reads"):
            predict(model, tmp_path / "other.npz")


def _lengths(sequences: Any) -> Any:
    assert sequences.lengths is not None
    return sequences.lengths.tolist()


class TestTables:
    def test_without_labels_and_with_columns_in_another_order(
        self, table: Path, tmp_path: Path
    ) -> None:
        model = untrained(table, id_column="name")
        labelled = predict(model, table.with_name("waves_test.csv"))
        assert [one.label for one in labelled[:2]] == ["down", "up"]
        path = write(tmp_path / "new.csv", long_table(waves(2), has_labels=False))
        found = predict(model, path)
        assert_equal(found, labelled)
        assert {one.label for one in found} == {None}
        assert [one.id for one in found[:2]] == ["s0", "s1"]
        pl.read_csv(path).write_parquet(tmp_path / "new.parquet")
        assert_equal(predict(model, tmp_path / "new.parquet"), labelled)

    def test_empty_cells_are_no_labels(self, table: Path, tmp_path: Path) -> None:
        text = "name,t,x,y,label\na,0,1,2,\na,1,2,3,\nb,0,1,1,up\n"
        path = write(tmp_path / "some.csv", text)
        found = predict(untrained(table, id_column="name"), path)
        assert [one.label for one in found] == [None, "up"]

    def test_a_table_without_ids_is_one_sequence(self, table: Path, tmp_path: Path) -> None:
        model = untrained(table, id_column="name")
        _, values = waves(2)[0]
        rows = "".join(f"{y},{x}\n" for x, y in values)
        (one,) = predict(model, write(tmp_path / "one.csv", f"y,x\n{rows}"))
        assert one.id == "one.csv"
        assert_equal([one], predict(model, table.with_name("waves_test.csv"))[:1])
        np.save(tmp_path / "one.npy", values)
        assert_equal([one], predict(model, tmp_path / "one.npy"))
        plain = "".join(f"{x},{y}\n" for x, y in values)
        assert_equal([one], predict(model, write(tmp_path / "plain.csv", plain)))
        timed = "".join(f"{time},{x},{y}\n" for time, (x, y) in reversed([*enumerate(values)]))
        timed_file = write(tmp_path / "timed.csv", f"time,x,y\n{timed}")
        assert_equal([one], predict(model, timed_file))

    def test_sequences_of_one_step_each(self, table: Path, tmp_path: Path) -> None:
        path = write(tmp_path / "short.csv", "name,x,y\na,1,2\nb,3,4\n")
        assert len(predict(untrained(table, id_column="name"), path)) == 2

    def test_what_may_be_wrong_with_a_file_is_a_warning(self, table: Path, tmp_path: Path) -> None:
        model = untrained(table, id_column="name")
        apart = write(tmp_path / "apart.csv", "name,x,y\n1,0,1\n2,0,1\n1,1,2\n")
        short = write(tmp_path / "short.csv", "x,y\n0,1\n0,1\n")
        long = write(tmp_path / "long.csv", "who,x,y\n" + "1,0,1\n" * 10)
        said: list[str] = []
        found = [*predict_files(model, [apart, short, long], warn=said.append)]
        assert [it.id for it in found] == ["1", "2", "short.csv", "long.csv"]
        assert said[0].startswith(f"{apart}: The rows of 1 sequence do not stand together")
        assert said[1:] == [
            f"{long}: all 10 rows were read as one sequence, because no column has ids, and the "
            "longest one in training has 9 steps."
        ]

    def test_a_column_that_is_not_there(self, table: Path, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", "name,t,x\na,0,1\na,1,2\n")
        with pytest.raises(DataError, match="it has no column y, which the network reads"):
            predict(untrained(table, id_column="name"), path)
        path = write(tmp_path / "y.csv", "name,when,x,y\na,0,1,2\n")
        with pytest.raises(ConfigError, match="time_column names 't', which is no column"):
            predict(untrained(table, id_column="name", time_column="t"), path)

    def test_labels_that_another_program_wrote_as_decimals(self, tmp_path: Path) -> None:
        rows = [f"{n},{n + 1},{-n},{n % 2}" for n in range(20)]
        path = write(tmp_path / "wide.csv", "\n".join(["v0,v1,v2,label", *rows]) + "\n")
        model = untrained(path)
        other = write(tmp_path / "other.csv", "v0,v1,v2,label\n0,1,2,1.0\n1,2,3,0.0\n2,3,4,01\n")
        assert [one.label for one in predict(model, other)] == ["1", "0", "01"]
        plain = "1\n2\n3\n"
        folder = write(tmp_path / "folder" / "1.0" / "a.csv", plain).parents[1]
        assert [one.label for one in predict(model, folder)] == ["1"]

    def test_a_row_a_sequence(self, tmp_path: Path) -> None:
        rows = [f"{n},{n + 1},{-n},{'ab'[n % 2]},{n // 4}" for n in range(20)]
        path = write(tmp_path / "wide.csv", "\n".join(["v0,v1,v2,kind,person", *rows]) + "\n")
        model = untrained(path, label_column="kind", group_column="person")
        found = predict(model, path)
        assert [one.id for one in found[:2]] == ["1", "2"]
        assert [one.label for one in found[:2]] == ["a", "b"]
        bare = write(tmp_path / "bare.csv", "v0,v1,v2\n0,1,0\n1,2,-1\n")
        assert_equal(predict(model, bare), found[:2])
        column = write(tmp_path / "column.csv", "value\n1\n2\n-1\n")
        assert_equal(predict(model, column), found[1:2])
        repeated = write(tmp_path / "id.csv", "id,v0,v1,v2\np,0,1,0\np,1,2,-1\n")
        assert_equal(predict(model, repeated), found[:2])
        timed = write(tmp_path / "timed.csv", "time,value\n9,-1\n7,1\n8,2\n")
        assert_equal(predict(model, timed), found[1:2])


class TestFolders:
    def test_a_file_a_sequence_with_and_without_classes(self, tmp_path: Path) -> None:
        for number, (label, values) in enumerate(waves(1)):
            rows = "".join(f"{x},{y}\n" for x, y in values)
            write(tmp_path / "data" / label / f"{number}.csv", f"x,y\n{rows}")
        (tmp_path / "data" / "notes.csv").write_text("x\n")
        model = untrained(tmp_path / "data")
        found = predict(model, tmp_path / "data")
        assert [one.id for one in found[:2]] == ["down/0.csv", "down/10.csv"]
        assert {one.label for one in found} == {"down", "up"}
        flat = predict(model, tmp_path / "data" / "down")
        assert_equal(flat, found[:12])
        assert (flat[0].id, flat[0].label) == ("0.csv", None)
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="neither files of sequences nor folders"):
            predict(model, tmp_path / "empty")

    def test_one_bad_file_is_reported_and_the_others_are_predicted(
        self, table: Path, tmp_path: Path
    ) -> None:
        model, failures = untrained(table, id_column="name"), list[BilstmError]()
        folder = tmp_path / "new"
        for name, text in (
            ("a.csv", "x,y\n1,2\n"),
            ("b.csv", "x,z\n1,2\n"),
            ("c.csv", "x,y\n3,4\n"),
        ):
            write(folder / name, text)
        paths = [tmp_path / "none", folder]
        found = [*predict_files(model, paths, on_failure=failures.append)]
        assert [one.id for one in found] == ["a.csv", "c.csv"]
        assert ["none" in failures[0].message, "b.csv" in failures[1].message] == [True, True]
        with pytest.raises(DataError, match=r"b\.csv"):
            predict(model, folder)


class TestLengths:
    @pytest.fixture
    def equal(self, tmp_path: Path) -> Path:
        values = np.random.default_rng(0).normal(size=(20, 6, 2))
        np.savez(tmp_path / "equal.npz", X=values, y=np.arange(20) % 2)
        return tmp_path / "equal.npz"

    @pytest.fixture
    def mixed(self, tmp_path: Path) -> Path:
        values = np.random.default_rng(1).normal(size=(20, 2)).astype(np.float32)
        np.savez(tmp_path / "mixed.npz", X=values, lengths=[9, 1, 6, 4])
        return tmp_path / "mixed.npz"

    @pytest.mark.parametrize("readout", ["last", "final", "mean", "max"])
    @pytest.mark.parametrize("num_layers", [1, 2])
    def test_other_lengths_than_in_training(
        self, readout: str, num_layers: int, equal: Path, mixed: Path
    ) -> None:
        model = untrained(equal, readout=readout, num_layers=num_layers)
        assert not model.spec.has_lengths
        values = np.split(np.load(mixed)["X"], [9, 10, 16])
        alone = [predict(model, one)[0] for one in values]
        assert_equal(predict(model, mixed), alone)

    def test_a_readout_of_every_step_needs_the_length_of_training(
        self, equal: Path, mixed: Path
    ) -> None:
        model = untrained(equal, readout="all")
        assert len(predict(model, equal)) == 20
        words = "has 9 steps, and the network reads 6, because of readout = all"
        with pytest.raises(DataError, match=words):
            predict(model, mixed)
        with pytest.raises(UsageError, match="reads 6"):
            predict(model, np.zeros((1, 7, 2)))

    def test_batches_and_parts_change_nothing(
        self, equal: Path, mixed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = untrained(equal)
        expected = predict(model, [mixed, equal])
        monkeypatch.setattr(prediction_module, "_MOST_VALUES", 30)
        monkeypatch.setattr("bilstm_core.training.evaluation._MOST_STEPS", 12)
        assert_equal(predict(model, [mixed, equal]), expected)
        assert [one.id for one in expected[:5]] == ["1", "2", "3", "4", "1"]


class TestFormats:
    def test_gunpoint_in_each_of_its_formats(self, series_dir: Path) -> None:
        model = untrained(series_dir / "GunPoint_TRAIN.ts")
        expected = predict(model, series_dir / "GunPoint_TRAIN.ts")
        for suffix in ("tsv", "arff"):
            found = predict(model, series_dir / f"GunPoint_TRAIN.{suffix}")
            assert_equal(found, expected)
            assert [one.label for one in found] == [one.label for one in expected]

    def test_rows_or_columns_are_steps_for_a_network_that_read_no_table(
        self, series_dir: Path, tmp_path: Path
    ) -> None:
        model = untrained(series_dir / "GunPoint_TRAIN.ts")
        expected = predict(model, series_dir / "GunPoint_TRAIN.ts")[:2]
        lines = (series_dir / "GunPoint_TRAIN.ts").read_text(encoding="utf-8").splitlines()
        values = [line.rpartition(":")[0] for line in lines if line.count(",") == 149][:2]
        names = ",".join(f"v{number}" for number in range(150))
        wide = write(tmp_path / "wide.csv", "\n".join([names, *values]) + "\n")
        assert_equal(predict(model, wide), expected)
        steps = "".join(f"{n},{value}\n" for n, value in enumerate(values[0].split(",")))
        assert_equal(predict(model, write(tmp_path / "long.csv", f"t,x\n{steps}")), expected[:1])

    def test_other_features_are_refused(self, series_dir: Path) -> None:
        model = untrained(series_dir / "GunPoint_TRAIN.ts")
        with pytest.raises(DataError, match="6 features a step, and the network reads 1"):
            predict(model, series_dir / "BasicMotions_TEST.ts")

    def test_names_of_features_choose_them(self, tmp_path: Path) -> None:
        values = np.random.default_rng(0).normal(size=(8, 5, 3)).astype(np.float32)
        names = np.array(["a", "b", "c"])
        np.savez(tmp_path / "x.npz", X=values, y=np.arange(8) % 2, feature_names=names)
        model = untrained(tmp_path / "x.npz")
        expected = predict(model, tmp_path / "x.npz")
        np.savez(tmp_path / "y.npz", X=values[:, :, ::-1], feature_names=names[::-1])
        assert_equal(predict(model, tmp_path / "y.npz"), expected)
        np.savez(tmp_path / "z.npz", X=values, feature_names=np.array(["a", "b", "d"]))
        with pytest.raises(DataError, match="it has no feature c"):
            predict(model, tmp_path / "z.npz")

    def test_an_array_with_missing_values(self, table: Path) -> None:
        model = untrained(table, id_column="name")
        _, values = waves(3)[0]
        gap = values.copy()
        gap[0] = np.nan
        filled = values.copy()
        filled[0] = model.spec.fill
        assert_equal(predict(model, gap), predict(model, filled))


class TestTally:
    @pytest.fixture
    def add(self, table: Path) -> tuple[Tally, Callable[[str, str | None], None]]:
        tally = Tally(untrained(table, id_column="name").spec)

        def add(best: str, label: str | None) -> None:
            other = {"up": "down", "down": "up"}[best]
            tally.add(Prediction("", "", "", label, {best: 0.9, other: 0.1}))

        return tally, add

    def test_only_known_labels_count(self, add: Any) -> None:
        tally, count = add
        count("up", None)
        assert tally.score() is None
        count("up", "up")
        count("down", "up")
        assert (tally.score().correct, tally.score().total) == (1, 2)

    def test_a_label_that_is_no_class_is_wrong(self, add: Any) -> None:
        tally, count = add
        count("up", "up")
        count("up", "sideways")
        score = tally.score()
        assert (score.correct, score.total, score.balanced_accuracy) == (1, 2, 0.5)
        assert [*tally.unknown] == ["sideways"]
        assert not tally.is_imbalanced

"""A person's own file: described without torch, read once, loaded as tensors, trained on."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources import assemble, formats, registry
from bilstm_core.data.sources.columns import TableOptions
from bilstm_core.data.sources.recognition import title_of
from bilstm_core.data.sources.recordings import Read
from bilstm_core.errors import ConfigError, DataError
from bilstm_core.inference.predict import predict
from bilstm_core.runs.run import Run
from bilstm_core.training.trainer import train
from tests.samples import small_config
from tests.sessions import StopAfter, assert_equal, recorded, resume, start

ROWS = "id,t,x,y,label,person"


def write_table(path: Path, sequences: int = 24) -> Path:
    """Sequences of 3 to 7 steps of four persons; the two classes differ in their mean."""
    random = np.random.default_rng(0)
    lines = [ROWS]
    for number in range(sequences):
        for step in range(3 + number % 5):
            x, y = random.normal(number % 2, 0.3, 2)
            label = ("slow", "fast")[number % 2]
            lines.append(f"r{number},{step},{x:.3f},{y:.3f},{label},p{number // 6}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "mine.csv")


def config_for(path: Path, **settings: Any) -> RunConfig:
    return small_config(dataset=str(path), **{"num_epochs": 3, "batch_size": 8, **settings})


class TestDescription:
    def test_it_needs_no_torch(self, table: Path) -> None:
        code = (
            "import sys\nfrom bilstm_core.config.schema import RunConfig\n"
            "from bilstm_core.data.sources.registry import describe\n"
            "print(describe(RunConfig(dataset=sys.argv[1])).words())\nprint('torch' in sys.modules)"
        )
        result = subprocess.run(
            [sys.executable, "-c", code, str(table)], capture_output=True, text=True, check=True
        )
        assert result.stdout.splitlines() == [
            "18 training and 6 test sequences of 3 to 7 steps × 2",
            "False",
        ]

    def test_what_is_loaded_is_what_was_described(self, table: Path) -> None:
        config = config_for(table, validation_fraction=0.3, seed=2)
        described = registry.describe(config)
        loaded = registry.load(config, table.parent)
        assert loaded.spec == described
        sizes = [len(part) for part in (loaded.train, loaded.validation, loaded.test)]
        assert sizes == [described.train_size, described.validation_size, described.test_size]
        assert (described.title, described.name) == ("mine", str(table))
        assert described.feature_names == ("x", "y")

    def test_the_file_is_read_once(self, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        reads: list[Path] = []

        def read(path: Path, options: TableOptions) -> Read:
            reads.append(path)
            return formats.read(path, options)

        monkeypatch.setattr("bilstm_core.data.sources.own_data.read", read)
        config = config_for(table)
        for _ in range(3):
            registry.describe(config)
        registry.load(config, table.parent)
        registry.describe(config)
        assert reads == [table]

    @pytest.mark.parametrize("change", ["settings", "file"])
    def test_it_is_read_again_after_a_change(self, change: str, table: Path) -> None:
        before = registry.describe(config_for(table))
        if change == "file":
            write_table(table, 30)
        after = registry.describe(config_for(table, max_length=4 * (change == "settings")))
        assert before != after

    def test_a_file_added_to_a_folder_counts(self, tmp_path: Path) -> None:
        for name in ("a/1", "a/2", "b/1", "b/2"):
            path = tmp_path / "mine" / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x,y\n1,2\n3,4\n")
        config = config_for(tmp_path / "mine", test_fraction=0.5)
        assert registry.describe(config).train_size == 2
        before = registry.describe(config)
        for number in range(3, 9):
            (tmp_path / "mine" / "a" / f"{number}.csv").write_text("x,y\n1,2\n3,4\n")
        assert registry.describe(config).train_size > before.train_size
        before = registry.describe(config)
        (tmp_path / "mine" / "a" / "1.csv").write_text("x,y\n1,2\n3,45\n")  # in its place
        assert registry.describe(config).fingerprint != before.fingerprint


class TestNames:
    def test_a_path_becomes_absolute(self, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(table.parent)
        for typed in ("mine.csv", "./mine.csv", f"../{table.parent.name}/mine.csv"):
            assert resolve({"dataset": typed}).dataset == str(table)
        monkeypatch.setenv("HOME", str(table.parent))
        assert resolve({"dataset": "~/mine.csv"}).dataset == str(table)

    def test_a_name_is_the_data_set_of_that_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "digits").mkdir()
        assert resolve({"dataset": "digits"}).dataset == "digits"
        assert resolve({"dataset": "./digits"}).dataset == str(tmp_path / "digits")

    def test_neither_is_refused_with_what_there_is(self) -> None:
        with pytest.raises(ConfigError, match=r"path of a file or folder\. Did you mean digits\?"):
            resolve({"dataset": "digit"})

    def test_a_missing_file_is_named_with_the_nearest(self, table: Path) -> None:
        with pytest.raises(DataError, match=r"no such file or folder. Did you mean mine.csv"):
            registry.describe(config_for(table.with_name("mime.csv")))

    @pytest.mark.parametrize(
        ("name", "title"),
        [("Gun_TRAIN.csv", "Gun"), ("mine.csv", "mine"), ("train.csv", "train"), ("a b", "a b")],
    )
    def test_its_title(self, name: str, title: str) -> None:
        assert title_of(f"/somewhere/{name}") == title

    def test_columns_with_commas_are_quoted(self) -> None:
        config = RunConfig(features='x, "acc, y" ,z,')
        assert config.feature_columns == ("x", "acc, y", "z")
        assert RunConfig().feature_columns == ()

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"label_column": "lable"}, "lable.*Did you mean label"),
            ({"features": "x, z"}, "features names 'z'"),
        ],
    )
    def test_a_wrong_column(self, settings: dict[str, Any], words: str, table: Path) -> None:
        with pytest.raises(ConfigError, match=words):
            registry.describe(config_for(table, **settings))


class TestTraining:
    def test_it_learns_and_says_what_was_done(self, table: Path) -> None:
        recorder = recorded(config_for(table, num_epochs=30, learning_rate=0.02, group_column=""))
        (started,) = recorder.of(events.RunStarted)
        assert "chosen by group" in " ".join(started.data.notes)
        final = [it for it in recorder.of(events.Evaluation) if it.final]
        assert [it.accuracy for it in final] == [1, 1]
        assert [it.macro_f1 for it in final] == [1, 1]

    def test_copies_in_two_parts_are_a_warning(self, tmp_path: Path) -> None:
        values, labels = np.random.default_rng(0).normal(size=(12, 4, 2)), np.arange(12) % 2
        parts = {"X_train": values, "y_train": labels, "X_test": values[:3], "y_test": labels[:3]}
        np.savez(tmp_path / "mine.npz", **parts)
        (warning,) = recorded(config_for(tmp_path / "mine.npz")).of(events.RunWarning)
        assert warning.message.startswith("3 test sequences are also in the training part")

    @pytest.mark.parametrize(("count", "named"), [(1, "feature 2"), (2, "features 1, 2")])
    def test_features_without_any_value_are_refused(
        self, count: int, named: str, tmp_path: Path
    ) -> None:
        values = np.ones((12, 4, 2), np.float32)
        values[:, :, 2 - count :] = np.nan
        labels = np.array(["a", "b"] * 6)
        np.savez(tmp_path / "x.npz", X=values, y=labels)
        with pytest.raises(DataError, match=f"No training sequence has a value of {named}") as it:
            registry.describe(config_for(tmp_path / "x.npz"))
        assert it.value.advice

    def test_a_different_amount_for_each_of_a_few_sequences_is_no_class(
        self, tmp_path: Path
    ) -> None:
        random = np.random.default_rng(0)
        np.savez(tmp_path / "x.npz", X=random.random((9, 4, 1)), y=random.random(9))
        with pytest.raises(DataError, match="no regression"):
            registry.describe(config_for(tmp_path / "x.npz"))

    def test_missing_values_are_a_warning(self, table: Path) -> None:
        lines = table.read_text().splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith("r3,1,"))
        lines[at] = "r3,1,,0.5,fast,p0"
        table.write_text("\n".join(lines))
        (warning,) = recorded(config_for(table)).of(events.RunWarning)
        assert warning.message == "1 missing value was replaced by the value before."

    def test_the_test_part_changes_no_weight(self, tmp_path: Path) -> None:
        """Normalisation, gaps and all: training data alone."""
        random = np.random.default_rng(0)
        own = {"X_train": random.normal(size=(12, 5, 2)), "y_train": np.arange(12) % 2}
        own["X_train"][0, 0, 0] = np.nan
        weights = []
        for scale in (1, 1000):
            path = tmp_path / f"{scale}.npz"
            test = {"X_test": scale * random.normal(size=(4, 5, 2)), "y_test": np.arange(4) % 2}
            np.savez(path, **own, **test)
            trained = train(config_for(path)).model
            assert trained
            weights.append(trained.network.state_dict())
        for name, weight in weights[0].items():
            assert torch.equal(weight, weights[1][name])

    @pytest.mark.parametrize("stop", [1, 4, 8])
    def test_a_run_resumes_bit_for_bit_in_the_middle_of_an_epoch(
        self, stop: int, table: Path, tmp_path: Path
    ) -> None:
        config = config_for(table, batch_size=5, dropout=0.3, validation_fraction=0.25)
        whole = start(tmp_path / "whole", config)
        stopped = start(tmp_path / "stopped", config, StopAfter(stop))
        assert resume(stopped) == 0
        assert_equal(whole, stopped)

    def test_changed_data_are_refused_with_the_difference(
        self, table: Path, tmp_path: Path
    ) -> None:
        run: Run = start(tmp_path / "runs", config_for(table), StopAfter(2))
        content = table.read_text()
        write_table(table, 26)
        with pytest.raises(DataError, match="20 instead of 18 training sequences"):
            resume(run)
        table.write_text(content)
        assert resume(run) == 0

    def test_a_run_ends_though_its_data_were_deleted(self, table: Path, tmp_path: Path) -> None:
        class Delete(StopAfter):
            def is_requested(self) -> Any:
                table.unlink(missing_ok=True)
                return super().is_requested()

        run = start(tmp_path / "runs", config_for(table), Delete(10**9))
        assert '"finished"' in run.summary_file.read_text()

    def test_zero_epochs_are_as_many_as_the_data_need(self, table: Path, tmp_path: Path) -> None:
        run = start(tmp_path / "runs", config_for(table, num_epochs=0), StopAfter(1))
        assert run.config.num_epochs == 300  # 18 sequences: 3 steps an epoch


class TestImbalance:
    def test_balanced_weights_are_scikit_learn_s(self) -> None:
        from sklearn.utils.class_weight import compute_class_weight

        from bilstm_core.training.step import balanced_weights

        labels = np.array([0] * 7 + [1] * 2 + [3])
        sizes = tuple(np.bincount(labels).tolist())
        spec = replace(registry.describe(RunConfig(dataset="digits")), class_sizes={"train": sizes})
        expected = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
        assert [it for it in balanced_weights(spec) if it] == pytest.approx(expected.tolist())

    def test_they_change_the_loss(self, tmp_path: Path) -> None:
        random = np.random.default_rng(0)
        labels = np.array([0] * 20 + [1] * 4)
        np.savez(tmp_path / "mine.npz", X=random.normal(size=(24, 5, 2)), y=labels)
        plain, balanced = (
            recorded(config_for(tmp_path / "mine.npz", class_weights=name)).losses
            for name in ("none", "balanced")
        )
        assert plain != balanced


class TestNamesInFiles:
    def test_they_are_cleaned_where_they_enter(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.csv"
        rows = [f"{n},{t},{n % 2},a{n % 2}\x1b[31m" for n in range(10) for t in range(3)]
        path.write_text("id,x\x1b]0;EVIL\x07,y,label\n" + "\n".join(rows))
        spec = registry.describe(config_for(path))
        assert spec.feature_names == (r"x\x1b]0;EVIL\x07", "y")
        assert spec.classes == (r"a0\x1b[31m", r"a1\x1b[31m")
        model = train(config_for(path)).model
        assert model
        assert len(predict(model, path)) == 10

    def test_the_columns_of_rows_that_are_sequences_are_remembered(self, tmp_path: Path) -> None:
        steps = ["s0", "s1", "s2"]
        lines = [",".join(["", *steps, "label"])]
        lines += [f"{n},{n}.5,{n % 3},{-n},{'ab'[n % 2]}" for n in range(12)]
        path = tmp_path / "mine.csv"
        path.write_text("\n".join(lines))
        config = config_for(path)
        assert registry.describe(config).columns == tuple(steps)
        model = train(config).model
        assert model
        expected = [it.probabilities for it in predict(model, path)][3:8:2]
        other = tmp_path / "other.csv"
        rows = [lines[n + 1].split(",") for n in (3, 5, 7)]
        turned = [f"9{row[0]},{row[3]},{row[2]},{row[1]}" for row in rows]
        other.write_text("\n".join(["customer,s2,s1,s0", *turned]))
        found = [it.probabilities for it in predict(model, other)]
        for one, same in zip(found, expected, strict=True):
            assert one == pytest.approx(same, rel=1e-4)

    def test_classes_have_one_order(self, tmp_path: Path) -> None:
        values = np.random.default_rng(0).normal(size=(12, 3))
        np.savez(tmp_path / "mine.npz", X=values, y=np.array(["2", "inf", "1", "10"] * 3))
        spec = registry.describe(config_for(tmp_path / "mine.npz"))
        assert spec.classes == ("1", "10", "2", "inf")

    def test_groups_in_both_parts_are_told(self, tmp_path: Path) -> None:
        for part, persons in (("train", "abc"), ("test", "bcd")):
            rows = [f"{n},{n},{'xy'[n % 2]},{persons[n % 3]}" for n in range(12)]
            (tmp_path / f"{part}.csv").write_text("\n".join(["s0,s1,label,person", *rows]))
        notes = registry.describe(config_for(tmp_path / "train.csv")).notes
        assert any("share 2 groups, such as b" in note for note in notes)


@pytest.mark.parametrize("num_classes", [3, 5])
def test_scores_are_those_of_scikit_learn(num_classes: int) -> None:
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

    from bilstm_core.training.evaluation import score_of

    random = torch.Generator().manual_seed(0)
    labels = torch.randint(3, (200,), generator=random)
    predicted = torch.where(torch.rand(200, generator=random) < 0.6, labels, 1)
    score = score_of(0.5, labels, predicted, num_classes)
    assert score.correct / score.total == accuracy_score(labels, predicted)
    assert score.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert score.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro"))


def test_what_does_not_fit_into_memory_is_refused_before_it_is_read(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Little:
        available = 100

    monkeypatch.setattr("psutil.virtual_memory", Little)
    with pytest.raises(DataError, match=r"GiB of memory, and 0\.0 GiB are free"):
        assemble.assemble(formats.read(table), "t", "o", config_for(table))

"""What is explained of a network is what the network does."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import make_batch
from bilstm_core.data.reduction import pieces
from bilstm_core.errors import CheckpointError, DataError
from bilstm_core.inference.comparison import compare_runs
from bilstm_core.inference.directions import top_states
from bilstm_core.inference.explain import Explainer, explain_sequence, new_model
from bilstm_core.inference.explanation import Explanation, Prediction, States
from bilstm_core.network.weights import TrainedModel
from bilstm_core.runs.run import Run
from bilstm_core.training.trainer import train
from tests.samples import small_config

CONFIG = {"hidden_size": 6, "device": "cpu", "precision": "float32"}
LONGEST_ANSWER = 130_000


def explained(tmp_path: Path, index: int = 3, **settings: object) -> tuple[Explanation, Tensor]:
    """An explanation on new weights, and what the classifier itself says of that sequence."""
    config = RunConfig(**{"dataset": "digits", **CONFIG, **settings})
    explainer = Explainer(tmp_path)
    data = explainer.data_of(config)
    model = new_model(config, data.spec)
    # in one batch with others: padded, where lengths differ
    batch = make_batch(data.test[torch.arange(8)], data.spec)
    with torch.inference_mode():
        scores = model.network(batch.inputs, batch.lengths)[index]
    return explainer.explain(config, None, index), scores.softmax(dim=0)


def says(prediction: Prediction, shown: Explanation, probabilities: Tensor, classes: list) -> bool:
    names = [classes[number] for number in probabilities.topk(3).indices.tolist()]
    return (
        prediction.probabilities == pytest.approx(probabilities.topk(3).values.tolist(), abs=1e-5)
        and [shown.classes[number] for number in prediction.classes] == names
    )


@pytest.mark.parametrize(
    ("dataset", "readout"),
    [
        *(("digits", readout) for readout in READOUTS),
        # to read every step, all sequences have to be equally long
        *(("japanese-vowels", readout) for readout in READOUTS if readout != "all"),
    ],
)
@pytest.mark.parametrize("merge", MERGES)
def test_both_directions_end_where_the_classifier_does(
    dataset: str, readout: str, merge: str, tmp_path: Path
) -> None:
    shown, expected = explained(tmp_path, dataset=dataset, merge=merge, readout=readout)
    classes = Explainer(tmp_path).data_of(shown.config).spec.classes
    assert says(shown.prediction, shown, expected, [*classes])
    assert says(shown.together[-1], shown, expected, [*classes])
    assert len(shown.together) == len(shown.forward_alone) == len(shown.backward_alone)
    assert len(shown.together) == shown.num_steps


@pytest.mark.parametrize("readout", READOUTS)
def test_one_direction_ends_where_the_classifier_does(readout: str, tmp_path: Path) -> None:
    shown, expected = explained(tmp_path, bidirectional=False, readout=readout, num_layers=2)
    classes = [str(number) for number in range(10)]
    assert says(shown.forward_alone[-1], shown, expected, classes)
    assert says(shown.prediction, shown, expected, classes)
    assert (shown.backward, shown.backward_alone, shown.together) == (None, [], [])


def states_of(shown: Explanation, tmp_path: Path) -> tuple[Tensor, Tensor]:
    data = Explainer(tmp_path).data_of(shown.config)
    model = new_model(shown.config, data.spec)
    inputs = make_batch(data.test[torch.tensor([shown.index])], data.spec).inputs[0]
    with torch.inference_mode():
        return top_states(model.network, inputs)


@pytest.mark.parametrize("dataset", ["digits", "japanese-vowels"])
def test_max_reads_each_unit_where_it_is_highest(dataset: str, tmp_path: Path) -> None:
    shown, _ = explained(tmp_path, dataset=dataset, hidden_size=40, readout="max")
    assert shown.backward
    for strip, states in zip(
        (shown.forward, shown.backward), states_of(shown, tmp_path), strict=True
    ):
        argmax = states.argmax(dim=0)
        assert strip.peaks == argmax[strip.units].tolist() == sorted(strip.peaks)
        counts = argmax.bincount(minlength=shown.num_steps) / 40
        assert strip.shares == pytest.approx(counts.tolist())
        assert_close(strip, strip.read, states.amax(dim=0)[strip.units])
        for row, peak, seen in zip(strip.values, strip.peaks, strip.read, strict=True):
            assert row[peak] == seen == max(row)


def assert_close(strip: States, shown: list[int], states: Tensor) -> None:
    assert np.allclose(np.array(shown) / 127 * strip.scale, states, atol=strip.scale / 250)


def test_the_strips_are_the_states(tmp_path: Path) -> None:
    shown, _ = explained(tmp_path, dataset="japanese-vowels", merge="sum", readout="max")
    forward, backward = states_of(shown, tmp_path)
    assert shown.backward
    assert shown.merged
    assert shown.forward.units == shown.backward.units == shown.merged.units
    for strip, states in (
        (shown.forward, forward),
        (shown.backward, backward),
        (shown.merged, forward + backward),
    ):
        for row, unit in zip(strip.values, strip.units, strict=True):
            assert_close(strip, row, states[:, unit])
    assert shown.forward.shares == shown.backward.shares == []
    assert shown.merged.peaks == (forward + backward)[:, shown.merged.units].argmax(dim=0).tolist()


@pytest.mark.parametrize(
    ("readout", "forward", "backward"),
    [
        ("last", [0, 0, 0, 1], [0, 0, 0, 1]),
        ("final", [0, 0, 0, 1], [1, 0, 0, 0]),
        ("mean", [0.25] * 4, [0.25] * 4),
        ("all", [0.25] * 4, [0.25] * 4),
    ],
)
def test_where_each_readout_reads(
    readout: str, forward: list[float], backward: list[float], tmp_path: Path
) -> None:
    """In quarters of an image of eight rows."""
    shown, _ = explained(tmp_path, readout=readout)
    assert shown.backward
    for strip, expected in ((shown.forward, forward), (shown.backward, backward)):
        quarters = np.array(strip.shares).reshape(4, 2).sum(axis=1)
        assert quarters.tolist() == pytest.approx(expected)
    assert shown.forward.shares[-1] == (1 if readout in {"last", "final"} else 1 / 8)
    assert bool(shown.forward.read) == (readout != "all")


def test_last_sees_one_step_of_the_backward_direction(tmp_path: Path) -> None:
    """However much more it reads, what it predicts alone stays the same; with final it changes."""
    shown, _ = explained(tmp_path, readout="last")
    assert {tuple(it.probabilities) for it in shown.backward_alone} == {
        tuple(shown.backward_alone[0].probabilities)
    }
    other, _ = explained(tmp_path, readout="final")
    assert len({tuple(it.probabilities) for it in other.backward_alone}) == 8


def test_a_long_sequence_of_many_features_and_classes_is_bounded(tmp_path: Path) -> None:
    lengths = [5000, *[3] * 319]
    values = np.random.default_rng(0).normal(size=(sum(lengths), 150)).astype(np.float32)
    labels = [f"a class with a long name {number % 80}" for number in range(320)]
    for part in ("train", "test"):
        np.savez(tmp_path / f"long_{part}.npz", X=values, lengths=lengths, y=labels)
    shown, expected = explained(
        tmp_path, index=0, dataset=str(tmp_path / "long_train.npz"), hidden_size=70, merge="mean"
    )
    assert len(shown.model_dump_json()) < LONGEST_ANSWER
    assert (len(shown.inputs), len(shown.inputs[0]), len(shown.ends)) == (32, 128, 128)
    assert shown.merged
    assert (len(shown.merged.units), len(shown.merged.values[0])) == (32, 128)
    assert shown.num_steps == shown.ends[-1] == 5000
    assert shown.merged.peaks == sorted(shown.merged.peaks)
    assert sum(shown.merged.shares) == pytest.approx(1)
    assert shown.together[-1].probabilities == pytest.approx(expected.topk(3).values.tolist())
    short = Explainer(tmp_path).explain(shown.config, None, 1)
    assert (short.num_steps, short.ends) == (3, [1, 2, 3])


def test_a_series_is_shown_as_it_is_stored(tmp_path: Path) -> None:
    """Each feature from its lowest to its highest value, with both extremes of long pieces."""
    times = np.arange(512)
    series = np.stack([times % 4, np.full(512, 7.0)], axis=1).astype(np.float32)
    for part in ("train", "test"):
        np.savez(
            tmp_path / f"saw_{part}.npz", X=[series] * 8, y=["a", "b"] * 4, feature_names=["s", "c"]
        )
    shown, _ = explained(tmp_path, dataset=str(tmp_path / "saw_train.npz"))
    assert (shown.num_features, shown.feature_names) == (2, ["s", "c"])
    assert shown.inputs == [[255] * 128, [0] * 128]
    assert shown.lowest == [[0] * 128, [0] * 128]
    short, _ = explained(tmp_path, dataset="japanese-vowels")
    assert short.lowest == []
    assert [(min(it), max(it)) for it in short.inputs] == [(0, 255)] * 12


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, TrainedModel]:
    run = Run(tmp_path_factory.mktemp("run"))
    model = train(small_config(num_epochs=3, hidden_size=24)).model
    assert model
    model.save(run.model_file)
    return run, model


class TestWeights:
    """Those of the run where they fit, and new ones elsewhere."""

    def test_the_run_explains_its_own_network(
        self, run: tuple[Run, TrainedModel], tmp_path: Path
    ) -> None:
        shown = Explainer(tmp_path).explain(None, run[0], 5)
        assert (shown.weights, shown.changed, shown.index, shown.count) == ("run", {}, 5, 360)
        data = Explainer(tmp_path).data_of(shown.config)
        assert shown.classes[shown.actual] == str(int(data.test.labels[5]))
        alone = explain_sequence(run[1], data.test[torch.tensor([5])])
        assert shown.together == alone.together
        assert Explainer(tmp_path).explain(None, run[0], 365).index == 5

    def test_another_readout_keeps_the_weights_and_says_so(
        self, run: tuple[Run, TrainedModel], tmp_path: Path
    ) -> None:
        config = run[1].config.model_copy(update={"readout": "last"})
        shown = Explainer(tmp_path).explain(config, run[0], 5)
        assert (shown.weights, shown.changed) == ("run", {"readout": "max"})
        own = Explainer(tmp_path).explain(None, run[0], 5)
        assert sorted(shown.forward.units) == sorted(own.forward.units)

    @pytest.mark.parametrize(
        "change",
        [
            {"hidden_size": 25},
            {"cell": "gru"},
            {"merge": "sum"},
            {"bidirectional": False},
            {"dataset": "japanese-vowels"},
        ],
    )
    def test_what_does_not_fit_has_the_weights_of_a_new_run(
        self, change: dict[str, object], run: tuple[Run, TrainedModel], tmp_path: Path
    ) -> None:
        config = run[1].config.model_copy(update=change)
        shown = Explainer(tmp_path).explain(config, run[0], 5)
        assert (shown.weights, shown.changed) == ("new", {})
        assert shown == Explainer(tmp_path).explain(config, None, 5)

    def test_a_run_without_a_model(self, tmp_path: Path) -> None:
        explainer, run = Explainer(tmp_path), Run(tmp_path / "none")
        assert explainer.explain(small_config(), run, 0).weights == "new"
        with pytest.raises(CheckpointError):
            explainer.explain(None, run, 0)

    def test_new_weights_are_those_with_which_training_starts(self, tmp_path: Path) -> None:
        config = small_config(num_epochs=1, learning_rate=1e-9, schedule="constant")
        trained = train(config).model
        assert trained
        started = new_model(config, trained.spec).network.state_dict()
        for name, weight in trained.network.state_dict().items():
            torch.testing.assert_close(weight, started[name], atol=1e-5, rtol=0)


def test_data_that_are_not_there_are_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        Explainer(tmp_path).explain(RunConfig(dataset="mnist", **CONFIG), None, 0)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Run, TrainedModel]]:
    found = []
    for number, config in enumerate(
        (
            small_config(bidirectional=False, readout="last", num_epochs=4),
            small_config(num_epochs=8, hidden_size=32),
        )
    ):
        run, model = Run(tmp_path_factory.mktemp(f"run{number}")), train(config).model
        assert model
        model.save(run.model_file)
        found.append((run, model))
    return found


class TestComparison:
    def test_a_mended_mistake_is_one(
        self, runs: list[tuple[Run, TrainedModel]], tmp_path: Path
    ) -> None:
        (first, one), (second, other) = runs
        shown = compare_runs(first, second, Explainer(tmp_path))
        assert shown.is_mended
        assert shown.mended > 0
        data = Explainer(tmp_path).data_of(one.config)
        batch = make_batch(data.test[:], data.spec)
        with torch.inference_mode():
            shares = [it.network(batch.inputs).softmax(dim=1) for it in (one, other)]
        right = [share.argmax(dim=1) == batch.labels for share in shares]
        assert shown.correct == tuple(int(it.sum()) for it in right)
        assert shown.mended - shown.spoiled == shown.correct[1] - shown.correct[0]
        assert right[1][shown.index]
        assert not right[0][shown.index]
        assert shown.classes[shown.actual] == str(int(batch.labels[shown.index]))
        surest = shares[1].gather(1, batch.labels[:, None])[:, 0][right[1] & ~right[0]].max()
        assert shown.second.of_actual == pytest.approx(float(surest), abs=1e-5)

    def test_without_one_the_largest_difference_is_shown(
        self, runs: list[tuple[Run, TrainedModel]], tmp_path: Path
    ) -> None:
        (first, _), _ = runs
        shown = compare_runs(first, first, Explainer(tmp_path))
        assert (shown.is_mended, shown.mended, shown.spoiled) == (False, 0, 0)
        assert shown.first == shown.second


def test_pieces_cover_everything() -> None:
    for count in (1, 7, 128, 129, 5000):
        parts = pieces(count, 128)
        assert parts[0][0] == 0
        assert parts[-1][1] == count
        assert all(a[1] == b[0] and a[0] < a[1] for a, b in itertools.pairwise(parts))

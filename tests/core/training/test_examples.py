"""The examples of a run: which they are, what is shown of them, and that they disturb nothing."""

from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import make_batch
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.example import Example
from bilstm_core.data.sources import registry
from bilstm_core.processes.signals import StopRequest
from bilstm_core.training import examples, trainer
from bilstm_core.training.examples import WatchedExamples, choose
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.core.made_up import make_bars
from tests.samples import EVERYTHING, small_config
from tests.sessions import StopAfter, history, recorded, resume, start


def loaded(config: RunConfig) -> Dataset:
    return registry.load(config, Path()).normalised(config.normalize)


class TestChoice:
    LABELS = torch.arange(1000) % 5

    def test_each_class_comes_before_a_second_one_of_any(self) -> None:
        chosen = self.LABELS[choose(self.LABELS, 5, seed=3)].tolist()
        assert len(chosen) == 8
        assert chosen == sorted(chosen)
        counts = [chosen.count(number) for number in range(5)]
        assert sorted(counts) == [1, 1, 2, 2, 2]

    def test_of_many_classes_some_have_one(self) -> None:
        labels = torch.arange(300) % 30
        chosen = labels[choose(labels, 30, seed=0)].tolist()
        assert len({*chosen}) == 8

    def test_it_follows_from_the_seed(self) -> None:
        rows = choose(self.LABELS, 5, seed=1)
        assert rows == choose(self.LABELS, 5, seed=1)
        assert rows != choose(self.LABELS, 5, seed=2)

    def test_of_few_sequences_all_are_shown(self) -> None:
        assert sorted(choose(torch.tensor([4, 0, 4]), 5, seed=0)) == [0, 1, 2]


class TestPictures:
    def test_an_image_is_shown_as_it_is(self) -> None:
        config = small_config(num_epochs=1)
        (shown,) = recorded(config).of(events.Examples)
        test = loaded(config).test
        assert shown.split == "test"
        for example in shown.examples:
            image = test.values[example.index].float() / 16  # scikit-learn's digits have 16
            assert example.label == test.labels[example.index]
            assert torch.tensor(example.picture()).allclose(image, atol=1 / 255)

    def test_a_large_image_is_reduced_in_its_proportions(self) -> None:
        image = torch.zeros(100, 50)
        image[:50] = 1
        small = examples._smaller(image)
        assert small.shape == (28, 14)
        assert small[:14].min() == 1
        assert small[14:].max() == 0

    def test_no_peak_of_a_long_series_is_lost(self) -> None:
        values = torch.zeros(10_000, 2)
        values[4321, 1], values[8765, 0] = 7.0, -3.0
        reduced = examples._in_pieces(values)
        assert reduced.shape == (2, 64)
        assert reduced.amax(dim=1).tolist() == [0, 7]
        assert reduced.amin(dim=1).tolist() == [-3, 0]

    def test_series_have_one_scale_a_feature(self) -> None:
        (shown,) = recorded(small_config(dataset="japanese-vowels", num_epochs=1)).of(
            events.Examples
        )
        lengths = {example.columns for example in shown.examples}
        assert len(lengths) > 1
        assert {example.rows for example in shown.examples} == {6}
        for feature in range(6):
            values = [value for it in shown.examples for value in it.picture()[feature]]
            assert (min(values), max(values)) == (0, 1)

    def test_they_are_small_enough_for_a_log(self) -> None:
        bars = make_bars()
        recorder = Recorder()
        WatchedExamples(bars, 0, recorder).show()
        (shown,) = recorder.all
        assert isinstance(shown, events.Examples)
        assert len(events.to_json(shown)) < 2_000
        largest = [Example(index=9_999, label=9, rows=28, columns=28, values="A" * 1048)] * 8
        assert len(events.to_json(events.Examples(split="test", examples=(*largest,)))) < 10_240


@pytest.mark.parametrize("settings", [{}, {"dataset": "japanese-vowels"}, EVERYTHING])
def test_the_last_predictions_are_those_of_the_trained_network(settings: dict[str, object]) -> None:
    """Also where sequences of different lengths are evaluated in another order."""
    config = small_config(**{**settings, "num_epochs": 2})
    recorder = Recorder()
    model = train(config, recorder).model
    assert model
    data = loaded(config)
    (shown,), last = recorder.of(events.Examples), recorder.of(events.Predictions)[-1]
    assert last.step == recorder.of(events.Finished)[0].step
    sequences = data.split(shown.split)
    model.network.eval()
    for example, predicted in zip(shown.examples, last.predictions, strict=True):
        one = make_batch(sequences[torch.tensor([example.index])], model.spec)
        with torch.inference_mode():
            expected: Tensor = model.network(one.inputs, one.lengths)[0].softmax(dim=0)
        shares = dict(predicted)
        assert example.label in shares
        assert predicted[0][0] == expected.argmax()
        for label, probability in predicted:
            assert probability == pytest.approx(expected[label].item(), abs=2e-3)


def test_what_is_predicted_before_training_comes_first() -> None:
    reported = recorded(small_config(num_epochs=1)).of(events.Predictions)
    assert reported[0].step == 0
    assert all(len(events.to_json(it)) <= 1024 for it in reported)


def test_short_epochs_are_not_all_reported_but_the_last_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clock of our own: each look at it takes a third of a second."""
    now = 0.0

    def monotonic() -> float:
        nonlocal now
        now += 1 / 3
        return now

    monkeypatch.setattr(examples, "time", SimpleNamespace(monotonic=monotonic))
    recorder = recorded(small_config(num_epochs=8))
    steps = [it.step // 23 for it in recorder.of(events.Predictions)]
    assert steps[0] == 0
    assert steps[-1] == 8
    assert 3 <= len(steps) <= 6


@pytest.mark.parametrize("settings", [EVERYTHING, {"dataset": "japanese-vowels", "dropout": 0.2}])
def test_training_is_the_same_without_them(
    settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config(**{**settings, "num_epochs": 1})
    with_them = recorded(config)
    monkeypatch.setattr(trainer, "watch_examples", lambda *_: None)
    without = recorded(config)
    assert not without.of(events.Predictions)
    assert without.losses == with_them.losses
    assert [it.loss for it in without.of(events.Evaluation)] == [
        it.loss for it in with_them.of(events.Evaluation)
    ]


def test_a_resumed_run_shows_them_again(tmp_path: Path) -> None:
    config = small_config(num_epochs=2)
    whole = history(start(tmp_path, config))
    run = start(tmp_path, config, StopAfter(30))
    resume(run, StopRequest())
    resumed = history(run)
    assert whole.examples
    assert resumed.examples
    assert resumed.examples.examples == whole.examples.examples
    assert whole.predictions
    assert resumed.predictions
    assert resumed.predictions.predictions == whole.predictions.predictions
    assert resumed.by_class[-1].class_correct == whole.by_class[-1].class_correct


def test_no_example_where_nothing_is_evaluated() -> None:
    bars = make_bars()
    empty = bars.test[:0]
    data = Dataset(bars.spec, bars.train, empty, empty)
    assert examples.watch_examples(data, 0, lambda _: None) is None


def test_the_counts_by_class_add_up() -> None:
    recorder = recorded(small_config(num_epochs=1))
    for evaluation in recorder.of(events.Evaluation):
        assert len(evaluation.class_correct) == 10
        assert sum(evaluation.class_correct) == evaluation.correct


def test_values_are_base64() -> None:
    (shown,) = recorded(small_config(num_epochs=1)).of(events.Examples)
    assert all(len(b64decode(it.values)) == it.rows * it.columns for it in shown.examples)

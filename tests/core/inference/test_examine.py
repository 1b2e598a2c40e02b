"""What an examination reports is what the network does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from bilstm_core import events
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.compute import devices
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources.registry import describe, read_present
from bilstm_core.data.spec import Normalisation
from bilstm_core.inference import examine as examine_module
from bilstm_core.inference.examine import Examination, examine, predict_stepwise
from bilstm_core.inference.explain import Explainer, explain_sequence
from bilstm_core.inference.report import accuracy_interval
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.samples import small_config


def untrained(config: RunConfig) -> TrainedModel:
    torch.manual_seed(0)
    spec = describe(config)
    return TrainedModel(SequenceClassifier.from_config(config, spec), config, spec)


def test_the_parts_of_a_report_agree_with_one_another(tmp_path: Path) -> None:
    report = examine(untrained(small_config()), tmp_path)
    wrong = sum(score.wrong for score in report.scores)
    assert sum(score.support for score in report.scores) == 360
    assert sum(confusion.count for confusion in report.confusions) == wrong
    assert len(report.mistakes) == wrong
    for number, score in enumerate(report.scores):
        own = [it.count for it in report.confusions if it.actual == number]
        assert score.recall == pytest.approx(score.correct / score.support)
        assert sum(own) == score.wrong
    counts = [confusion.count for confusion in report.confusions]
    assert counts == sorted(counts, reverse=True)
    assert {mistake.id for mistake in report.mistakes} == {""}
    confidences = [mistake.probability for mistake in report.mistakes]
    assert confidences == sorted(confidences, reverse=True)
    assert all(mistake.actual != mistake.predicted for mistake in report.mistakes)


def test_of_too_many_mistakes_each_class_keeps_as_many(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    everything = examine(untrained(small_config()), tmp_path).mistakes
    monkeypatch.setattr(examine_module, "_MOST_MISTAKES", 30)
    kept = examine(untrained(small_config()), tmp_path).mistakes
    assert len(kept) == 30
    assert kept == [mistake for mistake in everything if mistake in kept]
    for number in {mistake.actual for mistake in everything}:
        own = [mistake for mistake in everything if mistake.actual == number]
        shown = [mistake for mistake in kept if mistake.actual == number]
        assert shown == own[: len(shown)]
        assert len(shown) >= min(3, len(own))


def test_calibration_is_accuracy_by_confidence(tmp_path: Path) -> None:
    model = untrained(small_config())
    with torch.no_grad():  # as sure as a trained one
        model.network.classifier.weight.mul_(20)
    report = examine(model, tmp_path)
    confidence = [mistake.probability for mistake in report.mistakes]
    assert len(report.calibration) > 3
    assert sum(it.count for it in report.calibration) == report.total == 360
    assert sum(round(it.count * it.accuracy) for it in report.calibration) == report.correct
    for part in report.calibration:
        assert part.low - 1e-6 <= part.confidence <= part.high + 1e-6
        wrong = sum(part.low <= value < part.high for value in confidence)
        assert part.count - round(part.count * part.accuracy) == pytest.approx(wrong, abs=1)
    gaps = [it.count * (it.confidence - it.accuracy) for it in report.calibration]
    assert report.calibration_error == pytest.approx(sum(map(abs, gaps)) / 360)
    assert report.overconfidence == pytest.approx(sum(gaps) / 360)
    assert report.overconfidence > 0.1


@pytest.mark.parametrize(("correct", "total"), [(0, 5), (5, 5), (351, 360), (1, 3), (9767, 10000)])
def test_the_interval_of_an_accuracy_is_wilsons(correct: int, total: int) -> None:
    expected = binomtest(correct, total).proportion_ci(method="wilson")
    assert accuracy_interval(correct, total) == pytest.approx((expected.low, expected.high))


def test_small_drawings_of_images_and_series(tmp_path: Path) -> None:
    images = Examination(untrained(small_config()), tmp_path)
    _, whole = images.read(7)
    (small,) = images.draw([7])
    assert np.array(small.high) == pytest.approx(np.array(whole.high), abs=1e-3)
    config = small_config(dataset="japanese-vowels")
    series = Examination(untrained(config), tmp_path)
    drawings = series.draw([3, 0])
    for index, drawing in zip([3, 0], drawings, strict=True):
        _, whole = series.read(index)
        assert drawing.num_steps == whole.num_steps
        first = [row[:6] for row in whole.high]
        assert np.array(drawing.high) == pytest.approx(np.array(first), rel=1e-3)


def test_a_mistake_is_called_as_in_the_file(tmp_path: Path) -> None:
    rows = [f"walk_{n},{n * step},{'ab'[n % 2]}" for n in range(20) for step in range(5)]
    path = tmp_path / "walks.csv"
    path.write_text("\n".join(["id,height,label", *rows]), encoding="utf-8")
    config = RunConfig(dataset=str(path), hidden_size=4)
    ids = read_present(config, tmp_path).parts["test"].ids
    mistakes = examine(untrained(config), tmp_path).mistakes
    assert mistakes
    assert [mistake.id for mistake in mistakes] == [ids[mistake.index] for mistake in mistakes]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_count_is_that_of_the_run(precision: str, tmp_path: Path) -> None:
    recorder = Recorder()
    model = train(small_config(cell="gru", precision=precision), recorder).model
    assert model
    final = next(e for e in recorder.of(events.Evaluation) if e.final and e.split == "test")
    report = examine(model, tmp_path)
    assert sum(score.correct for score in report.scores) == final.correct
    assert report.warning == ""
    assert examine(model, tmp_path, precision) == report
    other = examine(model, tmp_path, {"float32": "bfloat16", "bfloat16": "float32"}[precision])
    assert other.mistakes != report.mistakes
    mistake = report.mistakes[0]
    prediction, drawing = Examination(model, tmp_path).read(mistake.index)
    alone = predict_stepwise(model, torch.tensor(drawing.low))
    assert prediction.forward == alone.forward
    assert prediction.probabilities == pytest.approx(alone.probabilities, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_mistake_has_the_same_probability_everywhere(bidirectional: bool, tmp_path: Path) -> None:
    # in bfloat16 the rest of a batch, and how far it is padded, changes the third digit
    settings = {"cell": "gru", "hidden_size": 24, "precision": "bfloat16"}
    config = small_config(dataset="japanese-vowels", bidirectional=bidirectional, **settings)
    model = untrained(config)
    examination, data = Examination(model, tmp_path), Explainer(tmp_path).data_of(config)
    for mistake in examination.report.mistakes[:40]:
        index, predicted, probability = mistake.index, mistake.predicted, mistake.probability
        prediction, _ = examination.read(index)
        assert prediction.probabilities[predicted] == max(prediction.probabilities) == probability
        sequence = data.test[torch.tensor([index])]
        shown = explain_sequence(model, sequence, known=examination.shares[index])
        last = (shown.together if bidirectional else shown.forward_alone)[-1]
        assert shown.prediction.probabilities[0] == last.probabilities[0] == probability
        if not bidirectional:
            place = prediction.classes.index(predicted)
            assert prediction.forward[-1][place] == probability


@pytest.mark.parametrize("used", ["bfloat16", "tf32"])
def test_a_precision_that_this_processor_lacks_is_told(
    used: str, digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "runs_in_bfloat16", lambda *_: False)
    model = untrained(small_config())
    model.spec = digits.spec
    report = examine(model, tmp_path, used)
    words = f"computed in float32, because this processor lacks the run's {used}"
    assert report.warning == words
    assert report.mistakes == examine(model, tmp_path).mistakes
    model.config = small_config(precision=used)
    assert examine(model, tmp_path).warning == words


def test_a_report_describes_the_data_as_the_model_does(digits: Dataset, tmp_path: Path) -> None:
    """Not as this version of the program would."""
    model = untrained(small_config())
    spec = replace(digits.spec, title="Ziffern")
    report = examine(TrainedModel(model.network, model.config, spec), tmp_path)
    assert report.spec == spec
    assert (report.failure, report.warning) == (None, "")
    spec = replace(spec, fingerprint="another")
    report = examine(TrainedModel(model.network, model.config, spec), tmp_path)
    assert report.warning == "the data have changed since training: other values or labels"
    assert len(report.scores) == 10


@pytest.mark.parametrize(
    "change",
    [
        {"classes": tuple("abcdefghij")},
        {"normalisation": Normalisation(divisor=255)},
        {"num_features": 11},
        {"shortest": 6, "longest": 6},
    ],
)
def test_test_data_that_do_not_fit_the_model_are_not_used(
    change: dict[str, Any], digits: Dataset, tmp_path: Path
) -> None:
    config, spec = small_config(readout="all"), replace(digits.spec, **change)
    model = TrainedModel(SequenceClassifier.from_config(config, spec), config, spec)
    report = examine(model, tmp_path)
    assert report.failure
    assert report.failure.exit_code == 3
    assert "does not fit the model" in report.failure.title
    assert (report.spec, report.scores, report.mistakes) == (spec, [], [])
    predict_stepwise(model, torch.zeros(spec.longest, spec.num_features))


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_a_direction_alone_is_the_network_without_the_other(
    readout: str, merge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the other direction's states at zero, the network says the same of the whole image."""
    # or the layer, and the hook below with it, would not be called for `last`
    monkeypatch.setattr(SequenceClassifier, "_needs_one_backward_step", lambda *_: False)
    model = untrained(small_config(readout=readout, merge=merge, num_layers=2))
    rows = torch.rand(8, 8)
    prediction = predict_stepwise(model, rows)
    assert len(prediction.forward) == len(prediction.backward) == 8
    top = model.network.layers[-1]
    size = model.network.hidden_size
    handle = top.register_forward_hook(
        lambda _module, _inputs, output: (
            torch.cat((output[0][..., :size], torch.zeros_like(output[0][..., size:])), -1),
            output[1],
        )
    )
    # where directions are summed, and for max over concatenated zeros, zero is neutral
    with torch.inference_mode():
        alone = model.network(rows[None]).softmax(dim=1)[0]
    handle.remove()
    torch.testing.assert_close(torch.tensor(prediction.forward[-1]), alone)


def test_one_direction_ends_where_the_whole_network_does() -> None:
    for readout in READOUTS:
        model = untrained(small_config(bidirectional=False, readout=readout))
        prediction = predict_stepwise(model, torch.rand(8, 8))
        assert prediction.backward == []
        assert prediction.forward[-1] == pytest.approx(prediction.probabilities, rel=1e-4)


@pytest.mark.parametrize(
    "change", [{"num_features": 5}, {"classes": ("a", "b")}, {"normalisation": Normalisation(255)}]
)
def test_other_test_data_than_the_models_are_refused(
    change: dict[str, Any], tmp_path: Path
) -> None:
    config = small_config()
    spec = replace(describe(config), **change)
    model = TrainedModel(SequenceClassifier.from_config(config, spec), config, spec)
    report = examine(model, tmp_path)
    assert report.failure
    assert report.failure.title == "The data set does not fit the model"
    assert report.scores == []


def test_test_data_that_have_changed_are_reported(digits: Dataset, tmp_path: Path) -> None:
    model = untrained(small_config())
    model.spec = replace(digits.spec, fingerprint="of other data")
    assert "changed" in examine(model, tmp_path).warning
    model.spec = digits.spec
    assert examine(model, tmp_path).warning == ""


class TestLongSequences:
    """What is sent to a screen has a bound, however long sequences are and however many classes."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """80 classes, 150 features, one sequence of 5,000 steps and short ones."""
        lengths = [5000, *[3] * 319]
        values = np.zeros((sum(lengths), 150), np.float32)
        values[:, 1] = np.arange(len(values))
        labels = [str(number % 80) for number in range(320)]
        np.savez(tmp_path / "long_train.npz", X=values, lengths=lengths, y=labels)
        np.savez(tmp_path / "long_test.npz", X=values, lengths=lengths, y=labels)
        return tmp_path / "long_train.npz"

    def test_a_report_and_an_answer_are_bounded(self, path: Path, tmp_path: Path) -> None:
        config = small_config(dataset=str(path), hidden_size=4)
        examination = Examination(untrained(config), tmp_path)
        report = examination.report
        wrong = sum(score.wrong for score in report.scores)
        assert (len(report.scores), len(report.mistakes)) == (80, wrong)
        assert len(report.model_dump_json()) < 100_000
        prediction, drawing = examination.read(0)
        assert drawing.num_steps == 5000
        assert (len(drawing.low), len(drawing.low[0])) == (256, 128)
        assert (drawing.low[0][1], drawing.high[0][1]) == (0, 18)
        assert (drawing.low[-1][1], drawing.high[-1][1]) == (4980, 4999)
        assert len(prediction.probabilities) == 80
        assert len(prediction.classes) == 64
        assert len(prediction.forward) == len(prediction.backward) == 256
        assert {len(row) for row in prediction.forward} == {64}
        short, drawn = examination.read(1)
        assert len(short.forward) == drawn.num_steps == 3
        assert drawn.low == drawn.high

    def test_thousands_of_classes(self, tmp_path: Path) -> None:
        """A matrix of 5,000 × 5,000 would be larger than what an answer may be."""
        count, path = 5000, tmp_path / "many.npz"
        values, labels = np.zeros((count, 2, 1), np.float32), [f"c{n}" for n in range(count)]
        names = [f"recording {number}" for number in range(count)]
        parts = {"X_train": values, "y_train": labels, "X_test": values, "y_test": labels}
        np.savez(path, **parts, ids_test=names)
        report = examine(untrained(small_config(dataset=str(path), hidden_size=4)), tmp_path)
        assert (len(report.scores), len(report.confusions)) == (count, count - 1)
        assert sum(score.wrong for score in report.scores) == count - 1
        assert len(report.model_dump_json()) < 2_000_000
        assert {mistake.id for mistake in report.mistakes} <= {*names}
        assert all(it.id == names[it.index] for it in report.mistakes)

    def test_pieces_are_read_up_to_their_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        model, inputs = untrained(small_config()), torch.rand(8, 8)
        whole = predict_stepwise(model, inputs)
        monkeypatch.setattr(examine_module, "_SCREEN", examine_module._Size(3, 128))
        cut = predict_stepwise(model, inputs)
        assert cut.forward == [whole.forward[step] for step in (1, 4, 7)]
        assert cut.backward == [whole.backward[step] for step in (0, 2, 5)]
        assert cut.probabilities == whole.probabilities

    def test_the_classes_that_are_sent_are_those_that_matter(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model, inputs = untrained(small_config()), torch.rand(8, 8)
        whole = torch.tensor(predict_stepwise(model, inputs).forward)
        monkeypatch.setattr(examine_module, "_MOST_CLASSES", 9)
        some = predict_stepwise(model, inputs)
        (missing,) = {*range(10)} - {*some.classes}
        assert missing not in whole.argmax(dim=1).tolist()
        assert torch.tensor(some.forward).equal(whole[:, some.classes])

    def test_wide_images_are_reduced_from_side_to_side(self) -> None:
        image = torch.zeros(300, 200)
        image[:, 199] = 1
        drawing = examine_module._drawing(image, describe(small_config()), examine_module._SCREEN)
        assert (len(drawing.high), len(drawing.high[0])) == (256, 128)
        assert drawing.high[0][127] == 1
        assert drawing.high[0][126] == 0

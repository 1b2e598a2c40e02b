"""What an examination reports is what the network does."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.inference.examine import examine, predict_stepwise
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel
from tests.samples import small_config


def untrained(config: RunConfig) -> TrainedModel:
    torch.manual_seed(0)
    spec = describe(config)
    return TrainedModel(SequenceClassifier.from_config(config, spec), config, spec)


def test_the_parts_of_a_report_agree_with_one_another(tmp_path: Path) -> None:
    report = examine(untrained(small_config()), tmp_path)
    right = sum(row[number] for number, row in enumerate(report.confusion))
    assert sum(map(sum, report.confusion)) == sum(score.support for score in report.scores) == 360
    assert len(report.mistakes) == min(200, 360 - right)
    confidences = [mistake.probability for mistake in report.mistakes]
    assert confidences == sorted(confidences, reverse=True)
    assert all(mistake.actual != mistake.predicted for mistake in report.mistakes)


def test_a_report_describes_the_data_as_the_model_does(tmp_path: Path) -> None:
    """Not as this version of the program would."""
    model = untrained(small_config())
    classes = tuple(f"class {number}" for number in range(10))
    spec = replace(model.spec, title="Ziffern", classes=classes)
    report = examine(TrainedModel(model.network, model.config, spec), tmp_path)
    assert report.spec == spec
    assert tuple(score.name for score in report.scores) == classes


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

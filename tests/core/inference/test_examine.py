"""What inspection says is what the network does."""

from pathlib import Path

import pytest
import torch

from bilstm_core.config.schema import RunConfig
from bilstm_core.inference.examine import examine, read
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel
from tests.samples import small_config

CLASSES = tuple("0123456789")


def untrained(config: RunConfig) -> TrainedModel:
    torch.manual_seed(0)
    return TrainedModel(SequenceClassifier.from_config(config).eval(), config, CLASSES)


def test_findings_agree_with_one_another(tmp_path: Path) -> None:
    found = examine(untrained(small_config()), tmp_path)
    right = sum(row[number] for number, row in enumerate(found.confusion))
    assert sum(map(sum, found.confusion)) == sum(score.support for score in found.scores) == 360
    assert len(found.mistakes) == min(200, 360 - right)
    sureness = [mistake.probability for mistake in found.mistakes]
    assert sureness == sorted(sureness, reverse=True)
    assert all(mistake.truth != mistake.guess for mistake in found.mistakes)


@pytest.mark.parametrize("readout", ["all", "last", "final", "mean", "max"])
@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_a_direction_alone_is_the_network_without_the_other(
    readout: str, merge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the other direction's states at zero, the network says the same of the whole image."""
    # or the layer, and the hook below with it, would not be called for `last`
    monkeypatch.setattr(SequenceClassifier, "_reads_one_backward_step", lambda *_: False)
    model = untrained(small_config(readout=readout, merge=merge, num_layers=2))
    rows = torch.rand(8, 8)
    reading = read(model, rows)
    assert len(reading.forward) == len(reading.backward) == 8
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
    torch.testing.assert_close(torch.tensor(reading.forward[-1]), alone)


def test_one_direction_ends_where_the_whole_network_does() -> None:
    for readout in ("all", "last", "final", "mean", "max"):
        model = untrained(small_config(bidirectional=False, readout=readout))
        reading = read(model, torch.rand(8, 8))
        assert reading.backward == []
        assert reading.forward[-1] == pytest.approx(reading.probabilities, rel=1e-4)

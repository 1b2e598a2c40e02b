"""Images need not be square: those here have 6 rows of 11 columns."""

from pathlib import Path

import pytest
import torch

from bilstm_core import events
from bilstm_core.data.batches import training_batches
from bilstm_core.data.dataset import Dataset
from bilstm_core.runs.store import create_run
from bilstm_core.training.checkpoints import Checkpoints
from tests.conftest import Recorder
from tests.core.made_up import HEIGHT, SPEC, WIDTH, bars_config, make_bars
from tests.core.trainers import make_trainer


@pytest.fixture(scope="module")
def bars() -> Dataset:
    return make_bars()


@pytest.mark.parametrize("augment", ["none", "shift", "affine"])
def test_they_are_trained_on_and_evaluated(augment: str, bars: Dataset) -> None:
    config = bars_config(augment=augment, validation_fraction=0.2)
    recorder = Recorder()
    data = bars.hold_out(config.validation_fraction, config.seed)
    result = make_trainer(config, data, recorder).run()
    assert result.ended == "finished"
    assert result.accuracy["test"] > 0.7
    assert {split: e.total for split, e in result.evaluations.items()} == {
        "train": 192,
        "validation": 48,
        "test": 60,
    }
    (started,) = recorder.of(events.RunStarted)
    assert (started.data.height, started.data.width) == (HEIGHT, WIDTH)
    assert started.model.layers[0].output_shape == (HEIGHT, WIDTH)
    assert result.model
    assert started.model.parameters == sum(w.numel() for w in result.model.network.parameters())


@pytest.mark.parametrize("augment", ["none", "shift", "affine"])
def test_batches_keep_their_shape(augment: str, bars: Dataset) -> None:
    batches = list(training_batches(bars, bars_config(augment=augment), epoch=1))
    assert {batch.inputs.shape[1:] for batch in batches} == {(HEIGHT, WIDTH)}
    assert sum(map(len, batches)) == SPEC.train_size


def test_a_batch_is_shifted_by_whole_pixels(bars: Dataset) -> None:
    """Between two pixels, the values would be mixed."""
    for batch in training_batches(bars, bars_config(augment="shift"), epoch=1):
        stored = batch.inputs * SPEC.normalisation.divisor
        torch.testing.assert_close(stored, stored.round(), atol=0.02, rtol=0)


@pytest.mark.parametrize("augment", ["none", "shift", "affine"])
def test_a_run_resumes_from_a_checkpoint(augment: str, bars: Dataset, tmp_path: Path) -> None:
    """In the middle of an epoch, to the weights of a run that was not interrupted."""
    config = bars_config(augment=augment, dropout=0.2, readout="all")
    whole = make_trainer(config, bars).run()
    run, lock = create_run(tmp_path, config)
    answers = iter([False] * 40)
    stopped = make_trainer(
        config,
        bars,
        checkpoints=Checkpoints(run, run.open_folder(), 0.0),
        should_stop=lambda: next(answers, True),
    ).run()
    assert stopped.ended == "stopped"
    checkpoint, warnings = Checkpoints(run, run.open_folder(), 0.0).load()
    lock.release()
    assert warnings == []
    assert checkpoint
    assert checkpoint.batch, "in the middle of an epoch"
    assert checkpoint.data == bars.spec
    recorder = Recorder()
    resumed = make_trainer(config, bars, recorder)
    resumed.restore(checkpoint)
    result = resumed.run()
    assert not recorder.of(events.RunWarning)
    assert whole.model
    assert result.model
    assert result.accuracy == whole.accuracy
    for name, weights in whole.model.network.state_dict().items():
        assert torch.equal(weights, result.model.network.state_dict()[name])

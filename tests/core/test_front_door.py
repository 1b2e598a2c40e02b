"""The names that a user of the library imports."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bilstm_core
from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources import registry
from bilstm_core.stopping import Stop
from tests.conftest import Recorder
from tests.samples import small_config

_TRAIN = "train(resolve({'dataset': 'digits', 'hidden_size': 2, 'num_epochs': 1}))"


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after some lines."""
    lines = f"{code}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_library_loads_little() -> None:
    assert not loaded_by("import bilstm_core") & {"torch", "numpy", "pydantic"}
    light = "from bilstm_core import Run, RunConfig, events, find_run, resolve"
    assert "torch" not in loaded_by(light)
    training = loaded_by(f"{light}, train; {_TRAIN}")
    assert "torch" in training
    assert "torch._dynamo" not in training, "seconds, for a compiler that nothing uses"


def test_every_name_is_there() -> None:
    assert set(bilstm_core.__all__) == {
        *("Run", "RunConfig", "events", "find_run", "load", "predict", "resolve", "train"),
    }
    for name in bilstm_core.__all__:
        assert getattr(bilstm_core, name).__doc__
    assert set(bilstm_core.__all__) < set(dir(bilstm_core))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        bilstm_core.trian  # pyright: ignore # noqa: B018


class TestTrainingResult:
    def test_of_a_run_that_finished(self, tmp_path: Path) -> None:
        recorder = Recorder()
        config = bilstm_core.resolve(
            {"dataset": "digits", "hidden_size": 32, "num_epochs": 6, "validation_fraction": 0.1}
        )
        result = bilstm_core.train(config, recorder)
        assert result.ended == "finished"
        final = {event.split: event for event in recorder.of(events.Evaluation) if event.final}
        assert result.evaluations == final
        assert list(result.accuracy) == ["train", "validation", "test"]
        assert result.accuracy["test"] == final["test"].correct / 360 > 0.5

        assert result.model
        result.model.save(tmp_path / "digits.safetensors")
        model = bilstm_core.load(tmp_path / "digits.safetensors")
        test = registry.load(RunConfig(dataset="digits"), tmp_path).test
        predictions = bilstm_core.predict(model, test.values.numpy())
        correct = sum(
            prediction.best == str(label)
            for prediction, label in zip(predictions, test.labels.tolist(), strict=True)
        )
        assert correct == pytest.approx(final["test"].correct, abs=1)  # batches round otherwise

    def test_of_a_run_that_stopped_early(self) -> None:
        recorder = Recorder()
        result = bilstm_core.train(
            small_config(validation_fraction=0.3, patience=1, num_epochs=60, learning_rate=0.1),
            recorder,
        )
        assert result.ended == "stopped_early"
        assert recorder.of(events.StoppedEarly)
        (kept,) = {evaluation.epoch for evaluation in result.evaluations.values()}
        assert kept == recorder.of(events.Finished)[0].kept_epoch
        assert result.model
        assert set(result.accuracy) == {"train", "validation", "test"}

    @pytest.mark.parametrize("stop", [Stop.AT_ONCE, True])
    def test_of_a_run_that_was_stopped_at_once(self, stop: Stop | bool) -> None:
        recorder = Recorder()
        answers = iter([False] * 30)
        result = bilstm_core.train(small_config(), recorder, lambda: next(answers, stop))
        assert (result.ended, result.evaluations, result.accuracy) == ("stopped", {}, {})
        assert result.model, "as it was after 29 steps"
        assert recorder.of(events.Stopped)[0].step == 29
        (prediction,) = bilstm_core.predict(result.model, np.zeros((8, 8)))
        assert prediction.best in set("0123456789")

    def test_of_a_run_that_was_stopped_and_evaluated(self) -> None:
        recorder = Recorder()
        answers = iter([False] * 30)
        result = bilstm_core.train(small_config(), recorder, lambda: next(answers, Stop.EVALUATED))
        assert result.ended == "stopped"
        assert set(result.accuracy) == {"train", "test"}
        assert {evaluation.step for evaluation in result.evaluations.values()} == {29}
        assert result.model
        assert recorder.all[-1].type == "stopped"

    def test_of_a_run_that_was_stopped_while_it_was_evaluated(self) -> None:
        recorder = Recorder()

        def should_stop() -> bool:
            started = recorder.of(events.EvaluationStarted)
            return any(event.split == "test" for event in started)

        result = bilstm_core.train(small_config(validation_fraction=0.1), recorder, should_stop)
        assert result.ended == "stopped"
        assert set(result.accuracy) == {"train", "validation"}
        assert result.model

    def test_the_model_does_not_depend_on_who_listens(self) -> None:
        """Nobody: `emit` and everything after it may be left out."""
        result = bilstm_core.train(small_config(num_epochs=1))
        recorder = Recorder()
        again = bilstm_core.train(small_config(num_epochs=1), recorder)
        assert result.accuracy == again.accuracy
        assert recorder.all

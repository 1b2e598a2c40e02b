"""Series of different lengths, from the data to the finished run and back."""

from pathlib import Path
from typing import Any

import pytest
import torch

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources import registry
from bilstm_core.errors import ConfigError
from bilstm_core.inference.examine import examine
from bilstm_core.network.weights import load
from bilstm_core.processes import session
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.sessions import StopAfter, assert_equal, resume, start


def vowels(**settings: Any) -> RunConfig:
    small = {"dataset": "japanese-vowels", "hidden_size": 8, "num_epochs": 2, "batch_size": 16}
    return resolve({"device": "cpu", "precision": "float32", "threads": 1, **small, **settings})


@pytest.fixture(scope="module")
def data() -> Dataset:
    return registry.load(RunConfig(dataset="japanese-vowels"), Path("unused"))


class TestRuns:
    @pytest.mark.parametrize("stop", [1, 9, 20, 30])
    def test_a_run_resumes_exactly_in_the_middle_of_an_epoch(
        self, stop: int, tmp_path: Path
    ) -> None:
        config = vowels(validation_fraction=0.2, dropout=0.3, ema_decay=0.9)
        run = start(tmp_path / "b", config, StopAfter(stop))
        assert resume(run) == 0
        assert_equal(start(tmp_path / "a", config), run)

    def test_it_learns_and_is_examined(self, tmp_path: Path, recorder: Recorder) -> None:
        run = start(tmp_path, vowels(hidden_size=32, num_epochs=12, learning_rate=0.01))
        model = load(run.model_file)
        assert model.spec.normalisation.means
        report = examine(model, Path("unused"))
        correct = sum(score.correct for score in report.scores)
        assert correct > 0.9 * 370
        assert len(report.mistakes) == 370 - correct
        train(vowels(num_epochs=1), recorder)
        (started,) = recorder.of(events.RunStarted)
        assert (started.data.shortest, started.data.longest) == (7, 29)


class TestNormalisation:
    @pytest.mark.parametrize("how", ["auto", "standard", "sequence", "none"])
    def test_other_test_data_change_no_weight(
        self, how: str, data: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def weights() -> dict[str, torch.Tensor]:
            result = train(vowels(num_epochs=1, normalize=how))
            assert result.model
            return result.model.network.state_dict()

        before = weights()
        other = Dataset.from_splits(data.spec, data.train, data.test[torch.arange(9)])
        other.test.values.mul_(1000)
        monkeypatch.setattr(registry, "load", lambda *_: other)
        after = weights()
        assert all(after[name].equal(weight) for name, weight in before.items())

    def test_validation_sequences_are_no_part_of_it(self, data: Dataset) -> None:
        held = data.hold_out(0.5, seed=0)
        means = held.normalised("standard").spec.normalisation.means
        expected = held.train.values.double().mean(0).tolist()
        assert means == pytest.approx(expected)
        assert means != pytest.approx(data.normalised("standard").spec.normalisation.means)

    def test_images_are_as_they_were(self) -> None:
        digits = registry.load(RunConfig(dataset="digits"), Path("unused"))
        assert digits.normalised("auto") is digits


class TestRefusals:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"readout": "all"}, "equal length, and those of Japanese Vowels have 7 to 29 steps"),
            ({"augment": "affine"}, "changes images, and Japanese Vowels has none"),
        ],
    )
    def test_settings_that_the_data_rule_out(
        self, settings: dict[str, Any], words: str, tmp_path: Path
    ) -> None:
        with pytest.raises(ConfigError, match=words) as caught:
            session.start_run(vowels(**settings), tmp_path)
        assert caught.value.remedies[0].settings
        assert list(tmp_path.iterdir()) == []

"""The loop on real small data: the same numbers each time, and every switch doing its work."""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import Batch, in_order, training_batches
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources import registry
from bilstm_core.data.sources.download import OnProgress
from bilstm_core.errors import ConfigError, NonFiniteLossError
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.stopping import RunStopped
from bilstm_core.training import trainer
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.core.hardware import needs_bfloat16
from tests.core.trainers import make_trainer
from tests.samples import EVERYTHING, small_config
from tests.sessions import recorded


class TestRepeatability:
    @pytest.mark.usefixtures("two_threads")
    @pytest.mark.parametrize(
        "settings",
        [
            {"lanes": 1},
            {"lanes": 2},
            {"lanes": 2, **EVERYTHING},
            pytest.param({"lanes": 2, "precision": "bfloat16"}, marks=needs_bfloat16),
        ],
    )
    def test_the_same_seed_gives_the_same_losses_bit_for_bit(
        self, settings: dict[str, Any]
    ) -> None:
        first, second = recorded(small_config(**settings)), recorded(small_config(**settings))
        assert len(first.losses) == first.of(events.RunStarted)[0].total_steps
        assert first.losses == second.losses
        assert [event.loss for event in first.of(events.Evaluation)] == [
            event.loss for event in second.of(events.Evaluation)
        ]

    def test_another_seed_gives_others(self) -> None:
        assert recorded(small_config(seed=0)).losses != recorded(small_config(seed=1)).losses

    @pytest.mark.parametrize("name", ["augment", "dropout", "label_smoothing", "clip_norm"])
    def test_each_switch_changes_the_losses(self, name: str) -> None:
        value = 0.01 if name == "clip_norm" else EVERYTHING[name]
        assert recorded(small_config()).losses != recorded(small_config(**{name: value})).losses

    @pytest.mark.filterwarnings("error")
    def test_deterministic_runs_and_leaves_no_trace(self) -> None:
        assert recorded(small_config(deterministic=True)).losses == recorded(small_config()).losses
        assert not torch.are_deterministic_algorithms_enabled()


class TestLoop:
    def test_it_is_the_notebook_s_loop(self, digits: Dataset) -> None:
        """Model, loss and updates against a loop of PyTorch's plainest parts."""
        config = small_config(schedule="constant", learning_rate=0.01, num_epochs=1)
        recorder = Recorder()
        ours = make_trainer(config, digits, recorder)
        torch.manual_seed(config.seed)
        model = SequenceClassifier.from_config(config, digits.spec)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=False, foreach=False)
        losses = []
        for batch in training_batches(digits, config, epoch=1):
            loss = nn.CrossEntropyLoss()(model(batch.inputs), batch.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        ours.train_epoch()
        assert recorder.losses == pytest.approx(losses, rel=1e-3)

    def test_every_image_is_met_once_an_epoch_in_a_new_order(self, digits: Dataset) -> None:
        def images(batches: Iterable[Batch]) -> list[tuple[float, ...]]:
            inputs = torch.cat([batch.inputs for batch in batches])
            return [tuple(image) for image in inputs.flatten(1).tolist()]

        epochs = [images(training_batches(digits, small_config(), epoch)) for epoch in (1, 2)]
        everything = images(in_order(digits.train, digits.spec, 64))
        assert Counter(epochs[0]) == Counter(epochs[1]) == Counter(everything)
        assert epochs[0] != epochs[1] != everything

    def test_the_last_batch_may_be_smaller(self, digits: Dataset) -> None:
        sizes = [len(batch) for batch in training_batches(digits, small_config(), epoch=1)]
        assert sizes == [64] * 22 + [1437 - 22 * 64]

    def test_a_batch_may_hold_everything(self) -> None:
        recorder = recorded(small_config(batch_size=65_536, num_epochs=1))
        assert recorder.of(events.RunStarted)[0].steps_per_epoch == 1
        assert len(recorder.losses) == 1

    @pytest.mark.parametrize(
        ("optimizer", "cell"),
        [("adam", "lstm"), ("adamw", "lstm"), ("sgd", "lstm"), ("adam", "gru"), ("adam", "rnn")],
    )
    def test_it_learns(self, optimizer: str, cell: str) -> None:
        config = small_config(
            optimizer=optimizer,
            cell=cell,
            learning_rate=0.2 if optimizer == "sgd" else 0.01,
            clip_norm=1.0,
            num_epochs=8,
        )
        final = [event for event in recorded(config).of(events.Evaluation) if event.final]
        assert [event.split for event in final] == ["train", "test"]
        assert final[1].accuracy > 0.8

    def test_weight_decay_pulls_the_weights_in(self) -> None:
        def size(**settings: Any) -> float:
            model = train(small_config(num_epochs=4, **settings)).model
            assert model is not None
            return sum(weight.square().sum().item() for weight in model.network.parameters())

        assert size(optimizer="adamw", weight_decay=1.0) < size(optimizer="adamw")

    def test_clipping_bounds_the_gradient(self, digits: Dataset) -> None:
        loop = make_trainer(small_config(clip_norm=0.001, num_epochs=1), digits)
        loop.train_epoch()
        gradients = [weight.grad for weight in loop.model.parameters() if weight.grad is not None]
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        assert norm == pytest.approx(0.001, rel=1e-3)

    def test_averaged_weights_are_the_average(self, digits: Dataset) -> None:
        loop = make_trainer(small_config(ema_decay=0.5, num_epochs=1), digits)
        expected: torch.Tensor | None = None
        for batch in itertools.islice(training_batches(digits, loop.config, epoch=1), 5):
            loop.take_step(batch)
            now = loop.model.classifier.weight.detach().clone()
            expected = now if expected is None else 0.5 * expected + 0.5 * now
        assert expected is not None
        assert torch.allclose(loop.evaluated_model.classifier.weight, expected, atol=1e-6)
        assert not torch.allclose(loop.model.classifier.weight, expected, atol=1e-6)


class TestSchedules:
    @pytest.fixture(autouse=True)
    def _data(self, digits: Dataset) -> None:
        self.digits = digits

    def rates(self, schedule: str) -> list[float]:
        config = small_config(
            schedule=schedule, learning_rate=0.01, batch_size=1437, num_epochs=20, hidden_size=2
        )
        recorder = Recorder()
        loop = make_trainer(config, self.digits, recorder)
        for _ in range(20):
            loop.train_epoch()
            loop._end_epoch()
        return [event.learning_rate for event in recorder.of(events.Progress)]

    def test_constant(self) -> None:
        assert self.rates("constant") == pytest.approx([0.01] * 20)

    def test_cosine(self) -> None:
        expected = [0.005 * (1 + math.cos(math.pi * step / 20)) for step in range(20)]
        assert self.rates("cosine") == pytest.approx(expected)

    def test_one_cycle(self) -> None:
        rates = self.rates("one-cycle")
        peak = rates.index(max(rates))
        assert peak == 6  # 30 % of the run, as in PyTorch's OneCycleLR
        assert rates[peak] == pytest.approx(0.01, rel=0.01)
        assert rates[0] == pytest.approx(0.01 / 25)
        assert rates[:peak] == sorted(rates[:peak])
        assert rates[peak:] == sorted(rates[peak:], reverse=True)
        assert rates[-1] < 0.0005


class TestEvents:
    def test_a_run_tells_its_story_in_order(self) -> None:
        recorder = recorded(small_config())
        story = [event.type for event in recorder.all if event.type != "progress"]
        assert story[:3] == ["run_started", "examples", "predictions"]
        assert [event for event in story if event != "predictions"] == [
            "run_started",
            "examples",
            *["epoch_ended", "evaluation"] * 2,
            *["evaluation_started", "evaluation"] * 2,
            "finished",
        ]
        steps = [event.step for event in recorder.of(events.Progress)]
        assert steps == sorted(steps)
        assert steps[-1] == 46


class TestData:
    """What happens to the data before the first step is reported, too."""

    def test_a_download_and_a_damaged_file(
        self, digits: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def load(
            config: RunConfig,
            _: Path,
            progress: OnProgress,
            warn: Callable[[str], None],
            _stop: Any,
        ) -> Dataset:
            assert config.dataset == "digits"
            progress("images.gz", 5, 10)
            warn("labels.gz is damaged.")
            return digits

        monkeypatch.setattr(registry, "load", load)
        recorder = recorded(small_config(num_epochs=1))
        first, second, third = recorder.all[:3]
        assert first == events.Download(
            time=first.time,
            dataset="digits",
            title="digits",
            file="images.gz",
            received=5,
            total=10,
        )
        assert second == events.RunWarning(time=second.time, message="labels.gz is damaged.")
        assert third.type == "run_started"

    def test_a_stop_during_a_download(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(*arguments: Any) -> Dataset:
            should_stop = arguments[-1]
            assert should_stop()
            raise RunStopped

        monkeypatch.setattr(registry, "load", load)
        recorder = Recorder()
        result = train(small_config(), recorder, lambda: True)
        (stopped,) = recorder.all
        assert stopped == events.Stopped(time=stopped.time, epoch=0, step=0)
        assert (result.model, result.evaluations, result.ended) == (None, {}, "stopped")


class TestValidation:
    def test_progress_is_watched_on_validation_data_and_test_data_kept_for_the_end(self) -> None:
        recorder = recorded(small_config(validation_fraction=0.2))
        watched = [event.split for event in recorder.of(events.Evaluation) if not event.final]
        final = [event.split for event in recorder.of(events.Evaluation) if event.final]
        assert watched == ["validation", "validation"]
        assert final == ["train", "validation", "test"]
        assert recorder.of(events.Evaluation)[-3].total == 1437 - 287

    def test_early_stopping_keeps_the_best_epoch(self) -> None:
        config = small_config(
            validation_fraction=0.3,
            patience=2,
            num_epochs=60,
            learning_rate=0.1,
            schedule="constant",
        )
        recorder = recorded(config)
        watched = [event.loss for event in recorder.of(events.Evaluation) if not event.final]
        (finished,) = recorder.of(events.Finished)
        best = watched.index(min(watched)) + 1
        assert finished.kept_epoch == best
        assert finished.epoch == best + 2 < 60
        (early,) = recorder.of(events.StoppedEarly)
        assert (early.epoch, early.step) == (finished.epoch, finished.step)
        assert early.kept_epoch == best
        (kept,) = [e for e in recorder.of(events.Evaluation) if e.final and e.split == "validation"]
        assert kept.loss == pytest.approx(min(watched), rel=1e-6)
        assert kept.epoch == best


class TestEndings:
    def test_training_time_is_batches_and_steps_without_pauses(
        self, digits: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On a GPU whatever waits for it waits while the next batch is made."""
        now = 0.0

        def slow_batches(*arguments: Any, **options: Any) -> Iterator[Batch]:
            nonlocal now
            for batch in training_batches(*arguments, **options):
                now += 1
                yield batch

        def pause() -> bool:
            nonlocal now
            now += 100
            return False

        recorder = Recorder()
        loop = make_trainer(small_config(num_epochs=1), digits, recorder, should_stop=pause)
        monkeypatch.setattr(trainer, "training_batches", slow_batches)
        monkeypatch.setattr(trainer, "time", SimpleNamespace(perf_counter=lambda: now))
        loop.train_epoch()
        (ended,) = recorder.of(events.EpochEnded)
        assert ended.seconds == loop.elapsed.training == loop.steps_per_epoch

    def test_a_stop_is_noticed_at_the_next_step(self) -> None:
        recorder = Recorder()
        asked = iter([False] * 30)
        result = train(small_config(), recorder, lambda: next(asked, True))
        assert result.ended == "stopped"
        assert result.evaluations == {}
        assert recorder.all[-1] == events.Stopped(time=recorder.all[-1].time, epoch=2, step=29)
        assert len(recorder.losses) == 29, "what was trained is reported"

    def test_a_stop_during_the_final_check(self) -> None:
        recorder = Recorder()
        train(small_config(), recorder, lambda: bool(recorder.of(events.EvaluationStarted)))
        assert recorder.all[-1].type == "stopped"
        assert not [event for event in recorder.of(events.Evaluation) if event.final]

    def test_a_loss_that_is_not_finite_ends_the_run(self, digits: Dataset) -> None:
        recorder = Recorder()
        loop = make_trainer(small_config(), digits, recorder)
        loop.train_epoch()
        loop._end_epoch()
        with torch.no_grad():
            loop.model.classifier.bias[3] = math.inf
        with pytest.raises(NonFiniteLossError, match=r"at step 24 \(epoch 2, ") as caught:
            loop.train_epoch()
        assert caught.value.exit_code == 1
        assert "learning_rate" in caught.value.advice
        assert None in recorder.losses or any(math.isnan(loss or 0) for loss in recorder.losses)

    def test_a_run_that_diverges_by_itself(self) -> None:
        worse = {"cell": "rnn", "optimizer": "sgd", "learning_rate": 10, "weight_decay": 1}
        recorder = Recorder()
        with pytest.raises(NonFiniteLossError):
            train(small_config(hidden_size=4, num_epochs=200, **worse), recorder)
        (failed,) = recorder.of(events.Failed)
        assert recorder.all[-1] is failed
        assert failed.exit_code == 1
        assert failed.title == "Training diverged"

    def test_a_device_that_is_not_there_begins_no_run(self) -> None:
        recorder = Recorder()
        with pytest.raises(ConfigError, match="device = cuda:99 is not available here"):
            train(small_config(device="cuda:99"), recorder)
        assert recorder.all == []


class TestPrecision:
    @needs_bfloat16
    def test_bfloat16_computes_in_bfloat16_and_keeps_weights_in_float32(
        self, digits: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        forward = SequenceClassifier.forward

        def watching(
            model: SequenceClassifier,
            rows: torch.Tensor,
            lengths: torch.Tensor | None,
            **others: Any,
        ) -> torch.Tensor:
            scores = forward(model, rows, lengths, **others)
            seen.append(scores.dtype)
            return scores

        monkeypatch.setattr(SequenceClassifier, "forward", watching)
        loop = make_trainer(small_config(precision="bfloat16", num_epochs=1), digits)
        loop.train_epoch()
        assert set(seen) == {torch.bfloat16}
        assert {weight.dtype for weight in loop.model.parameters()} == {torch.float32}

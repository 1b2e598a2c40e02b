"""What events add up to: once each, in a fixed amount of memory."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bilstm_core import events
from bilstm_core.runs import history
from bilstm_core.runs.history import Curve, History
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.samples import run_started, small_config


def progress(step: int, *losses: float) -> events.Progress:
    return events.Progress(
        time=float(step),
        epoch=1,
        step=step,
        losses=list(losses),
        learning_rate=0.1,
        samples_per_second=1.0,
    )


@pytest.fixture
def reported() -> list[events.Event]:
    recorder = Recorder()
    train(small_config(num_epochs=3), recorder)
    return recorder.all


def means(past: History) -> list[float]:
    return list(past.losses.points()[3])


class TestCurve:
    def test_each_step_has_its_value(self) -> None:
        curve = Curve()
        curve.extend(1, [3.0, 1.0])
        curve.extend(3, [2.0])
        steps, low, high, mean = curve.points()
        assert list(steps) == [1, 2, 3]
        assert list(low) == list(high) == list(mean) == [3.0, 1.0, 2.0]

    def test_no_spike_is_lost_however_long_the_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "_MAX_BINS", 64)
        curve = Curve()
        values: list[float | None] = [1.0] * 10_000
        values[4321], values[777], values[9000] = 99.0, -5.0, None
        for start in range(0, 10_000, 500):
            curve.extend(start + 1, values[start : start + 500])
        steps, low, high, mean = curve.points()
        assert len(steps) <= 64
        assert high.max() == 99
        assert low.min() == -5
        (spike,) = steps[high == 99]
        assert spike <= 4322 < spike + curve.bin_size
        assert np.average(mean) == pytest.approx(1, abs=0.05)
        (bad,) = curve.non_finite_steps()
        assert bad <= 9001 < bad + curve.bin_size
        assert len(curve) == 10_000

    def test_cutting(self) -> None:
        curve = Curve()
        curve.extend(1, [1.0, 2.0, math.nan, 4.0])
        curve.discard_after(2)
        assert list(curve.points()[0]) == [1, 2]
        assert len(curve.non_finite_steps()) == 0


class TestHistory:
    def test_a_run(self, reported: list[events.Event]) -> None:
        past = History()
        for event in reported:
            past.add(event)
        assert len(past.losses) == past.step == 69
        assert sorted(past.epochs) == sorted(past.epoch_evaluations) == [1, 2, 3]
        assert set(past.final) == {"train", "test"}
        assert isinstance(past.ending, events.Finished)

    def test_what_was_trained_twice_appears_once(self, reported: list[events.Event]) -> None:
        whole, resumed = History(), History()
        for event in reported:
            whole.add(event)
        (start,) = [event for event in reported if isinstance(event, events.RunStarted)]
        cut = next(i for i, e in enumerate(reported) if e.type == "epoch_ended" and e.epoch == 2)  # pyright: ignore[reportAttributeAccessIssue]
        again = events.RunStarted(**{**vars(start), "epoch": 2, "step": 23})
        first_epoch = next(i for i, e in enumerate(reported) if e.type == "evaluation")
        for event in [*reported[: cut + 1], again, *reported[first_epoch + 1 :]]:
            resumed.add(event)
        assert means(resumed) == means(whole)
        assert resumed.epochs.keys() == whole.epochs.keys()
        assert [e.type for e in resumed.as_events()] == [e.type for e in whole.as_events()]

    def test_figures_of_reports_are_kept_and_cut(self) -> None:
        past = History()
        for step in (1, 3, 5):
            past.add(replace(progress(step, *[0.1] * (2 if step > 1 else 1)), gradient_norm=step))
        past.add(progress(6, 0.1))  # an older log
        steps, *_, mean = past.gradient_norms.points()
        assert (list(steps), list(mean)) == ([1, 3, 5], [1, 3, 5])
        assert list(past.learning_rates.points()[0]) == [1, 3, 5, 6]
        past.add(replace(run_started(small_config()), step=3))
        assert list(past.gradient_norms.points()[0]) == [1, 3]

    def test_figures_of_a_long_run_keep_their_extremes(self) -> None:
        past = History()
        for step in range(1, 20_001):
            norm = 99.0 if step == 7777 else 1.0
            past.add(replace(progress(step, 0.1), gradient_norm=norm))
        steps, _, high, mean = past.gradient_norms.points()
        assert len(steps) <= 4096
        assert high.max() == 99
        assert mean.min() == 1

    def test_only_the_latest_counts_and_predictions_are_kept(
        self, reported: list[events.Event]
    ) -> None:
        past = History()
        for event in reported:
            past.add(event)
        assert [it.epoch for it in past.by_class] == [2, 3]
        assert all(it.class_correct for it in past.by_class)
        assert not any(it.class_correct for it in past.epoch_evaluations.values())
        assert past.predictions
        assert past.predictions.step == 69
        (start,) = [event for event in reported if isinstance(event, events.RunStarted)]
        past.add(replace(start, epoch=2, step=23))
        assert [it.epoch for it in past.by_class] == []
        assert past.predictions is None
        assert past.examples

    def test_a_start_that_cannot_be_read_does_not_double_the_curve(self) -> None:
        past = History()
        for event in (progress(3, 1.0, 2.0, 3.0), progress(3, 7.0, 8.0), progress(4, 9.0)):
            past.add(event)
        assert means(past) == [1.0, 7.0, 8.0, 9.0]

    @pytest.mark.parametrize("kind", [events.Finished, events.Stopped])
    def test_resuming_removes_the_ending(self, kind: Any, reported: list[events.Event]) -> None:
        past = History()
        for event in reported:
            past.add(event)
        past.add(events.RunStarted(**{**vars(reported[0]), "step": 69, "epoch": 4}))
        assert past.ending is None
        assert past.final == {}
        assert len(past.losses) == 69

    def test_of_very_many_epochs_the_latest_are_remembered_and_a_part_of_the_rest(self) -> None:
        past, many = History(), 20_000
        scores: dict[str, Any] = {"loss": 1.0, "correct": 1, "total": 2, "accuracy": 0.5}
        for epoch in range(1, many + 1):
            at = {**scores, "epoch": epoch, "step": epoch}
            past.add(events.EpochEnded(**at, seconds=1.0))
            past.add(events.Evaluation(**at, split="test", final=False))
        kept = sorted(past.epochs)
        assert len(kept) <= history._MAX_EPOCHS
        assert kept == sorted(past.epoch_evaluations)
        assert kept[0] == 1
        assert kept[-history.LATEST_EPOCHS :] == list(range(many - 255, many + 1))
        assert max(later - earlier for earlier, later in pairwise(kept)) < many / 1000


class TestAsEvents:
    """The end of a run is reported from its history as it was reported live."""

    EARLY = events.StoppedEarly(epoch=1, step=3, kept_epoch=1)
    STOPPING = events.Stopping(epoch=1, step=3)
    CHECK = events.EvaluationStarted(split="train", epoch=1, step=3, total=9)
    RESULT = events.Evaluation(
        split="train", final=True, epoch=1, step=3, loss=0.1, correct=8, total=9, accuracy=8 / 9
    )
    STOPPED = events.Stopped(epoch=1, step=3)

    @staticmethod
    def kinds(*later: events.Event) -> list[str]:
        past = History()
        for event in (progress(3, 0.3, 0.2, 0.1), *later):
            past.add(event)
        return [event.type for event in past.as_events()]

    def test_a_run_that_was_stopped_and_checked(self) -> None:
        reported = [self.STOPPING, self.CHECK, self.RESULT, self.STOPPED]
        assert self.kinds(*reported) == [event.type for event in reported]

    def test_a_run_that_stopped_early_and_was_stopped_while_it_was_checked(self) -> None:
        reported = [self.EARLY, self.CHECK, self.STOPPING, self.CHECK, self.RESULT, self.STOPPED]
        assert self.kinds(*reported) == [event.type for event in reported]

    def test_a_run_whose_training_resumes(self) -> None:
        """Also where its start could not be read."""
        assert self.kinds(self.EARLY, self.CHECK, self.STOPPED, progress(4, 0.1)) == []

    def test_a_run_that_is_stopping(self) -> None:
        past, seen = History(), []
        for event in (self.STOPPING, self.CHECK, self.RESULT, self.STOPPED):
            past.add(event)
            seen.append(past.is_stopping)
        assert seen == [True, True, True, False]

    def test_a_run_that_was_stopped_at_once_is_told_so_alone(self) -> None:
        assert self.kinds(self.STOPPED) == ["stopped"]

    def test_a_check_that_is_under_way(self) -> None:
        assert self.kinds(self.CHECK) == ["evaluation_started"]
        assert self.kinds(self.CHECK, self.RESULT) == ["evaluation_started", "evaluation"]

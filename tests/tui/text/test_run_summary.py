"""A run in a few words."""

from typing import Any

import pytest

from bilstm_core import events
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import Status
from bilstm_tui.text.run_summary import (
    accuracies,
    rate_in_words,
    settings_besides_defaults,
    why_it_ended,
)
from tests.samples import moons_config, run_started, small_config

AT: dict[str, Any] = {"epoch": 2, "step": 30}
FINISHED = events.Finished(epoch=2, step=30, kept_epoch=2, seconds=1, training_seconds=1)
PROGRESS = events.Progress(**AT, losses=[1.0], learning_rate=0.1, samples_per_second=1)
FAILED = events.Failed(title="Out of memory", message="There was no room.", advice="", exit_code=1)


def history(*told: events.Event) -> History:
    history = History()
    for event in (run_started(small_config(num_epochs=5)), *told):
        history.add(event)
    return history


@pytest.mark.parametrize(
    ("status", "told", "words"),
    [
        ("running", [], "Training in progress: epoch 1 of 5"),
        ("running", [PROGRESS], "Training in progress: epoch 2 of 5"),
        ("running", [PROGRESS, events.Paused(**AT)], "Paused in epoch 2 of 5"),
        ("finished", [FINISHED], "2 epochs trained"),
        (
            "finished",
            [events.Finished(**AT, kept_epoch=1, seconds=1, training_seconds=1)],
            "2 epochs trained; the weights of epoch 1 were kept",
        ),
        (
            "finished",
            [events.StoppedEarly(**AT, kept_epoch=1), FINISHED],
            "Stopped early after epoch 2: the validation loss did not fall for 1 epoch",
        ),
        ("stopped", [events.Stopped(**AT)], "Stopped in epoch 2 of 5, after step 30 of 115"),
        ("stopped", [events.Stopped(epoch=1, step=0)], "Stopped before the first step"),
        ("failed", [FAILED], "Out of memory: There was no room."),
        ("lost", [PROGRESS], "Its process exited without reporting a result"),
    ],
)
def test_why_a_run_ended(status: Status, told: list[events.Event], words: str) -> None:
    assert why_it_ended(status, history(*told)) == words


def test_a_run_without_events_has_words_too() -> None:
    assert why_it_ended("running", History()) == "Training in progress: starting"
    assert why_it_ended("lost", History()) == "Its process exited without reporting a result"
    assert accuracies(History()) == []


def test_final_accuracies_come_before_those_of_epochs() -> None:
    scores: dict[str, Any] = {"loss": 1, "total": 4, "correct": 2, "accuracy": 0.5, **AT}
    epoch = events.EpochEnded(**scores, seconds=1)
    evaluation = events.Evaluation(**scores, split="validation", final=False)
    so_far = history(epoch, evaluation)
    assert accuracies(so_far) == ["train 50.00 %", "validation 50.00 %"]
    so_far.add(events.Evaluation(**{**scores, "accuracy": 0.75}, split="test", final=True))
    assert accuracies(so_far) == ["test 75.00 %"]


def test_the_settings_that_differ_are_those_beside_the_defaults_for_the_same_data() -> None:
    config = small_config(hidden_size=48, num_epochs=30, device="auto", precision="auto")
    assert settings_besides_defaults(config) == {"hidden_size": (48, 128)}
    assert settings_besides_defaults(moons_config(hidden_size=48))["hidden_size"] == (48, 128)


def test_a_rate_that_was_set_by_hand_follows_the_first() -> None:
    changed = history(events.LearningRateChanged(**AT, learning_rate=0.005))
    assert rate_in_words(0.01, changed) == "0.01 → 0.005"
    assert rate_in_words(0.01, None) == "0.01"

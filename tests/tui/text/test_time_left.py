"""The time that is left of a run."""

import re

import pytest

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_tui.text.time_left import ProgressEstimate
from tests.samples import run_started


def started() -> events.RunStarted:
    return run_started(resolve({"num_epochs": 2}, preset="notebook"))


def test_the_words_beside_the_bar() -> None:
    estimate = ProgressEstimate()
    estimate.add(started())
    estimate.add(
        events.Progress(
            epoch=1, step=938, losses=[0.5, None], learning_rate=0.1, samples_per_second=4321.0
        )
    )
    *words, left, end = estimate.summary()
    assert words == ["epoch 1/2", "938/1,876", "loss 0.5000", "4,321 samples/s"]
    assert left.endswith(" left")
    assert end.startswith("ends ")


class Pace:
    """A run whose words beside the bar are asked for at some steps and seconds."""

    def __init__(self) -> None:
        self.estimate = ProgressEstimate()
        first = started()
        self.started_at = first.time
        self.estimate.add(first)

    def words_at(self, step: int, seconds: float) -> tuple[str, ...]:
        self.estimate.add(
            events.Progress(
                time=self.started_at + seconds,
                epoch=1,
                step=step,
                losses=[1.0],
                learning_rate=1,
                samples_per_second=1,
            )
        )
        return self.estimate.summary()


def test_a_pause_is_left_out_of_the_pace() -> None:
    pace = Pace()
    before = pace.words_at(100, 10)
    pace.estimate.add(events.Resumed(time=pace.started_at + 3610, epoch=1, step=100))
    after = pace.words_at(200, 3620)
    assert "02:58 left" in before  # 1,776 steps, ten a second
    assert "02:48 left" in after


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_machine_that_slept_and_a_clock_set_back_are_left_out_of_the_pace(jump: int) -> None:
    pace = Pace()
    assert "02:58 left" in pace.words_at(100, 10)
    assert "02:48 left" in pace.words_at(200, 20 + jump)
    assert "02:38 left" in pace.words_at(300, 30 + jump)


def test_days_are_told_in_short() -> None:
    *_, left, end = Pace().words_at(1, 60 * 60)
    assert left == "78 d 3 h left"  # 1,875 steps, one an hour
    assert re.fullmatch(r"ends \d\d \w+ \d\d:\d\d", end)

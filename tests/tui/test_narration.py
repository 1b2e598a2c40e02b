"""The lines of a run, and those of the notebook to the letter."""

import re

import pytest

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import SETTINGS
from bilstm_core.network.summary import READOUT_TITLES
from bilstm_tui.text.narration import Narrator, got
from bilstm_tui.text.time_left import Estimate
from tests.samples import run_started


class Told:
    """A narrator and what it said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.tell = Narrator(self.lines.append, self.warnings.append).tell


@pytest.fixture
def told() -> Told:
    return Told()


def started(num_epochs: int = 2, readout: str = "last") -> events.RunStarted:
    config = resolve({"num_epochs": num_epochs, "readout": readout}, preset="notebook")
    return run_started(config)


def epoch_ended(epoch: int) -> events.EpochEnded:
    return events.EpochEnded(
        epoch=epoch,
        step=938 * epoch,
        loss=0.25,
        correct=54_000,
        total=60_000,
        accuracy=0.9,
        seconds=30.0,
    )


def evaluation(
    split: events.Split, correct: int, total: int, *, final: bool, epoch: int = 2
) -> events.Evaluation:
    return events.Evaluation(
        split=split,
        final=final,
        epoch=epoch,
        step=938 * epoch,
        loss=0.1,
        correct=correct,
        total=total,
        accuracy=correct / total,
    )


def test_a_whole_run(told: Told) -> None:
    told.tell(started())
    for epoch in (1, 2):
        told.tell(epoch_ended(epoch))
        told.tell(evaluation("test", 9600, 10_000, final=False, epoch=epoch))
    told.tell(events.EvaluationStarted(split="train", epoch=2, step=1876, total=60_000))
    told.tell(evaluation("train", 58_613, 60_000, final=True))
    told.tell(events.EvaluationStarted(split="test", epoch=2, step=1876, total=10_000))
    told.tell(evaluation("test", 9767, 10_000, final=True))
    told.tell(events.Finished(epoch=2, step=1876, kept_epoch=2, seconds=1, training_seconds=1))
    assert told.lines == [
        "LSTM 2×256, 821,770 parameters",
        "MNIST: 60,000 training and 10,000 test images of 28 rows × 28",
        "cpu (Processor), float32",
        "Using the last hidden state",
        "epoch 1/2  loss 0.2500  train  90.00% test  96.00%  2,000 samples/s  30.0s",
        "epoch 2/2  loss 0.2500  train  90.00% test  96.00%  2,000 samples/s  30.0s",
        "Checking accuracy on training data",
        "got 58613 / 60000 with accuracy 97.69",
        "Checking accuracy on test data",
        "got 9767 / 10000 with accuracy 97.67",
    ]
    assert told.warnings == []


def test_every_readout_has_its_words(told: Told) -> None:
    assert set(READOUT_TITLES) == set(SETTINGS["readout"].choices)
    told.tell(started(readout="all"))
    assert told.lines[-1] == "Using all hidden states"


@pytest.mark.parametrize(
    ("correct", "total", "line"),
    [
        (0, 360, "got 0 / 360 with accuracy 0.00"),
        (360, 360, "got 360 / 360 with accuracy 100.00"),
        (1, 3, "got 1 / 3 with accuracy 33.33"),
    ],
)
def test_the_notebook_s_line(correct: int, total: int, line: str) -> None:
    assert got(evaluation("test", correct, total, final=True)) == line


def test_an_early_stop_is_told_before_the_check(told: Told) -> None:
    told.tell(started(num_epochs=9))
    told.tell(epoch_ended(4))
    told.tell(evaluation("validation", 1, 2, final=False, epoch=4))
    told.tell(events.EvaluationStarted(split="train", epoch=2, step=1876, total=9))
    assert told.lines[-3:] == [
        "Stopped early after epoch 4: validation loss no longer falls",
        "Keeping the weights of epoch 2, the best on validation data",
        "Checking accuracy on training data",
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.Stopped(epoch=0, step=0), "Stopped before the first step"),
        (events.Stopped(epoch=2, step=1000), "Stopped in epoch 2 of 2, after step 1,000 of 1,876"),
    ],
)
def test_a_stop_is_a_diagnostic(told: Told, event: events.Stopped, line: str) -> None:
    told.tell(started())
    told.tell(event)
    assert told.warnings == [line]


def test_a_download_is_one_line_a_file(told: Told) -> None:
    for received in (1, 2, 3):
        told.tell(events.Download(dataset="kmnist", file="a.gz", received=received, total=3))
    assert told.lines == ["Fetching KMNIST: a.gz"]


def test_the_words_beside_the_bar() -> None:
    estimate = Estimate()
    estimate.start(started())
    estimate.take(
        events.Progress(
            epoch=1, step=938, losses=[0.5, None], learning_rate=0.1, samples_per_second=4321.0
        )
    )
    *words, left, end = estimate.words()
    assert words == ["epoch 1/2", "938/1,876", "loss 0.5000", "4,321 samples/s"]
    assert left.endswith(" left")
    assert end.startswith("ends ")


class Pace:
    """A run whose words beside the bar are asked for at some steps and seconds."""

    def __init__(self) -> None:
        self.estimate = Estimate()
        begun = started()
        self.begun = begun.time
        self.estimate.start(begun)

    def words_at(self, step: int, seconds: float) -> tuple[str, ...]:
        self.estimate.take(
            events.Progress(
                time=self.begun + seconds,
                epoch=1,
                step=step,
                losses=[1.0],
                learning_rate=1,
                samples_per_second=1,
            )
        )
        return self.estimate.words()


def test_a_pause_is_left_out_of_the_pace() -> None:
    pace = Pace()
    before = pace.words_at(100, 10)
    pace.estimate.go_on(events.Resumed(time=pace.begun + 3610, epoch=1, step=100))
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


def test_a_pause_is_told(told: Told) -> None:
    told.tell(events.Paused(epoch=1, step=1234))
    told.tell(events.Resumed(epoch=1, step=1234))
    assert told.lines == ["Paused after step 1,234", "Going on after step 1,234"]

"""The lines of a run, and those of the notebook to the letter."""

import dataclasses

import pytest

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.data.spec import Split
from bilstm_core.runs.history import History
from bilstm_tui.text.narration import Narrator, accuracy_line
from tests.samples import run_started


class Output:
    """A narrator and what it said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.narrate = Narrator(self.lines.append, self.warnings.append).narrate


@pytest.fixture
def output() -> Output:
    return Output()


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
    split: Split, correct: int, total: int, *, final: bool, epoch: int = 2
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


def test_a_whole_run(output: Output) -> None:
    output.narrate(started())
    for epoch in (1, 2):
        output.narrate(epoch_ended(epoch))
        output.narrate(evaluation("test", 9600, 10_000, final=False, epoch=epoch))
    output.narrate(events.EvaluationStarted(split="train", epoch=2, step=1876, total=60_000))
    output.narrate(evaluation("train", 58_613, 60_000, final=True))
    output.narrate(events.EvaluationStarted(split="test", epoch=2, step=1876, total=10_000))
    output.narrate(evaluation("test", 9767, 10_000, final=True))
    output.narrate(events.Finished(epoch=2, step=1876, kept_epoch=2, seconds=1, training_seconds=1))
    assert output.lines == [
        "LSTM 2×256, 821,770 parameters",
        "MNIST: 60,000 training and 10,000 test images of 28 rows × 28",
        "cpu (Processor), float32, 2 threads",
        "Using the last hidden state",
        "epoch 1/2  loss 0.2500  train  90.00% test  96.00%  2,000 samples/s  30.0s",
        "epoch 2/2  loss 0.2500  train  90.00% test  96.00%  2,000 samples/s  30.0s",
        "Checking accuracy on training data",
        "got 58613 / 60000 with accuracy 97.69",
        "Checking accuracy on test data",
        "got 9767 / 10000 with accuracy 97.67",
    ]
    assert output.warnings == []


def test_the_readout_is_named(output: Output) -> None:
    output.narrate(started(readout="all"))
    assert output.lines[-1] == "Using all hidden states"


def test_a_readout_that_this_version_does_not_know(output: Output) -> None:
    event = started()
    event.config["readout"] = "attention"
    output.narrate(event)
    assert output.lines[-1] == "Using attention"


@pytest.mark.parametrize(
    ("correct", "total", "line"),
    [
        (0, 360, "got 0 / 360 with accuracy 0.00"),
        (360, 360, "got 360 / 360 with accuracy 100.00"),
        (1, 3, "got 1 / 3 with accuracy 33.33"),
    ],
)
def test_the_notebook_s_line(correct: int, total: int, line: str) -> None:
    assert accuracy_line(evaluation("test", correct, total, final=True)) == line


CHECK = events.EvaluationStarted(split="train", epoch=2, step=1876, total=9)
RESULT = evaluation("train", 1, 2, final=True)
KEEPING = "Keeping the weights of epoch 2, the best on validation data"
CHECKING = ["Checking accuracy on training data", "got 1 / 2 with accuracy 50.00"]
EARLY = events.StoppedEarly(epoch=4, step=3752, kept_epoch=2)
STOPPED_EARLY = "Stopped early after epoch 4: the validation loss did not fall for 2 epochs"
STOPPING = events.Stopping(epoch=4, step=3752)
STOPPED = "Stopping after step 3,752; checking the accuracy so far"

ENDS: dict[str, tuple[int, list[events.Event], list[str]]] = {
    "early": (9, [EARLY, CHECK, RESULT], [STOPPED_EARLY, KEEPING, *CHECKING]),
    "the best epoch was an earlier one": (4, [CHECK, RESULT], [KEEPING, *CHECKING]),
    "stopped by the user": (9, [STOPPING, CHECK, RESULT], [STOPPED, *CHECKING]),
    "stopped by the user after it had stopped early": (
        9,
        [EARLY, CHECK, STOPPING, CHECK, RESULT],
        [STOPPED_EARLY, KEEPING, CHECKING[0], STOPPED, *CHECKING],
    ),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("is_live", [True, False])
def test_the_end_of_a_run_live_and_from_its_history(
    end: str, *, is_live: bool, output: Output
) -> None:
    num_epochs, last, lines = ENDS[end]
    best = evaluation("validation", 1, 2, final=False, epoch=4)
    run = [started(num_epochs), epoch_ended(4), best, *last]
    past = History()
    for event in run:
        past.add(event)
    for event in run if is_live else past.as_events():
        output.narrate(event)
    assert output.lines[5:] == lines


def test_a_run_that_is_resumed_after_its_end_has_an_end_of_its_own(output: Output) -> None:
    again = dataclasses.replace(started(num_epochs=9), epoch=5, step=3752)
    for event in (started(num_epochs=4), epoch_ended(4), CHECK, RESULT, again):
        output.narrate(event)
    output.lines.clear()
    for event in (epoch_ended(6), dataclasses.replace(EARLY, epoch=6, kept_epoch=5), CHECK):
        output.narrate(event)
    assert output.lines == [
        "Stopped early after epoch 6: the validation loss did not fall for 1 epoch",
        KEEPING,
        CHECKING[0],
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.Stopped(epoch=0, step=0), "Stopped before the first step"),
        (events.Stopped(epoch=2, step=1000), "Stopped in epoch 2 of 2, after step 1,000 of 1,876"),
    ],
)
def test_a_stop_is_a_diagnostic(output: Output, event: events.Stopped, line: str) -> None:
    output.narrate(started())
    output.narrate(event)
    assert output.warnings == [line]


def test_a_download_is_one_line_a_file(output: Output) -> None:
    for received in (1, 2, 3):
        output.narrate(
            events.Download(dataset="k", title="KMNIST", file="a.gz", received=received, total=3)
        )
    assert output.lines == ["Downloading KMNIST: a.gz"]


def test_a_pause_is_told(output: Output) -> None:
    output.narrate(events.Paused(epoch=1, step=1234))
    output.narrate(events.Resumed(epoch=1, step=1234))
    assert output.lines == ["Paused after step 1,234", "Resumed after step 1,234"]

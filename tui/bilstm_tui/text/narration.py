"""A run as lines of text, some of them those of the notebook."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bilstm_core import events
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.data.spec import SPLIT_TITLES, DataSpec
from bilstm_core.events import Event
from bilstm_core.wording import counted

from .numbers import percent

if TYPE_CHECKING:
    from bilstm_core.training.evaluation import Score

_SHORT_SPLITS = {"train": "train", "validation": "val", "test": "test"}  # for 80 columns


class Narrator:
    """Turns events into lines: a heading, a line per epoch, the final accuracies.

    Args:
        write: Receives each line.
        warn: Receives each warning.
    """

    def __init__(self, write: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._write = write
        self._warn = warn
        self._downloading = ""
        self._total_steps = 0
        self._num_epochs = 0
        self._epochs_trained = 0
        self._epoch: events.EpochEnded | None = None
        self._is_finishing = False
        self._data: DataSpec | None = None

    def narrate(self, event: Event) -> None:
        """Write the lines for an event; many events have none."""
        match event:
            case events.Download():
                self._narrate_download(event)
            case events.RunStarted():
                self._narrate_start(event)
            case events.EpochEnded():
                self._epoch, self._epochs_trained = event, event.epoch
            case events.Evaluation():
                self._narrate_evaluation(event)
            case events.EvaluationStarted():
                self._narrate_final_evaluation(event)
            case events.RunWarning():
                self._warn(event.message)
            case events.Stopping() | events.Stopped():
                self._narrate_stop(event)
            case _ if line := _line(event):
                self._write(line)

    def _narrate_download(self, event: events.Download) -> None:
        if event.file != self._downloading:
            self._downloading = event.file
            self._write(f"Downloading {event.title}: {event.file}")

    def _narrate_start(self, event: events.RunStarted) -> None:
        self._total_steps, self._num_epochs = event.total_steps, event.config["num_epochs"]
        self._epochs_trained, self._is_finishing = event.epoch - 1, False
        self._data = event.data
        data, device, readout = event.data, event.device, event.config["readout"]
        if event.run:
            resumed = f", resumed after step {event.step:,}" if event.step else ""
            self._write(f"Run {event.run}{resumed}")
        self._write(f"{event.model.title}, {event.model.parameters:,} parameters")
        self._write(f"{data.title}: {data.words()}")
        for note in data.notes:
            self._write(note)
        self._write(f"{device.name} ({device.description}), {device.precision}{_cores(device)}")
        self._write(f"Using {READOUTS[readout].title if readout in READOUTS else readout}")

    def _narrate_evaluation(self, evaluation: events.Evaluation) -> None:
        if evaluation.final:
            self._write(accuracy_line(evaluation))
            is_imbalanced = self._data and self._data.is_imbalanced(evaluation.split)
            if is_imbalanced and (line := imbalance_line(evaluation)):
                self._write(line)
            return
        trained = self._epoch
        if trained is None:
            return
        width = len(str(self._num_epochs))
        self._write(
            f"epoch {trained.epoch:>{width}}/{self._num_epochs}  loss {trained.loss:.4f}  "
            f"train {percent(trained.accuracy):>6}% "
            f"{_SHORT_SPLITS[evaluation.split]} {percent(evaluation.accuracy):>6}%  "
            f"{trained.total / max(trained.seconds, 1e-9):,.0f} samples/s  {trained.seconds:.1f}s"
        )

    def _narrate_final_evaluation(self, event: events.EvaluationStarted) -> None:
        if not self._is_finishing and event.epoch != self._epochs_trained:
            self._write(f"Keeping the weights of epoch {event.epoch}, the best on validation data")
        self._is_finishing = True
        self._write(f"Checking accuracy on {SPLIT_TITLES[event.split]} data")

    def _narrate_stop(self, event: events.Stopping | events.Stopped) -> None:
        if isinstance(event, events.Stopping):
            self._is_finishing = True
            self._write(f"Stopping after step {event.step:,}; checking the accuracy so far")
        else:
            self._warn(stop_line(event, self._num_epochs, self._total_steps))


def _cores(device: events.DeviceInfo) -> str:
    """In how many processes it computes; of a processor on how many threads, in how many lanes."""
    ranks = f", {device.ranks} processes" if device.ranks > 1 else ""
    if device.name != "cpu":
        return ranks
    lanes = f" in {device.lanes} lanes" if device.lanes > 1 else ""
    each = " each" if ranks else ""
    return f"{ranks}, {counted(device.threads, 'thread')}{lanes}{each}"


def _line(event: Event) -> str:
    match event:
        case events.Paused():
            return f"Paused after step {event.step:,}"
        case events.Resumed():
            return f"Resumed after step {event.step:,}"
        case events.LearningRateChanged():
            return f"Learning rate {event.learning_rate:g} after step {event.step:,}"
        case events.StoppedEarly():
            return early_stop_line(event)
        case _:  # progress is shown in a bar, a failure by the command or the screen
            return ""


def stop_line(event: events.Stopped, num_epochs: int, total_steps: int) -> str:
    """Where a run was stopped."""
    if not event.step:
        return "Stopped before the first step"
    return (
        f"Stopped in epoch {event.epoch} of {num_epochs}, "
        f"after step {event.step:,} of {total_steps:,}"
    )


def early_stop_line(event: events.StoppedEarly) -> str:
    """Why a run ended before its last epoch."""
    waited = event.epoch - event.kept_epoch
    return (
        f"Stopped early after epoch {event.epoch}: the validation loss did not fall for "
        f"{counted(waited, 'epoch')}"
    )


def imbalance_line(score: "events.Evaluation | Score") -> str:
    """Measures in which rare classes count as much as others; empty where they are not known."""
    if score.balanced_accuracy is None or score.macro_f1 is None:
        return ""
    return (
        f"balanced accuracy {percent(score.balanced_accuracy)}, macro F1 {percent(score.macro_f1)}"
    )


def accuracy_line(score: "events.Evaluation | Score") -> str:
    """The accuracy as the notebook prints it."""
    return f"got {score.correct} / {score.total} with accuracy {percent(score.accuracy)}"

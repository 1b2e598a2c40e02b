"""A run in plain lines, the notebook's own words among them."""

from collections.abc import Callable

from bilstm_core import events
from bilstm_core.data.catalog import CATALOG
from bilstm_core.events import Event
from bilstm_core.network.summary import READOUT_TITLES

Say = Callable[[str], None]

_SHORT_SPLITS = {"train": "train", "validation": "val", "test": "test"}  # for 80 columns


class Narrator:
    """Turns events into lines: a heading, one line an epoch, the final accuracies.

    Args:
        say: Takes each line.
        warn: Takes each warning and other diagnostics.
    """

    def __init__(self, say: Say, warn: Say) -> None:
        self._say = say
        self._warn = warn
        self._downloading = ""
        self._total_steps = 0
        self._num_epochs = 0
        self._begun = 1
        self._epoch: events.EpochEnded | None = None
        self._is_checking = False

    def tell(self, event: Event) -> None:
        """Say what an event means, if it means anything to a reader."""
        match event:
            case events.Download():
                self._tell_download(event)
            case events.RunStarted():
                self._tell_start(event)
            case events.EpochEnded():
                self._epoch = event
            case events.Evaluation(final=False):
                self._tell_epoch(event)
            case events.EvaluationStarted():
                self._tell_check(event)
            case events.Evaluation():
                self._say(got(event))
            case events.RunWarning():
                self._warn(event.message)
            case events.Paused() | events.Resumed() | events.LearningRateChanged():
                self._say(f"{_ordered(event)} after step {event.step:,}")
            case events.Stopping() | events.Stopped():
                self._tell_stop(event)
            case _:  # progress is for a bar; a failure is told by whoever ends the process
                pass

    def _tell_download(self, event: events.Download) -> None:
        if event.file != self._downloading:
            self._downloading = event.file
            self._say(f"Fetching {CATALOG[event.dataset].title}: {event.file}")

    def _tell_start(self, event: events.RunStarted) -> None:
        self._total_steps, self._num_epochs = event.total_steps, event.config["num_epochs"]
        self._begun = event.epoch
        for line in heading(event):
            self._say(line)

    def _tell_epoch(self, checked: events.Evaluation) -> None:
        trained = self._epoch
        if trained is None:
            return
        width = len(str(self._num_epochs))
        self._say(
            f"epoch {trained.epoch:>{width}}/{self._num_epochs}  loss {trained.loss:.4f}  "
            f"train {percent(trained.accuracy):>6}% "
            f"{_SHORT_SPLITS[checked.split]} {percent(checked.accuracy):>6}%  "
            f"{trained.total / max(trained.seconds, 1e-9):,.0f} samples/s  {trained.seconds:.1f}s"
        )

    def _tell_check(self, event: events.EvaluationStarted) -> None:
        if not self._is_checking:
            self._is_checking = True
            self._tell_early_stop(event)
        self._say(f"Checking accuracy on {events.SPLIT_TITLES[event.split]} data")

    def _tell_early_stop(self, event: events.EvaluationStarted) -> None:
        trained = self._epoch.epoch if self._epoch else self._begun - 1
        if trained < self._num_epochs:
            self._say(f"Stopped early after epoch {trained}: validation loss no longer falls")
        if event.epoch != trained:
            self._say(f"Keeping the weights of epoch {event.epoch}, the best on validation data")

    def _tell_stop(self, event: events.Stopping | events.Stopped) -> None:
        if isinstance(event, events.Stopping):
            self._is_checking = True
            self._say(f"Stopping after step {event.step:,}; checking what there is")
        elif not event.step:
            self._warn("Stopped before the first step")
        else:
            self._warn(
                f"Stopped in epoch {event.epoch} of {self._num_epochs}, "
                f"after step {event.step:,} of {self._total_steps:,}"
            )


def _ordered(event: events.Paused | events.Resumed | events.LearningRateChanged) -> str:
    match event:
        case events.Paused():
            return "Paused"
        case events.Resumed():
            return "Going on"
        case _:
            return f"Learning rate {event.learning_rate:g}"


def heading(event: events.RunStarted) -> list[str]:
    """Which run it is, what is trained, on what, where; and the notebook's word on the readout."""
    data, device = event.data, event.device
    held_out = f", {data.validation:,} validation" if data.validation else ""
    resumed = f", going on after step {event.step:,}" if event.step else ""
    name = [f"Run {event.run}{resumed}"] if event.run else []
    return [
        *name,
        f"{event.model.title}, {event.model.parameters:,} parameters",
        f"{CATALOG[data.dataset].title}: {data.train:,} training{held_out} and {data.test:,} test "
        f"images of {data.sequence_length} rows × {data.input_size}",
        f"{device.name} ({device.description}), {device.precision}",
        f"Using {READOUT_TITLES[event.config['readout']]}",
    ]


def got(event: events.Evaluation) -> str:
    """The notebook's line on an accuracy, to the letter."""
    return f"got {event.correct} / {event.total} with accuracy {percent(event.accuracy)}"


def percent(fraction: float) -> str:
    """A fraction in percent with two decimals, as the notebook has it."""
    return f"{fraction * 100:.2f}"

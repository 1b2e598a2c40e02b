"""Exports a run's events as two tables: a row an epoch, and a row a step."""

from collections.abc import Iterator
from pathlib import Path

from .. import events
from ..events import Event
from ..outputs import write_files
from ..runs.follow import Follower
from ..runs.history import History
from ..runs.run import Run
from .cells import Cell, csv_text

EPOCH_COLUMNS = (
    *("epoch", "step", "time", "train_loss", "train_accuracy", "train_seconds"),
    *("split", "loss", "accuracy", "balanced_accuracy", "macro_f1"),
)
STEP_COLUMNS = (
    *("step", "epoch", "time", "loss"),
    *("learning_rate", "gradient_norm", "samples_per_second"),
)


class _Tables(History):
    """A history that keeps every epoch and every step; a step that was trained twice counts once.

    Attributes:
        steps: What was reported of each, by its number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: dict[int, tuple[Cell, ...]] = {}
        self._trained: dict[int, events.EpochEnded] = {}
        self._evaluated: dict[int, events.Evaluation] = {}

    def add(self, event: Event) -> None:
        super().add(event)
        match event:
            case events.Progress():
                self._add_steps(event)
            case events.EpochEnded():
                self._trained[event.epoch] = event
            case events.Evaluation(final=False):
                self._evaluated[event.epoch] = event

    def _add_steps(self, event: events.Progress) -> None:
        first = event.step - len(event.losses) + 1
        for step, loss in enumerate(event.losses, first):
            # a report has these of its last step only
            is_last = step == event.step
            rate, norm = (event.learning_rate, event.gradient_norm) if is_last else (None, None)
            self.steps[step] = (
                *(step, event.epoch, event.time),
                *(loss, rate, norm, event.samples_per_second),
            )

    def _discard_after(self, step: int) -> None:
        super()._discard_after(step)
        self.steps = {number: row for number, row in self.steps.items() if number <= step}
        for results in (self._trained, self._evaluated):
            for epoch in [key for key, event in results.items() if event.step > step]:
                del results[epoch]

    def epoch_rows(self) -> Iterator[tuple[Cell, ...]]:
        """A row for each epoch that was completed."""
        for epoch, trained in sorted(self._trained.items()):
            after = self._evaluated.get(epoch)
            yield (
                *(epoch, trained.step, trained.time),
                *(trained.loss, trained.accuracy, trained.seconds),
                *(
                    (None,) * 5
                    if after is None
                    else (
                        *(after.split, after.loss, after.accuracy),
                        *(after.balanced_accuracy, after.macro_f1),
                    )
                ),
            )


def export_csv(run: Run, epochs: Path, steps: Path) -> None:
    """Write the tables of a run, as far as it has been trained.

    Raises:
        OutputError: They cannot be written.
    """
    tables = _Tables()
    follower = Follower(run, tables, from_start=True)
    while follower.poll():
        pass
    rows = (row for _, row in sorted(tables.steps.items()))
    write_files(
        {
            epochs: csv_text(EPOCH_COLUMNS, tables.epoch_rows()).encode(),
            steps: csv_text(STEP_COLUMNS, rows).encode(),
        }
    )

"""What the table of runs shows of each run, without reading whole logs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import events
from ..errors import ConfigError
from ..events import Event
from ..files import modified_at
from ..network.summary import title
from .event_log import Ending, read_head, read_tail
from .notes import Notes, read_notes
from .run import Run
from .store import list_runs

Status = Literal["running", "finished", "stopped", "failed", "lost"]

_TAIL_BYTES = (1 << 11, 1 << 16, 1 << 20, 1 << 24)
"""How much of the end of a log is read, in turn: most runs end in a few short events."""


@dataclass(frozen=True)
class Overview:
    """A row of the table.

    Attributes:
        status: From its lock and the end of its log; `lost` if its process exited without
            reporting a result.
        dataset: Name of the data set; empty if the configuration cannot be read.
        model: Short title of the network.
        epochs: Epochs trained.
        num_epochs: Epochs to train; 0 if unknown.
        accuracy: Latest accuracy on test data, as a fraction; None before the first.
        seconds: Training time, or the time from the first to the last event.
        problem: What is wrong with the configuration; empty if nothing is.
        changed_at: Modification time of its lock file, which every process changes that trains it;
            read before the log.
    """

    run: Run
    status: Status
    dataset: str
    model: str
    epochs: int
    num_epochs: int
    accuracy: float | None
    seconds: float
    problem: str
    notes: Notes
    changed_at: float


def read_overview(run: Run) -> Overview:
    """The overview of a run; raises nothing, whatever its files contain."""
    problem, dataset, model, num_epochs = "", "", "", 0
    try:
        config = run.config
        dataset, model, num_epochs = config.dataset, title(config), config.num_epochs
    except ConfigError as error:
        problem = error.message
    except Exception as error:  # one bad run must not take the list with it
        problem = f"config.toml cannot be read: {type(error).__name__}."
    changed_at, is_live = modified_at(run.lock_file), run.is_live
    tail = _tail(run)
    return Overview(
        run=run,
        status="running" if is_live else status_from_ending(last_ending(tail)),
        dataset=dataset,
        model=model,
        epochs=max(map(_epochs_at, tail), default=0),
        num_epochs=num_epochs,
        accuracy=_accuracy(tail),
        seconds=_seconds(run, tail),
        problem=problem,
        notes=read_notes(run),
        changed_at=changed_at,
    )


def read_overviews(runs_dir: Path, known: dict[str, Overview]) -> dict[str, Overview]:
    """The overviews of all runs by name; `known` ones of runs not trained since are reused."""
    return {run.name: current_overview(run, known.get(run.name)) for run in list_runs(runs_dir)}


def current_overview(run: Run, known: Overview | None) -> Overview:
    """The overview of a run; `known` itself if the run was not trained since."""
    is_current = (
        known is not None
        and known.status != "running"
        and known.changed_at == modified_at(run.lock_file)
        and not run.is_live
    )
    return known if known and is_current else read_overview(run)


def _tail(run: Run) -> list[Event]:
    """The last events: an evaluation and an epoch are among them unless far from the end."""
    tail: list[Event] = []
    for length in _TAIL_BYTES:
        tail = read_tail(run.log_file, length)
        if _accuracy(tail) is not None and any(map(_epochs_at, tail)):
            break
    return tail


def _epochs_at(event: Event) -> int:
    """Epochs completed at an event; 0 where the event does not say."""
    if isinstance(event, events.RunStarted | events.Progress):
        return max(0, event.epoch - 1)
    return event.epoch if isinstance(event, events.EpochEnded) else 0


def last_ending(tail: list[Event]) -> Ending | None:
    """How the latest process ended, from the last events of a log; None if it did not report it."""
    for event in reversed(tail):
        match event:
            case events.Finished() | events.Stopped() | events.Failed():
                return event
            case events.RunStarted() | events.Progress() | events.Download():
                return None
    return None


def status_from_ending(ending: Ending | None) -> Status:
    """The status of a run that no process trains."""
    return ending.type if ending else "lost"


def _accuracy(tail: list[Event]) -> float | None:
    evaluations = [e for e in tail if isinstance(e, events.Evaluation) and e.split == "test"]
    return evaluations[-1].accuracy if evaluations else None


def _seconds(run: Run, tail: list[Event]) -> float:
    ending = last_ending(tail)
    if isinstance(ending, events.Finished):
        return ending.seconds
    first = read_head(run.log_file)
    return max(0.0, tail[-1].time - first[0].time) if first and tail else 0.0

"""All runs at a glance: what the table of runs shows of each, without reading whole logs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import events
from ..errors import ConfigError
from ..events import Event
from ..network.summary import title
from .event_log import read_piece, read_tail
from .notes import Notes, read_notes
from .run import Run
from .store import list_runs

Status = Literal["running", "finished", "stopped", "failed", "lost"]

_HEAD_BYTES = 1 << 12
_TAIL_BYTES = (1 << 16, 1 << 20, 1 << 24)


@dataclass(frozen=True)
class Overview:
    """A run in a line.

    Attributes:
        run: Where it is.
        status: From its lock and the end of its log; `lost` where its process died without a word.
        dataset: What it learns; empty where its configuration cannot be read.
        model: The network in short.
        epochs: Epochs trained.
        num_epochs: Epochs asked for; 0 where unknown.
        accuracy: On test data, as a fraction: the final one, or the latest; None before it.
        seconds: From its beginning to its last word.
        problem: What is wrong with its configuration.
        notes: What a person says of it.
        locked_at: When a process last took hold of it, before this was looked at.
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
    locked_at: float


def read_overview(run: Run) -> Overview:
    """A run at a glance; whatever its files hold, this raises nothing."""
    problem, dataset, model, num_epochs = "", "", "", 0
    try:
        config = run.config
        dataset, model, num_epochs = config.dataset, title(config), config.num_epochs
    except ConfigError as error:
        problem = error.message
    locked_at, is_live = run.locked_at, run.is_live
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
        locked_at=locked_at,
    )


def read_overviews(runs_dir: Path, known: dict[str, Overview]) -> dict[str, Overview]:
    """Every run at a glance; those that were over and still are need no second look."""
    return {
        run.name: overview
        if (overview := known.get(run.name))
        and overview.status != "running"
        and overview.locked_at == run.locked_at
        and not run.is_live
        else read_overview(run)
        for run in list_runs(runs_dir)
    }


def _tail(run: Run) -> list[Event]:
    """The end of the log, long enough to hold an evaluation if there is one near it."""
    tail: list[Event] = []
    for length in _TAIL_BYTES:
        tail = read_tail(run.log_file, length)
        if any(isinstance(event, events.Evaluation) for event in tail):
            break
    return tail


def _epochs_at(event: Event) -> int:
    """Epochs complete when an event was told, as far as it says."""
    match event:
        case events.EpochEnded():
            return event.epoch
        case events.Progress():
            return max(0, event.epoch - 1)
        case _:
            return 0


def last_ending(tail: list[Event]) -> events.Finished | events.Stopped | events.Failed | None:
    """How the latest session ended, from the end of a log; None if it did not say."""
    for event in reversed(tail):
        match event:
            case events.Finished() | events.Stopped() | events.Failed():
                return event
            case events.RunStarted() | events.Progress() | events.Download():
                return None
            case _:
                pass
    return None


def status_from_ending(ending: events.Finished | events.Stopped | events.Failed | None) -> Status:
    """What a run is that nobody trains any more, by its last word."""
    match ending:
        case events.Finished():
            return "finished"
        case events.Stopped():
            return "stopped"
        case events.Failed():
            return "failed"
        case _:
            return "lost"


def _accuracy(tail: list[Event]) -> float | None:
    checks = [e for e in tail if isinstance(e, events.Evaluation) and e.split == "test"]
    return checks[-1].accuracy if checks else None


def _seconds(run: Run, tail: list[Event]) -> float:
    ending = last_ending(tail)
    if isinstance(ending, events.Finished):
        return ending.seconds
    first = read_piece(run.log_file, 0, _HEAD_BYTES)
    return max(0.0, tail[-1].time - first[0].time) if first and tail else 0.0

"""All runs as one table: a row a run, with its results and all its settings."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from .. import events
from ..config.settings import SETTINGS
from ..data.spec import SPLIT_TITLES
from ..runs.event_log import read_head, read_tail
from ..runs.overview import Overview
from .cells import Cell, csv_text

_TAIL_BYTES = 1 << 16
_FIGURES = ("accuracy", "loss", "balanced_accuracy", "macro_f1")
COLUMNS = (
    *("run", "started", "status", "model", "parameters", "epochs", "steps", "seconds"),
    *(f"{split}_{figure}" for split in SPLIT_TITLES for figure in _FIGURES),
    *("pinned", "note", "path"),
    *SETTINGS,
)


def runs_csv(overviews: Iterable[Overview]) -> str:
    """The table as CSV; what is not known of a run is an empty cell."""
    return csv_text(COLUMNS, (list(_row(overview)) for overview in overviews))


def _row(overview: Overview) -> Iterator[Cell]:
    run = overview.run
    tail = read_tail(run.log_file, _TAIL_BYTES)
    started = next(
        (it for it in read_head(run.log_file) if isinstance(it, events.RunStarted)), None
    )
    evaluations = [it for it in tail if isinstance(it, events.Evaluation)]
    # of one state of the network: those of training data are older while more epochs are trained
    evaluated = {it.split: it for it in evaluations if it.step == evaluations[-1].step}
    yield run.name
    yield _date(run.start_time)
    yield overview.status
    yield overview.model or None
    yield started.model.parameters if started else None
    yield overview.epochs
    yield next((step for it in reversed(tail) if (step := getattr(it, "step", None))), 0)
    yield round(overview.seconds, 3)
    for split in SPLIT_TITLES:
        for figure in _FIGURES:
            yield getattr(evaluated.get(split), figure, None)
    yield overview.notes.pinned
    yield overview.notes.note or None
    yield str(run.path)
    config = None if overview.problem else run.config
    for name in SETTINGS:
        yield getattr(config, name, None)


def _date(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # a log may hold any number
        return None

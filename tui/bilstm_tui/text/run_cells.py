"""The cells of a run in a table of runs, for the command line and the app."""

from typing import TYPE_CHECKING

from bilstm_core.data.sources.recognition import title_of
from bilstm_core.runs.run import TIMESTAMP_PREFIX

from .numbers import duration, percent

if TYPE_CHECKING:
    from bilstm_core.runs.overview import Overview

STATUS_STYLES = {
    "running": "green",
    "finished": "",
    "stopped": "yellow",
    "failed": "red",
    "lost": "red",
}


def without_date(name: str) -> str:
    """A run's name without the date and time at its start."""
    match = TIMESTAMP_PREFIX.match(name)
    return name.removeprefix(match.group()) or name if match else name


def cells(overview: "Overview") -> list[str]:
    """A run's name, status, data, model, epochs, test accuracy, time and note, as text."""
    accuracy = "-" if overview.accuracy is None else percent(overview.accuracy)
    return [
        overview.run.name,
        overview.status,
        title_of(overview.dataset) or "?",
        overview.model or "?",
        f"{overview.epochs}/{overview.num_epochs or '?'}",
        accuracy,
        duration(overview.seconds),
        overview.notes.note,
    ]

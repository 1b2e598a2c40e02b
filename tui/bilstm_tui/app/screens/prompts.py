"""Prompts for a number of epochs, a note, a name, and the redraw rate."""

from bilstm_core.config.resolve import problem_with
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError
from bilstm_core.runs.overview import Overview
from bilstm_core.runs.run import RANDOM_SUFFIX, TIMESTAMP_PREFIX, Run
from bilstm_core.runs.store import check_label

from ..preferences import MAX_REDRAWS, MIN_REDRAWS
from .dialogs import Prompt


def epochs_prompt(overview: Overview) -> Prompt:
    """Ask for a run's total number of epochs; more than before if it is finished."""
    is_finished = overview.status == "finished"
    message = (
        f"{overview.run.name} has trained {overview.epochs} of {overview.num_epochs} epochs. "
        "How many epochs in total?"
    )
    return Prompt(
        "Train for longer" if is_finished else "Resume",
        message,
        str(2 * overview.num_epochs if is_finished else overview.num_epochs),
        lambda typed: problem_with(RunConfig(), {"num_epochs": typed}),
    )


def note_prompt(overview: Overview) -> Prompt:
    """Ask for a note on a run."""
    message = f"A note on {overview.run.name}; a single space removes it."
    return Prompt("Note", message, overview.notes.note)


def label_prompt(run: Run) -> Prompt:
    """Ask for another name of a run."""
    label = RANDOM_SUFFIX.sub("", TIMESTAMP_PREFIX.sub("", run.name, count=1))
    return Prompt("Rename", f"The readable part of {run.name}:", label, _label_problem)


def redraws_prompt(current: float) -> Prompt:
    """Ask for the maximum redraw rate."""
    message = "Maximum number of redraws per second. Each sends up to a screenful of text."
    return Prompt("Redraw rate", message, f"{current:g}", _redraws_problem)


def _redraws_problem(typed: str) -> str:
    try:
        rate = float(typed)
    except ValueError:
        rate = 0.0
    if MIN_REDRAWS <= rate <= MAX_REDRAWS:
        return ""
    return f"Allowed: from {MIN_REDRAWS:g} to {MAX_REDRAWS:g} redraws per second."


def _label_problem(typed: str) -> str:
    try:
        check_label(typed)
    except BilstmError as error:
        return f"{error.message} {error.advice}"
    return ""

"""What is asked for in a line."""

from bilstm_core.config.resolve import problem_with
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError
from bilstm_core.runs.overview import Overview
from bilstm_core.runs.run import RANDOM_SUFFIX, TIMESTAMP_PREFIX, Run
from bilstm_core.runs.store import check_label

from ..preferences import LEAST_REDRAWS, MOST_REDRAWS
from .dialogs import Prompt


def epochs_prompt(overview: Overview) -> Prompt:
    """How long a run shall go on; a finished one for longer."""
    is_over = overview.status == "finished"
    proposed = 2 * overview.num_epochs if is_over else overview.num_epochs
    words = (
        f"{overview.run.name} has trained {overview.epochs} of {overview.num_epochs} epochs. "
        "How many shall it be in all?"
    )
    title = "Train for longer" if is_over else "Go on"
    return Prompt(title, words, str(proposed), _epochs_problem)


def note_prompt(overview: Overview) -> Prompt:
    """A line on a run."""
    words = f"A line on {overview.run.name}; a blank takes it away."
    return Prompt("Note", words, overview.notes.note)


def label_prompt(run: Run) -> Prompt:
    """Another name for a run."""
    label = RANDOM_SUFFIX.sub("", TIMESTAMP_PREFIX.sub("", run.name, count=1))
    return Prompt("Rename", f"The readable part of {run.name}:", label, _label_problem)


def redraws_prompt(now: float) -> Prompt:
    """How often curves and figures are drawn at most."""
    words = "Times a second at most. Each costs about a screenful of bytes on a slow link."
    return Prompt("Redraw rate", words, f"{now:g}", _redraws_problem)


def _redraws_problem(typed: str) -> str:
    try:
        rate = float(typed)
    except ValueError:
        rate = 0.0
    if LEAST_REDRAWS <= rate <= MOST_REDRAWS:
        return ""
    return f"Allowed: from {LEAST_REDRAWS:g} to {MOST_REDRAWS:g} times a second."


def _epochs_problem(typed: str) -> str:
    return problem_with(RunConfig(), {"num_epochs": typed})


def _label_problem(typed: str) -> str:
    try:
        check_label(typed)
    except BilstmError as error:
        return f"{error.message} {error.advice}"
    return ""

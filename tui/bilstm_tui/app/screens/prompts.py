"""Prompts for a number of epochs or trials, a note, a name, and the redraw rate."""

from collections.abc import Callable
from typing import Any

from textual.app import App

from bilstm_core.config.resolve import problem_with, revise
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError
from bilstm_core.runs.overview import Overview
from bilstm_core.runs.run import RANDOM_SUFFIX, TIMESTAMP_PREFIX, Run
from bilstm_core.runs.store import check_label
from bilstm_core.wording import counted

from ..preferences import MAX_REDRAWS, MIN_REDRAWS
from .dialogs import Prompt, ask

_MORE_TRIALS = 10


def ask_epochs(app: App[Any], overview: Overview, use: Callable[[dict[str, Any]], object]) -> None:
    """Ask for how many epochs to resume a run; `use` gets the changes to its settings."""

    def use_answer(answer: str) -> None:
        epochs = revise(RunConfig(), {"num_epochs": answer}).num_epochs  # it may be "2e3"
        use({} if epochs == overview.num_epochs else {"num_epochs": epochs})

    ask(app, epochs_prompt(overview), use_answer)


def epochs_prompt(overview: Overview) -> Prompt:
    """Ask for a run's total number of epochs; more than before if it is finished."""
    trained, is_finished = overview.epochs, overview.status == "finished"
    message = f"{overview.run.name} has trained {trained} of {overview.num_epochs} epochs."

    def problem_of(typed: str) -> str:
        if problem := problem_with(RunConfig(), {"num_epochs": typed}):
            return problem
        total = revise(RunConfig(), {"num_epochs": typed}).num_epochs
        if total < trained or (is_finished and total == trained):
            epochs = counted(trained, "epoch")
            return f"It has already been trained for {epochs}: enter a larger number."
        return ""

    total = 2 * overview.num_epochs if is_finished else overview.num_epochs
    return Prompt("Resume: total epochs", message, str(total), problem_of)


def trials_prompt(name: str, wanted: int, most: int) -> Prompt:
    """Ask how many trials to add to a sweep; at most so many."""

    def problem_of(typed: str) -> str:
        is_allowed = typed.isascii() and typed.isdigit() and 1 <= int(typed[:9]) <= most
        return "" if is_allowed else f"Allowed: a whole number from 1 to {most:,}."

    message = f"{name} has {counted(wanted, 'trial')} so far. How many more?"
    return Prompt("Add trials", message, str(min(_MORE_TRIALS, most)), problem_of)


def note_prompt(overview: Overview) -> Prompt:
    """Ask for a note on a run."""
    message = f"A note on {overview.run.name}."
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

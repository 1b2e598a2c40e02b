"""A run in a few words: how it differs from the defaults, what came of it, why it ended."""

from typing import Any

from bilstm_core import events
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS
from bilstm_core.errors import ConfigError
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import Status
from bilstm_core.wording import counted

from .narration import early_stop_line, stop_line
from .numbers import percent

_LOST = "Its process exited without reporting a result"


def settings_besides_defaults(config: RunConfig) -> dict[str, tuple[Any, Any]]:
    """The settings that differ from the preset `default` for the same data: value and default."""
    try:
        defaults = resolve({"dataset": config.dataset})
    except ConfigError:  # data that only another version knows
        defaults = RunConfig()
    pairs = {name: (getattr(config, name), getattr(defaults, name)) for name in SETTINGS}
    return {
        name: (value, default)
        for name, (value, default) in pairs.items()
        if value != default and name != "dataset"
    }


def value_in_words(value: object) -> str:
    """The value of a setting, as it is typed."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def rate_in_words(rate: object, history: History | None) -> str:
    """A learning rate, and the one that was set by hand last while the run trained."""
    changes = history.learning_rate_changes if history else []
    rates = [rate, *(change.learning_rate for change in changes[-1:])]
    return " → ".join(map(value_in_words, rates))


def rate_by_hand(history: History) -> str:
    """How the learning rate was set by hand last, and when; empty if it was not."""
    if not history.learning_rate_changes:
        return ""
    first = history.started.config.get("learning_rate", "?") if history.started else "?"
    epoch = max(1, history.learning_rate_changes[-1].epoch)
    return f"{rate_in_words(first, history)} by hand at epoch {epoch}"


def accuracies(history: History) -> list[str]:
    """The accuracies of a run in words: the final ones, or those after its latest epoch."""
    return [f"{split} {percent(share)} %" for split, share in latest_accuracies(history).items()]


def latest_accuracies(history: History) -> dict[str, float]:
    """The accuracy on each split: the final ones, or those after the latest epoch."""
    latest: dict[str, float] = {}
    if history.epochs:
        latest["train"] = history.epochs[max(history.epochs)].accuracy
    if history.epoch_evaluations:
        evaluation = history.epoch_evaluations[max(history.epoch_evaluations)]
        latest[evaluation.split] = evaluation.accuracy
    return {split: it.accuracy for split, it in history.final.items()} or latest


def why_it_ended(status: Status, history: History) -> str:
    """Why a run ended, or how far it is."""
    started, ending = history.started, history.ending
    total = started.config["num_epochs"] if started else 0
    if status == "running":
        epoch = history.progress.epoch if history.progress else 1
        words = f"epoch {epoch} of {total}" if started else "starting"
        return f"Paused in {words}" if history.is_paused else f"Training in progress: {words}"
    match ending:
        case events.Failed(title=title, message=message):
            return f"{title}: {message}"
        case events.Stopped():
            return stop_line(ending, total, started.total_steps if started else 0)
        case events.Finished(kept_epoch=kept):
            early = [it for it in history.as_events(1) if isinstance(it, events.StoppedEarly)]
            if early:
                return early_stop_line(early[-1])
            best = f"; the weights of epoch {kept} were kept" if kept != ending.epoch else ""
            return f"{counted(ending.epoch, 'epoch')} trained{best}"
        case _:
            return _LOST

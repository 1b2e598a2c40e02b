"""A sweep as lines of text."""

from typing import TYPE_CHECKING

from bilstm_core.wording import counted

from .numbers import duration, percent

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Leaderboard, Row
    from bilstm_core.sweeps.plan import Plan

STATE_STYLES = {
    "waiting": "",
    "training": "green",
    "interrupted": "yellow",
    "finished": "",
    "pruned": "dim",
    "stopped": "yellow",
    "failed": "red",
}


def value_text(plan: "Plan", value: float | None) -> str:
    """The objective of a trial: in percent, or a loss."""
    if value is None:
        return "-"
    return f"{value:.4f}" if plan.objective == "loss" else percent(value)


def setting_text(value: object) -> str:
    """The value of a searched setting in few characters."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def plan_lines(plan: "Plan", wanted: int) -> list[str]:
    """What a sweep searches and what it is judged by."""
    searched = ", ".join(f"{name} {text}" for name, text in plan.search.items())
    epoch = "last epoch" if plan.epoch == "last" else "best epoch"
    part = percent(plan.settings["validation_fraction"]).rstrip("0").rstrip(".")
    return [
        f"{counted(wanted, 'trial')} of {searched}",
        f"sampler {plan.sampler}, pruner {plan.pruner}; judged by the validation "
        f"{plan.objective} of the {epoch}, on {part} % of the training set",
    ]


def trial_line(plan: "Plan", row: "Row", best: "Row | None") -> str:
    """A trial that has ended, in one line."""
    settings = "  ".join(f"{name}={setting_text(value)}" for name, value in row.settings.items())
    unit = "" if plan.objective == "loss" or row.value is None else " %"
    value = value_text(plan, row.value) + unit
    line = f"trial {row.number:>3}  {row.state:<8}  {value:>8}  {duration(row.seconds)}"
    notes = "  best so far" if best == row else ""
    problem = f"  ({row.problem})" if row.state == "failed" else ""
    return f"{line}  {settings}{notes}{problem}"


def summary_line(board: "Leaderboard") -> str:
    """How many trials are in each state."""
    states = ("finished", "pruned", "stopped", "failed", "training", "interrupted")
    counts = [f"{board.count(state)} {state}" for state in states if board.count(state)]
    paused = ", paused" if board.is_paused else ""
    return f"{', '.join(counts) or 'no trial yet'} of {board.wanted:,}{paused}"

"""A run's curves, as a chart takes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bilstm_core.runs.history import History

from ....text.numbers import percent
from .reduction import Numbers

Axis = Literal["step", "epoch", "time"]
"""What the x axis counts."""

Place = Callable[[Axis, Numbers], Numbers]
"""Where on an axis steps of a run are."""


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        label: What the legend says.
        steps: Ascending steps of the run, shape (N,).
        low: The least value at each.
        high: The greatest value at each.
        mean: The mean value at each; this one is smoothed.
        place: Where on an axis these steps are.
        is_noisy: Whether to smooth it; otherwise its points are marked.
        marked: Steps with a line across the chart.
        bad: Steps whose value was not finite.
        goal: The step at which it will end, while it goes on.
    """

    label: str
    steps: Numbers
    low: Numbers
    high: Numbers
    mean: Numbers
    place: Place
    is_noisy: bool = True
    marked: Sequence[int] = ()
    bad: Sequence[int] = ()
    goal: float | None = None


def loss_series(history: History, label: str, *, is_live: bool) -> Series:
    """The loss of each step, with the steps at which somebody changed the learning rate."""
    steps, low, high, mean = history.losses.points()
    return Series(
        label,
        steps.astype(np.float64),
        low,
        high,
        mean,
        _places(history),
        marked=[change.step for change in history.learning_rate_changes],
        bad=history.losses.non_finite_steps().tolist(),
        goal=_goal(history, is_live),
    )


def accuracy_series(history: History, *, is_live: bool) -> list[Series]:
    """Training accuracy of each epoch, and that of the check after it, in percent."""
    checked = next(iter(history.epoch_evaluations.values()), None)
    rows = [
        ("train", history.epochs),
        (checked.split if checked else "test", history.epoch_evaluations),
    ]
    series = []
    for label, by_epoch in rows:
        told = [by_epoch[epoch] for epoch in sorted(by_epoch)]
        steps = np.array([event.step for event in told], np.float64)
        values = np.array([event.accuracy * 100 for event in told])
        words = f"{label} {percent(told[-1].accuracy)}" if told else label
        place, goal = _places(history), _goal(history, is_live)
        series.append(
            Series(words, steps, values, values, values, place, is_noisy=False, goal=goal)
        )
    return series


def _goal(history: History, is_live: bool) -> float | None:
    return float(history.started.total_steps) if history.started and is_live else None


def _places(history: History) -> Place:
    steps_per_epoch = history.started.steps_per_epoch if history.started else 1

    def place(axis: Axis, steps: Numbers) -> Numbers:
        match axis:
            case "step":
                return steps
            case "epoch":
                return steps / max(1, steps_per_epoch)
            case "time":
                return history.clock.seconds_at(steps)

    return place

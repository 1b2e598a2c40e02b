"""The curves of a run, as charts draw them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bilstm_core.runs.history import History, SparseCurve

from ....text.numbers import percent
from .reduction import Numbers

Axis = Literal["step", "epoch", "time"]
"""What the x axis shows."""
Figure = Literal["learning_rates", "gradient_norms", "speeds", "device_usage"]
"""An attribute of a history: a figure of the steps that were reported."""


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        label: Its name in the legend.
        steps: Steps of the run, ascending, shape (N,).
        low: The minimum at each step.
        high: The maximum at each step.
        mean: The mean at each step, which is smoothed.
        convert: Converts steps to positions on an axis.
        is_noisy: Whether to smooth it; if not, its points are marked.
        changes: Steps at which the learning rate was changed.
        non_finite: Steps whose value was not finite.
        last_step: The step at which training will end; None if the run is not live.
        value: What stands beside the name in the legend.
        number: Which colour and marker it has; None for those of its place among the curves.
    """

    label: str
    steps: Numbers
    low: Numbers
    high: Numbers
    mean: Numbers
    convert: Callable[[Axis, Numbers], Numbers]
    is_noisy: bool = True
    changes: Sequence[int] = ()
    non_finite: Sequence[int] = ()
    last_step: float | None = None
    value: str = ""
    number: int | None = None


def loss_series(history: History, label: str, *, is_live: bool) -> Series:
    """The loss of each step."""
    steps, low, high, mean = history.losses.points()
    curve = (steps.astype(np.float64), low, high, mean, _converter(history))
    return Series(
        label,
        *curve,
        changes=_changes(history),
        non_finite=history.losses.non_finite_steps().tolist(),
        last_step=_last_step(history, is_live),
    )


def accuracy_series(history: History, *, is_live: bool) -> list[Series]:
    """The training accuracy of each epoch, and that of the evaluation after it, in percent."""
    evaluation = next(iter(history.epoch_evaluations.values()), None)
    curves = [
        ("train", history.epochs),
        (evaluation.split if evaluation else "test", history.epoch_evaluations),
    ]
    convert, last_step = _converter(history), _last_step(history, is_live)
    series = []
    for split, by_epoch in curves:
        results = [by_epoch[epoch] for epoch in sorted(by_epoch)]
        steps = np.array([result.step for result in results], np.float64)
        values = np.array([result.accuracy * 100 for result in results])
        value = percent(results[-1].accuracy) if results else ""
        curve = (steps, values, values, values, convert)
        series.append(Series(split, *curve, is_noisy=False, last_step=last_step, value=value))
    return series


def figure_series(history: History, name: Figure, *, is_live: bool) -> Series:
    """A figure of the reported steps; the device usage in percent."""
    curve: SparseCurve = getattr(history, name)
    steps, low, high, mean = curve.points()
    factor = 100 if name == "device_usage" else 1
    bounds = (low * factor, high * factor, mean * factor)
    return Series(
        name,
        steps.astype(np.float64),
        *bounds,
        _converter(history),
        is_noisy=False,
        changes=_changes(history) if name == "learning_rates" else (),
        last_step=_last_step(history, is_live),
    )


def as_error(accuracy: Series) -> Series:
    """What an accuracy lacks to 100 %."""

    def lacking(values: Numbers) -> Numbers:
        return np.round(100 - values, 9)  # 100 - 99.44 is not quite 0.56

    return replace(
        accuracy,
        low=lacking(accuracy.high),
        high=lacking(accuracy.low),
        mean=lacking(accuracy.mean),
        value=f"{100 - float(accuracy.value):.2f}" if accuracy.value else "",
    )


def value_range(several: Sequence[Series]) -> tuple[float, float, float]:
    """The lowest value of several curves, their lowest positive one, and the highest."""
    drawn = [series for series in several if len(series.steps)]
    lowest = min((float(series.low.min()) for series in drawn), default=1.0)
    highest = max((float(series.high.max()) for series in drawn), default=1.0)
    if lowest > 0:
        return lowest, lowest, highest
    values = np.concatenate([series.low for series in drawn])
    positive = values[values > 0].min(initial=highest if highest > 0 else 1.0)
    return lowest, float(positive), highest


def _changes(history: History) -> list[int]:
    """Steps at which the learning rate was changed."""
    return [change.step for change in history.learning_rate_changes]


def _last_step(history: History, is_live: bool) -> float | None:
    return float(history.started.total_steps) if history.started and is_live else None


def _converter(history: History) -> Callable[[Axis, Numbers], Numbers]:
    steps_per_epoch = history.started.steps_per_epoch if history.started else 1

    def convert(axis: Axis, steps: Numbers) -> Numbers:
        match axis:
            case "step":
                return steps
            case "epoch":
                return steps / max(1, steps_per_epoch)
            case "time":
                return history.clock.seconds_at(steps)

    return convert

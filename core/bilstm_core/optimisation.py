"""The update rule, the learning rate's course and the averaged weights of a run."""

import math

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .config import RunConfig, Schedule

_RISE = 0.3
_START_DIVISOR = 25.0
_END_DIVISOR = 1e4


def make_optimizer(config: RunConfig, model: nn.Module) -> Optimizer:
    """The optimiser; fused, which on a CPU saves several milliseconds a step."""
    decay, rate = config.weight_decay, config.learning_rate
    fused = next(model.parameters()).device.type in {"cpu", "cuda"}
    match config.optimizer:
        case "adam":
            return Adam(model.parameters(), rate, weight_decay=decay, fused=fused)
        case "adamw":
            return AdamW(model.parameters(), rate, weight_decay=decay, fused=fused)
        case "sgd":
            return SGD(
                model.parameters(),
                rate,
                momentum=0.9,
                nesterov=True,
                weight_decay=decay,
                fused=fused,
            )


def learning_rate_at(schedule: Schedule, peak: float, step: int, total_steps: int) -> float:
    """The learning rate of a step: a function of the step alone, so there is no state to save.

    `cosine` falls from the peak towards 0 along half a cosine (Loshchilov and Hutter 2017).
    `one-cycle` rises from 1/25 of the peak over the first 30 % of the run and then falls to
    1/250,000 of it, both along half a cosine (Smith and Topin 2018), with PyTorch's constants.

    Args:
        schedule: Its name.
        peak: The largest rate.
        step: Steps taken before this one, from 0.
        total_steps: Steps of the whole run.
    """
    match schedule:
        case "constant":
            return peak
        case "cosine":
            return _half_cosine(peak, 0.0, step / total_steps)
        case "one-cycle":
            start = peak / _START_DIVISOR
            end_of_rise = _RISE * (total_steps + 1) - 1
            if step <= end_of_rise:
                return _half_cosine(start, peak, step / end_of_rise)
            fall = (step - end_of_rise) / (total_steps - end_of_rise)
            return _half_cosine(peak, start / _END_DIVISOR, fall)


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def make_average(config: RunConfig, model: nn.Module) -> AveragedModel | None:
    """The exponential moving average of the weights, or None where it is off."""
    if not config.ema_decay:
        return None
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay))

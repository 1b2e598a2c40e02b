"""The optimiser, the learning rate schedule and the moving average of the weights."""

import copy
import inspect
import math
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ..config.schema import RunConfig, Schedule
from ..network.classifier import SequenceClassifier

_RISE_FRACTION = 0.3
_START_DIVISOR = 25.0
_END_DIVISOR = 1e4

_Kind = TypeVar("_Kind", bound=Optimizer)


def _without_compiler(kind: type[_Kind]) -> type[_Kind]:
    """Return the same optimiser without PyTorch's wrappers for `torch.compile`.

    Their first call imports the compiler, which is never used here and takes as long as PyTorch
    itself: two seconds at the start of each run. `step` has one that computes without gradients.
    """
    names = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in names}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return cast("type[_Kind]", type(kind.__name__, (kind,), {**methods, "step": step}))


_Adam = _without_compiler(Adam)
_AdamW = _without_compiler(AdamW)
_SGD = _without_compiler(SGD)


def make_optimizer(config: RunConfig, model: nn.Module) -> Optimizer:
    """Create the optimiser; fused, which on a CPU saves several milliseconds per step.

    On CUDA the learning rate is a tensor on the device, so that a CUDA graph can read it.
    """
    weights = list(model.parameters())
    device = weights[0].device
    rate: float | Tensor = config.learning_rate
    is_fused = device.type in {"cpu", "cuda"}
    options: dict[str, Any] = {"weight_decay": config.weight_decay, "fused": is_fused}
    if device.type == "cuda":
        rate = torch.tensor(rate, device=device)
    match config.optimizer:
        case "adam":
            return _Adam(weights, rate, capturable=device.type == "cuda", **options)
        case "adamw":
            return _AdamW(weights, rate, capturable=device.type == "cuda", **options)
        case "sgd":
            return _SGD(weights, rate, momentum=0.9, nesterov=True, **options)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def state_names(config: RunConfig) -> tuple[str, ...]:
    """What the optimiser keeps of each parameter, once it has taken a step."""
    return ("momentum_buffer",) if config.optimizer == "sgd" else ("step", "exp_avg", "exp_avg_sq")


def optimizer_state(optimizer: Optimizer) -> dict[str, Tensor]:
    """What an optimiser keeps, by the number of the parameter and its name, such as '0.exp_avg'."""
    return {
        f"{number}.{name}": value
        for number, kept in optimizer.state_dict()["state"].items()
        for name, value in kept.items()
    }


def load_optimizer_state(optimizer: Optimizer, state: Mapping[str, Tensor]) -> None:
    """Replace what an optimiser keeps; its options stay its own.

    Args:
        optimizer: The optimiser.
        state: Of the same network, as from `optimizer_state`; empty before the first step.
    """
    kept: dict[int, dict[str, Tensor]] = {}
    for full, value in state.items():
        number, name = full.split(".")
        kept.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": kept, "param_groups": groups})


def learning_rate_at(schedule: Schedule, peak: float, step: int, total_steps: int) -> float:
    """Return the learning rate of a step: a function of the step only, so it has no state.

    `cosine` falls from the peak towards 0 along half a cosine (Loshchilov and Hutter 2017).
    `one-cycle` rises from 1/25 of the peak over the first 30 % of the run and then falls to
    1/250,000 of it, both along half a cosine (Smith and Topin 2018), with PyTorch's constants.
    The run's first step is number 0.
    """
    match schedule:
        case "constant":
            return peak
        case "cosine":
            return _half_cosine(peak, 0.0, step / total_steps)
        case "one-cycle":
            start = peak / _START_DIVISOR
            end_of_rise = _RISE_FRACTION * (total_steps + 1) - 1
            if step <= end_of_rise:
                return _half_cosine(start, peak, step / end_of_rise)
            fall = (step - end_of_rise) / (total_steps - end_of_rise)
            return _half_cosine(peak, start / _END_DIVISOR, fall)


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def make_averaged_model(config: RunConfig, model: SequenceClassifier) -> SequenceClassifier | None:
    """Create the network that holds the moving average of the weights; None if it is off."""
    if not config.ema_decay:
        return None
    average = copy.deepcopy(model).requires_grad_(False)
    average.flatten_parameters()
    return average


def update_averaged_model(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Update the exponential moving average: decay · average + (1 - decay) · weights.

    PyTorch's `AveragedModel` does the same, but synchronises with the device at every step to
    check whether it is the first.
    """
    get_ema_multi_avg_fn(decay)(list(average.parameters()), list(model.parameters()), None)

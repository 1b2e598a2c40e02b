"""The update rule, the learning rate's course and the averaged weights of a run."""

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .config import RunConfig


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


def make_schedule(config: RunConfig, optimizer: Optimizer, total_steps: int) -> LRScheduler:
    """The learning rate's course over all steps of the run; stepped once a step."""
    match config.schedule:
        case "constant":
            return ConstantLR(optimizer, factor=1.0, total_iters=0)
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=total_steps)
        case "one-cycle":
            # it is asked once more, after the last step
            steps = total_steps + 1
            return OneCycleLR(optimizer, config.learning_rate, steps, cycle_momentum=False)


def make_average(config: RunConfig, model: nn.Module) -> AveragedModel | None:
    """The exponential moving average of the weights, or None where it is off."""
    if not config.ema_decay:
        return None
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay))

"""What the training loop tells of itself, without waiting for the device to say it."""

import math
import time
from typing import Any

import torch
from torch import Tensor

from ..errors import NonFiniteLossError
from ..events import Emit, Progress

NON_FINITE_ADVICE = (
    "Lower learning_rate, or set clip_norm = 1; with precision = bfloat16, float32 may help too."
)
"""What to do about a loss that is not finite."""
REPORT_SECONDS = 0.25
"""Time between two progress events, whatever the step rate; the very first comes at once."""


class Meter:
    """Collects losses and counts on the device and reports them a few times a second.

    On a GPU a report copies the losses in the background and is sent when they have arrived,
    at a later step: the queue of the device never runs dry for the sake of a number.

    Args:
        emit: Takes the `Progress` events.
        device: Where the losses are.
    """

    def __init__(self, emit: Emit, device: torch.device) -> None:
        self._emit = emit
        self._device = device
        self._pending: _Pending | None = None
        self._position = (0, 0, 0.0)
        self._patience = 0.0
        self.start_epoch()

    def start_epoch(self) -> None:
        """Start counting an epoch; time before this call is not training time."""
        self.resume_epoch()
        self.total = 0
        self.correct = torch.zeros((), dtype=torch.int64, device=self._device)
        self.loss_sum = torch.zeros((), device=self._device)

    def resume_epoch(self) -> None:
        """Go on counting an epoch; time before this call is not training time."""
        self._losses: list[Tensor] = []
        self._samples = 0
        self._since = time.perf_counter()

    def leave_out(self, seconds: float) -> None:
        """Do not count some time that has just passed: somebody paused the run."""
        self._since += seconds

    def state(self) -> dict[str, Any]:
        """What the epoch has counted so far, for a checkpoint; `flush` first."""
        return {
            "total": self.total,
            "correct": self.correct.cpu(),
            "loss_sum": self.loss_sum.cpu(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on counting from a saved state."""
        self.total = int(state["total"])
        self.correct.copy_(state["correct"])
        self.loss_sum.copy_(state["loss_sum"])

    def add(
        self, loss: Tensor, correct: Tensor, samples: int, *, epoch: int, step: int, rate: float
    ) -> None:
        """Count one step; report if it is time.

        Args:
            loss: Mean loss of the step's images, on the device.
            correct: How many of them were classified rightly, on the device.
            samples: Number of images.
            epoch: The step's epoch.
            step: The step's number in the run, from 1.
            rate: The step's learning rate.

        Raises:
            NonFiniteLossError: One of the reported losses is nan or infinite.
        """
        self._losses.append(loss)
        self.loss_sum += loss * samples
        self.correct += correct
        self.total += samples
        self._samples += samples
        self._position = (epoch, step, rate)
        self._send(wait=False)
        if time.perf_counter() - self._since >= self._patience and self._pending is None:
            self._ask()
            self._send(wait=self._device.type != "cuda")

    def flush(self) -> None:
        """Report what is left; waits for the device.

        Raises:
            NonFiniteLossError: One of the reported losses is nan or infinite.
        """
        self._send(wait=True)
        if self._losses:
            self._ask()
            self._send(wait=True)

    def _ask(self) -> None:
        """Begin to bring the collected losses over."""
        self._patience = REPORT_SECONDS
        now = time.perf_counter()
        speed = self._samples / (now - self._since)
        self._pending = _Pending(self._losses, *self._position, speed)
        self._losses, self._samples, self._since = [], 0, now

    def _send(self, *, wait: bool) -> None:
        """Report the losses that were asked for, if they are here."""
        if self._pending and (wait or self._pending.has_arrived()):
            pending, self._pending = self._pending, None
            event = pending.event()
            self._emit(event)
            _check_finite(event)


class _Pending:
    """Losses on their way from the device."""

    def __init__(
        self, losses: list[Tensor], epoch: int, step: int, rate: float, speed: float
    ) -> None:
        self._facts = (epoch, step, rate, speed)
        stacked = torch.stack(losses)
        if stacked.is_cuda:
            self._host = torch.empty(len(losses), dtype=stacked.dtype, pin_memory=True)
            self._host.copy_(stacked, non_blocking=True)
            self._copied: torch.cuda.Event | None = torch.cuda.Event()
            self._copied.record()
        else:
            self._host, self._copied = stacked, None

    def has_arrived(self) -> bool:
        return self._copied is None or self._copied.query()

    def event(self) -> Progress:
        if self._copied:
            self._copied.synchronize()
        epoch, step, rate, speed = self._facts
        return Progress(
            epoch=epoch,
            step=step,
            losses=self._host.tolist(),
            learning_rate=rate,
            samples_per_second=speed,
        )


def _check_finite(event: Progress) -> None:
    for index, loss in enumerate(event.losses):
        if loss is None or not math.isfinite(loss):
            step = event.step - len(event.losses) + 1 + index
            raise NonFiniteLossError(
                f"The loss became {loss} at step {step} (epoch {event.epoch}, "
                f"learning rate {event.learning_rate:g}).",
                NON_FINITE_ADVICE,
            )

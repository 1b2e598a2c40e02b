"""Losses, accuracy and speed of the training loop, reported without waiting for the device."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..compute.usage import DeviceUsage
from ..errors import NonFiniteLossError
from ..events import Emit, Progress

NON_FINITE_ADVICE = (
    "Lower learning_rate, or set clip_norm = 1; with precision = bfloat16, float32 may help too."
)
"""What to do about a loss that is not finite."""
_MOST_STEPS_AHEAD = 8
"""Steps launched on a GPU and not yet computed: a stop waits for them, and so do all times."""
REPORT_SECONDS = 0.25
"""Time between two progress events; the first is sent after the first step."""


class Meter:
    """Collects losses and counts on the device and reports them a few times a second.

    On a CUDA GPU the losses of a report are copied to the host asynchronously, and the report is
    sent at a later step, when the copy is complete. No step waits for the one before it, only for
    the eighth before it.
    """

    def __init__(self, emit: Emit, device: torch.device) -> None:
        self._emit = emit
        self._device = device
        self._gradient_norm: Callable[[], Tensor] | None = None
        self._usage = DeviceUsage(device)
        self._pending: _PendingReport | None = None
        self._launched: deque[torch.cuda.Event] = deque()
        self._last_step = (0, 0, 0.0)
        self._report_interval = 0.0
        self.start_epoch()

    def start_epoch(self) -> None:
        """Start counting an epoch; time before this call is not training time."""
        self.resume_epoch()
        self.total = 0
        self.correct = torch.zeros((), dtype=torch.int64, device=self._device)
        self.loss_sum = torch.zeros((), device=self._device)

    def resume_epoch(self) -> None:
        """Continue counting an epoch; time before this call is not training time."""
        self._losses: list[Tensor] = []
        self._samples = 0
        self._interval_start = time.perf_counter()

    def exclude_time(self, seconds: float) -> None:
        """Exclude the time that has just passed, in which the run was paused."""
        self._interval_start += seconds

    def tensors(self) -> dict[str, Tensor]:
        """The counts of the epoch so far besides `total`, for a checkpoint; call `flush` first."""
        return {"correct": self.correct, "loss_sum": self.loss_sum}

    def restore(self, tensors: Mapping[str, Tensor], total: int) -> None:
        """Continue counting from a saved state."""
        self.total = total
        self.correct.copy_(tensors["correct"])
        self.loss_sum.copy_(tensors["loss_sum"])

    def add(
        self,
        loss: Tensor,
        correct: Tensor,
        samples: int,
        gradient_norm: Callable[[], Tensor] | None = None,
        *,
        epoch: int,
        step: int,
        rate: float,
    ) -> None:
        """Count one step, number `step` of the run from 1, and send a report if it is due.

        `loss`, the mean of the step's sequences, and `correct`, a count, are on the device, and so
        is the result of `gradient_norm`, which is asked for the last step of a report only.

        Raises:
            NonFiniteLossError: One of the reported losses is nan or infinite.
        """
        self._losses.append(loss)
        self.loss_sum += loss * samples
        self.correct += correct
        self.total += samples
        self._samples += samples
        self._last_step, self._gradient_norm = (epoch, step, rate), gradient_norm
        if self._device.type == "cuda":
            self._wait_for_earlier_step()
        self._send_report(wait=False)
        elapsed = time.perf_counter() - self._interval_start
        if elapsed >= self._report_interval and self._pending is None:
            self._start_report()
            self._send_report(wait=self._device.type != "cuda")

    def flush(self) -> None:
        """Report the remaining steps; waits for the device.

        Raises:
            NonFiniteLossError: One of the reported losses is nan or infinite.
        """
        self._send_report(wait=True)
        if self._losses:
            self._start_report()
            self._send_report(wait=True)

    def _wait_for_earlier_step(self) -> None:
        event = torch.cuda.Event(blocking=True)  # its waiting needs no processor
        event.record()
        self._launched.append(event)
        if len(self._launched) > _MOST_STEPS_AHEAD:
            self._launched.popleft().synchronize()

    def _start_report(self) -> None:
        """Start to copy the collected losses to the host."""
        self._report_interval = REPORT_SECONDS
        now = time.perf_counter()
        speed = self._samples / (now - self._interval_start)
        norm = [self._gradient_norm()] if self._gradient_norm else []
        self._pending = _PendingReport(
            self._losses, norm, *self._last_step, speed, self._usage.read()
        )
        self._losses, self._samples, self._interval_start = [], 0, now

    def _send_report(self, *, wait: bool) -> None:
        """Send the pending report if its losses are on the host."""
        if self._pending and (wait or self._pending.is_copied()):
            pending, self._pending = self._pending, None
            event = pending.event()
            self._emit(event)
            _check_finite(event)


class _PendingReport:
    """A report whose losses and gradient norm are being copied from the device to the host."""

    def __init__(
        self,
        losses: list[Tensor],
        norm: list[Tensor],
        epoch: int,
        step: int,
        rate: float,
        speed: float,
        usage: float | None,
    ) -> None:
        self._epoch, self._step, self._rate, self._speed = epoch, step, rate, speed
        self._usage, self._num_losses = usage, len(losses)
        stacked = torch.stack([*losses, *(it.to(losses[0].dtype) for it in norm)])
        if stacked.is_cuda:
            self._host = torch.empty(len(stacked), dtype=stacked.dtype, pin_memory=True)
            self._host.copy_(stacked, non_blocking=True)
            self._copied: torch.cuda.Event | None = torch.cuda.Event()
            self._copied.record()
        else:
            self._host, self._copied = stacked, None

    def is_copied(self) -> bool:
        return self._copied is None or self._copied.query()

    def event(self) -> Progress:
        if self._copied:
            self._copied.synchronize()
        numbers = self._host.tolist()
        norm = numbers[self._num_losses :]
        return Progress(
            epoch=self._epoch,
            step=self._step,
            losses=numbers[: self._num_losses],
            learning_rate=self._rate,
            samples_per_second=self._speed,
            gradient_norm=norm[0] if norm and math.isfinite(norm[0]) else None,
            device_usage=self._usage,
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

"""What ends a run before its time, as an event and in words."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from ..errors import BilstmError, OutOfMemoryError
from ..events import Emit, Failed
from ..network.cost import BYTES_A_PARAMETER

_LAST_LINES = 12
_GIB = 2**30


@contextmanager
def report_failures(emit: Emit) -> Iterator[None]:
    """Tell of a failure in an event before it goes up."""
    try:
        yield
    except BilstmError as error:
        emit(failed_event(error))
        raise
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            emit(_defect(error))
            raise
        failure = _out_of_memory(error)
        emit(failed_event(failure))
        raise failure from None
    except BrokenPipeError:  # whoever takes the events has gone
        raise
    except Exception as error:
        emit(_defect(error))
        raise


def failed_event(error: BilstmError, details: str = "") -> Failed:
    """A failure in words as an event."""
    return Failed(
        title=error.title,
        message=error.message,
        advice=error.advice,
        exit_code=error.exit_code,
        details=details,
    )


def _defect(error: Exception) -> Failed:
    words = BilstmError(f"{type(error).__name__}: {error}", "This is a defect; please report it.")
    trace = "".join(traceback.format_exception(error)).splitlines()
    return failed_event(words, details="\n".join(trace[-_LAST_LINES:]))


def _is_out_of_memory(error: RuntimeError) -> bool:
    # the CPU's allocator has no exception class of its own
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _out_of_memory(error: RuntimeError) -> OutOfMemoryError:
    return OutOfMemoryError(
        _what_was_asked(str(error)), "Lower batch_size first, then hidden_size."
    )


def _what_was_asked(message: str) -> str:
    """What was asked for and what was free, from PyTorch's message where it says so."""
    asked = re.search(r"[Tt]ried to allocate ([\d.]+ ?\w+)", message)
    free = re.search(r"of which ([\d.]+ ?\w+) is free", message)
    if asked and free:
        return f"{asked[1]} more were asked for on the GPU, and {free[1]} were free."
    on_cpu = re.search(r"tried to allocate (\d+) bytes", message)
    if on_cpu:
        available = psutil.virtual_memory().available / _GIB
        return (
            f"{int(on_cpu[1]) / _GIB:,.1f} GiB more were asked for, and about "
            f"{available:,.1f} GiB were free."
        )
    return message.splitlines()[0]


def require_memory(parameters: int, device: torch.device) -> None:
    """Refuse a network that cannot fit: the kernel would end the process without a word.

    Raises:
        OutOfMemoryError: The processor's memory is too small for them.
    """
    needed, free = BYTES_A_PARAMETER * parameters, psutil.virtual_memory().available
    if device.type == "cpu" and needed > free:
        raise OutOfMemoryError(
            f"{parameters:,} parameters need {needed / 2**30:,.1f} GiB to be trained, and "
            f"{free / 2**30:,.1f} GiB are free.",
            "Lower hidden_size first, then num_layers.",
        )

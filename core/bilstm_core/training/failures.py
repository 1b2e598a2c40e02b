"""Failures of a run in words: as errors, and as the event that reports them."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from ..config.schema import RunConfig
from ..data.spec import DataSpec
from ..errors import BilstmError, OutOfMemoryError, imports_in_words
from ..events import Emit, Failed
from ..network.cost import parameter_bytes
from ..network.summary import summarise

_LAST_LINES = 12
_GIB = 2**30
_OUT_OF_MEMORY = re.compile(r"can't allocate memory|bad_alloc|out of memory|_ALLOC_FAILED")
"""In messages of the CPU's allocator, C++, CUDA, cuBLAS and cuDNN, which are RuntimeErrors."""


@contextmanager
def report_failures(emit: Emit) -> Iterator[None]:
    """Emit a `Failed` event for an error before it is raised further."""
    try:
        with imports_in_words():
            yield
    except BilstmError as error:
        emit(Failed.from_error(error))
        raise
    except BrokenPipeError:  # the reader of the events has exited
        raise
    except Exception as error:
        emit(_internal_error(error))
        raise


def _internal_error(error: Exception) -> Failed:
    words = BilstmError(f"{type(error).__name__}: {error}", "Please report this internal error.")
    trace = "".join(traceback.format_exception(error)).splitlines()
    return Failed.from_error(words, details="\n".join(trace[-_LAST_LINES:]))


@contextmanager
def out_of_memory_in_words() -> Iterator[None]:
    """Raise an `OutOfMemoryError` where Python or PyTorch reports that memory ran out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        is_known = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if is_known or _OUT_OF_MEMORY.search(str(error)):
            raise OutOfMemoryError(
                _what_was_asked(str(error)), "Lower batch_size first, then hidden_size."
            ) from None
        raise


def _what_was_asked(message: str) -> str:
    """What was asked for and what was free, from PyTorch's message where it says so."""
    asked = re.search(r"[Tt]ried to allocate ([\d.]+ ?\w+)", message)
    free = re.search(r"of which ([\d.]+ ?\w+) is free", message)
    if asked and free:
        return f"{asked[1]} more were asked for on the GPU, and {free[1]} were free."
    on_cpu = re.search(r"tried to allocate (\d+) bytes", message)
    if on_cpu:
        needed, available = int(on_cpu[1]) / _GIB, psutil.virtual_memory().available / _GIB
        limit = " This process may use less, as `ulimit -v` shows." if needed < available else ""
        return (
            f"{needed:,.1f} GiB more were asked for, and about {available:,.1f} GiB were free."
            f"{limit}"
        )
    return next(iter(message.splitlines()), "Memory ran out.")


def require_memory(config: RunConfig, spec: DataSpec, device: torch.device) -> None:
    """Refuse a network that cannot fit: the kernel would kill the process.

    Raises:
        OutOfMemoryError: The processor's memory is too small for it.
    """
    needed, free = parameter_bytes(config, spec), psutil.virtual_memory().available
    if device.type == "cpu" and needed > free:
        parameters = summarise(config, spec).parameters
        raise OutOfMemoryError(
            f"Training {parameters:,} parameters needs {needed / _GIB:,.1f} GiB, and "
            f"{free / _GIB:,.1f} GiB are free.",
            f"Lower {'lanes or ' if config.lanes > 1 else ''}hidden_size first, then num_layers.",
        )

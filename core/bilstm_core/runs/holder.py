"""The process that holds a run, as its lock file names it; the file is untrusted input."""

import os
import re
import socket
import time as clock
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..files import read_bytes

HEARTBEAT_SECONDS = 1.0
"""How often the holder touches the lock file."""
_FRESH_SECONDS = 15.0
"""A heartbeat that is older is a process that has ended; the clocks of two machines may differ."""
_SAME_START_SECONDS = 2.0
"""The system's boot time, from which start times are reckoned, may move when its clock is set."""
_MOST_BYTES = 4096


class Holder(BaseModel):
    """A process, from when it locked a run until it released it.

    Attributes:
        started: When the process was started, in seconds since 1970; tells it from a later one
            with its number.
        time: When it locked the run, in seconds since 1970.
        is_released: Whether it has released the run.
    """

    model_config = ConfigDict(frozen=True)

    pid: Annotated[int, Field(gt=0, lt=2**31)]
    host: Annotated[str, Field(max_length=255, pattern=r"^[\w.:-]*$")]
    started: Annotated[float, Field(allow_inf_nan=False)]
    time: Annotated[float, Field(allow_inf_nan=False)]
    is_released: bool = False

    @classmethod
    def this_process(cls) -> "Holder":
        """This process, now."""
        pid = os.getpid()
        return cls(pid=pid, host=this_host(), started=_started(pid) or 0.0, time=clock.time())

    @property
    def is_on_this_host(self) -> bool:
        """Whether it is or was a process of this machine."""
        return self.host == this_host()

    @property
    def is_running(self) -> bool:
        """Whether the process, on this machine, has not ended."""
        started = _started(self.pid)
        return started is not None and abs(started - self.started) < _SAME_START_SECONDS

    def seems_alive(self, heartbeat: float) -> bool:
        """Whether the process still holds the run, by its last heartbeat if it is on another host.

        Args:
            heartbeat: Modification time of the lock file.
        """
        if self.is_on_this_host:
            return self.is_running
        return abs(clock.time() - heartbeat) < _FRESH_SECONDS


def read_holder(lock_file: Path) -> Holder | None:
    """The holder that a lock file names; None if it names none that still holds the run."""
    content = read_bytes(lock_file, 0, _MOST_BYTES)
    if content.endswith(b'"is_released":true}'):  # as of nearly all runs in a long list
        return None
    try:
        holder = Holder.model_validate_json(content)
    except ValueError:
        return None
    return None if holder.is_released else holder


def this_host() -> str:
    """The name of this machine, of harmless characters only."""
    return re.sub(r"[^\w.:-]", "", socket.gethostname())


def _started(pid: int) -> float | None:
    """When a process of this machine was started; None if there is none of this number."""
    import psutil  # deferred: most locks name no process

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None

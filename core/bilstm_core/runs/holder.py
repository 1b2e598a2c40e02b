"""The process that holds a run, as its lock file names it; the file is untrusted input."""

import os
import re
import socket
import time as clock
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..files import inode_of, read_bytes

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
        boot: Of the machine since its start, where the system tells; names may be equal.
        inode: Of the lock file: a copy of the file names nobody.
        is_released: Whether it has released the run.
    """

    model_config = ConfigDict(frozen=True)

    pid: Annotated[int, Field(gt=0, lt=2**31)]
    host: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9_.:-]*$")]
    started: Annotated[float, Field(allow_inf_nan=False)]
    time: Annotated[float, Field(allow_inf_nan=False)]
    boot: Annotated[str, Field(max_length=64, pattern=r"^[\w-]*$")] = ""
    inode: int = 0
    is_released: bool = False

    @classmethod
    def this_process(cls, inode: int) -> "Holder":
        """This process, now, with the inode of the lock file."""
        pid = os.getpid()
        return cls(
            pid=pid,
            host=this_host(),
            started=_started(pid) or 0.0,
            time=clock.time(),
            boot=_boot(),
            inode=inode,
        )

    @property
    def is_on_this_host(self) -> bool:
        """Whether it is or was a process of this machine."""
        return (self.host, self.boot) == (this_host(), _boot())

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
    is_copy = holder.inode != inode_of(lock_file)
    return None if holder.is_released or is_copy else holder


def this_host() -> str:
    """The name of this machine, of harmless characters only."""
    return re.sub(r"[^\w.:-]", "", socket.gethostname(), flags=re.ASCII)


@cache
def _boot() -> str:
    """The number that Linux gives itself at each start; empty on other systems."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _started(pid: int) -> float | None:
    """When a process of this machine was started; None if there is none of this number."""
    import psutil  # deferred: most locks name no process

    try:
        process = psutil.Process(pid)
        has_ended = process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        return None if has_ended else process.create_time()
    except psutil.Error:
        return None

"""A process of a helper, forked where torch is imported already."""

import os
import socket
import sys

from bilstm_core.runs import holder
from bilstm_core.sweeps import worker


def main(host: str, arguments: list[str]) -> None:
    """Train trials as a process that takes itself for one on another machine."""
    os.setsid()
    socket.gethostname = lambda: host
    holder._boot.cache_clear()
    holder._boot = lambda: host  # type: ignore[assignment]
    sys.argv[1:] = arguments
    sys.exit(worker.main())

"""How a run is asked to stop: a question that everything slow asks often."""

from collections.abc import Callable

ShouldStop = Callable[[], bool]
"""Answers whether somebody asked the run to stop; cheap enough to ask at every step."""


class RunStopped(Exception):  # noqa: N818 - no error: what was asked for happened
    """Raised where a run notices that it should stop."""


def stop_if(should_stop: ShouldStop) -> None:
    """Raise `RunStopped` if the run was asked to stop."""
    if should_stop():
        raise RunStopped

"""How anything slow is asked to stop: a question that it asks often."""

from collections.abc import Callable
from enum import IntEnum


class Stop(IntEnum):
    """How a run is asked to stop; false where nobody asks. A plain True is `AT_ONCE`."""

    NO = 0
    AT_ONCE = 1
    """Finish the step and save a checkpoint."""
    CHECKED = 2
    """Then check the accuracy of what there is, too."""


ShouldStop = Callable[[], Stop | bool]
"""Answers whether somebody asked the run to stop; cheap enough to ask at every step."""


class RunStopped(Exception):  # noqa: N818 - no error: what was asked for happened
    """Raised where a run notices that it should stop."""


def stop_if(should_stop: ShouldStop) -> None:
    """Raise `RunStopped` if the run was asked to stop."""
    if should_stop():
        raise RunStopped

"""How a run, or anything else that is slow, is asked to stop: it asks often whether to."""

from collections.abc import Callable
from enum import IntEnum


class Stop(IntEnum):
    """Whether and how a run is asked to stop. A plain True is `AT_ONCE`."""

    NO = 0
    AT_ONCE = 1
    """Finish the step and save a checkpoint."""
    EVALUATED = 2
    """The same, then evaluate the model as it is."""


ShouldStop = Callable[[], Stop | bool]
"""Returns whether to stop; fast enough to call at every step."""


class RunStopped(Exception):  # noqa: N818 - not an error: the stop was asked for
    """Raised where a run is asked to stop."""


def stop_if(should_stop: ShouldStop) -> None:
    """Raise `RunStopped` if the run was asked to stop."""
    if should_stop():
        raise RunStopped

"""How often Python looks for garbage; to be set before PyTorch is imported."""

import atexit
import gc

_OBJECTS_BEFORE_COLLECTION = 100_000
"""Most of the objects that imports make are kept. With Python's 700, importing PyTorch takes 1.5 s
and not 1.2 s, and to load the command line takes 0.1 s longer."""


def collect_rarely() -> None:
    """Look for garbage after many objects, and no more when the process exits.

    A process that has imported PyTorch would look through all of its objects then, for 0.3 s.
    """
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    atexit.register(gc.freeze)

"""How often Python looks for garbage; to be set before PyTorch is imported."""

import atexit
import gc

_WHILE_IMPORTING = 100_000
"""Most of the objects that imports make are kept. With Python's 700, importing PyTorch takes 1.5 s
and not 1.2 s, and to load the command line takes 0.1 s longer."""

_WHILE_KEYS_ARE_ANSWERED = 20_000
"""A key of the app makes about 6,000 objects. To look through 100,000 takes 0.1 s, which the answer
to every 17th key would wait for; with 20,000 and nothing from the imports among them it is 0.02 s.
"""


def collect_rarely() -> None:
    """Look for garbage after many objects, and no more when the process exits.

    A process that has imported PyTorch would look through all of its objects then, for 0.3 s.
    """
    gc.set_threshold(_WHILE_IMPORTING)
    atexit.register(gc.freeze)


def collect_in_small_pieces() -> None:
    """Look through few objects at a time, and never again through those that there are now."""
    gc.freeze()
    gc.set_threshold(_WHILE_KEYS_ARE_ANSWERED)

"""The installed command, also `python -m bilstm_tui`."""

import gc
import os
import sys

_OBJECTS_BEFORE_COLLECTION = 100_000
"""Loading makes so many that stay: with Python's 700 it takes a tenth of a second longer."""

_FRAMES_PER_SECOND = "250"
"""What a key changed is drawn with the next frame: with Textual's 60 it waits up to 17 ms."""


def main() -> None:
    """Run the command line; Ctrl-C is no traceback, even while it loads."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_PER_SECOND)
    try:
        from .cli.main import run
        from .text.console import tolerate_missing_streams

        tolerate_missing_streams()
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

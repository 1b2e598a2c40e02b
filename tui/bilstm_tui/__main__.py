"""The installed command, also `python -m bilstm_tui`."""

import gc
import os
import sys

_OBJECTS_BEFORE_COLLECTION = 100_000
"""With Python's 700, loading takes 0.1 s longer: most of the objects that it makes are kept."""

_FRAMES_PER_SECOND = "250"
"""The effect of a key is drawn in the next frame: up to 17 ms later at Textual's default of 60."""


def main() -> None:
    """Run the command line; Ctrl-C never shows a traceback, not even during loading."""
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

"""The installed command, also `python -m bilstm_tui`."""

import os
import sys

from bilstm_core.compute.garbage import collect_rarely

_FRAMES_PER_SECOND = "250"
"""The effect of a key is drawn in the next frame: up to 17 ms later at Textual's default of 60."""


def main() -> None:
    """Run the command line; Ctrl-C never shows a traceback, not even during loading."""
    collect_rarely()
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

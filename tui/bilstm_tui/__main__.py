"""The installed command, also `python -m bilstm_tui`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C is no traceback, even while it loads."""
    try:
        from .cli import run
        from .output import make_streams_forgiving

        make_streams_forgiving()
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

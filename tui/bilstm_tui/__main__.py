"""`python -m bilstm_tui`."""

from .cli import main

main()

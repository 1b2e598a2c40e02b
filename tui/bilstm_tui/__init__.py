"""The face of bilstm-tui: command line, headless output and screens; it never imports torch."""

"""The run directory: its files, lock, log, and what they say of a run."""

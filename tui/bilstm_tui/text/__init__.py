"""Runs in words, for terminals and logs."""

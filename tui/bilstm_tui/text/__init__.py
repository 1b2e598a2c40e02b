"""Runs, failures and numbers as text."""

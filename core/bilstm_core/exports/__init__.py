"""Runs for other programs: curves and tables made of their events, networks of their weights."""

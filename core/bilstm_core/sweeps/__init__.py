"""Searches over settings: many runs, the best of which is wanted; Optuna chooses them."""

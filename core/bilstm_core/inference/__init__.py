"""A trained network in use: prediction and examination."""

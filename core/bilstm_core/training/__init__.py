"""The training loop and what it needs: preparation, steps, checkpoints, evaluation."""

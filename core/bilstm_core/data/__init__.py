"""Data sets: their description, their tensors, batches, and the files they come from."""

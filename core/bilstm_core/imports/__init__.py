"""Networks that other programs trained, as runs."""
